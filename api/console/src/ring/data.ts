/** What the ring page reads, each part for itself, so that one slow answer holds up no other. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { busyFrom } from "../pure/bars";
import { client, got } from "../wire/client";

export const iso = (at: number | null): string | undefined =>
  at === null ? undefined : new Date(at * 1000).toISOString();

export interface Window {
  from: number | null;
  to: number | null;
}

export function useRing(id: string, asOf?: string) {
  return useQuery({
    queryKey: ["ring", id, "detail", asOf ?? null],
    queryFn: ({ signal }) =>
      got(
        client.GET("/v1/rings/{ring_id}", {
          params: { path: { ring_id: id }, query: { as_of: asOf } },
          signal,
        }),
      ),
    // The same ring of another moment stands until it is read; another ring never does.
    placeholderData: (held, before) => (before?.queryKey[1] === id ? held : undefined),
  });
}

const ROWS = 500;

export function useShared(id: string, asOf?: string) {
  return useInfiniteQuery({
    queryKey: ["ring", id, "shared", asOf ?? null],
    queryFn: ({ signal, pageParam }) =>
      got(
        client.GET("/v1/rings/{ring_id}/shared", {
          params: { path: { ring_id: id }, query: { cursor: pageParam ?? undefined, as_of: asOf } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    maxPages: ROWS,
  });
}

function useBuckets(id: string, from: number | null, asOf: string | undefined, enabled = true) {
  return useQuery({
    queryKey: ["ring", id, "timeline", from, asOf ?? null],
    enabled,
    queryFn: ({ signal }) =>
      got(
        client.GET("/v1/rings/{ring_id}/timeline", {
          params: { path: { ring_id: id }, query: { buckets: BUCKETS, from: iso(from), as_of: asOf } },
          signal,
        }),
      ),
  });
}

/** The whole time, and the busy part of it in finer steps when nearly all happened there. */
export function useTimeline(id: string, asOf?: string) {
  const whole = useBuckets(id, null, asOf);
  const busy = whole.data ? busyFrom(whole.data) : null;
  const fine = useBuckets(id, busy?.from ?? null, asOf, busy !== null);
  return { whole, busy: busy && fine.data ? { timeline: fine.data, before: busy.before } : null };
}

const BUCKETS = 144;

interface Detail {
  all: boolean;
  /** How many alike accounts make a group; null leaves it to the service. */
  least: number | null;
}

export function useGraph(id: string, { all, least }: Detail, window: Window, asOf?: string, enabled = true) {
  return useQuery({
    enabled,
    queryKey: ["ring", id, "graph", all || (least ?? "grouped"), window.from, window.to, asOf ?? null],
    queryFn: ({ signal }) =>
      got(
        client.GET("/v1/rings/{ring_id}/graph", {
          params: {
            path: { ring_id: id },
            query: {
              detail: all ? "all" : "grouped",
              group_least: all ? undefined : (least ?? undefined),
              from: iso(window.from),
              to: iso(window.to),
              as_of: asOf,
            },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

export function useAccounts(id: string, asOf?: string) {
  return useInfiniteQuery({
    queryKey: ["ring", id, "accounts", asOf ?? null],
    queryFn: ({ signal, pageParam }) =>
      got(
        client.GET("/v1/rings/{ring_id}/accounts", {
          params: { path: { ring_id: id }, query: { limit: 200, cursor: pageParam ?? undefined, as_of: asOf } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function useEvents(id: string, window: Window, asOf?: string) {
  return useInfiniteQuery({
    queryKey: ["ring", id, "events", window.from, window.to, asOf ?? null],
    queryFn: ({ signal, pageParam }) =>
      got(
        client.GET("/v1/rings/{ring_id}/events", {
          params: {
            path: { ring_id: id },
            query: {
              limit: 100,
              cursor: pageParam ?? undefined,
              from: iso(window.from),
              to: iso(window.to),
              as_of: asOf,
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

/** Every member, page by page. */
export async function membersOf(id: string) {
  const found = [];
  let cursor: string | undefined;
  do {
    const page = await got(
      client.GET("/v1/rings/{ring_id}/accounts", {
        params: { path: { ring_id: id }, query: { limit: 200, cursor } },
      }),
    );
    found.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return found;
}

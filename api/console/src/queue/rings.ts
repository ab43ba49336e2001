/** The queue's filters, as they stand in the URL, and the pages that answer to them. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { number, oneOf, text, type Values } from "../pure/url";
import { client, got } from "../wire/client";

export const KINDS = [
  "payment_method",
  "device",
  "ip",
  "subnet",
  "mailbox",
  "phone",
  "email_domain",
  "organisation",
  "prompt_cluster",
] as const;

export const FILTERS = {
  line: oneOf(["flagged", "all"] as const, "flagged"),
  status: oneOf(
    ["open", "confirmed", "dismissed", "snoozed", "watched", "acted", "any"] as const,
    "open",
  ),
  kind: text(40),
  assignee: text(80),
  age: oneOf(["any", "day", "week", "month", "older"] as const, "any"),
  min: number(0, 1),
  q: text(200),
  sort: oneOf(["score", "growth", "exchanges", "accounts", "last_seen", "first_seen"] as const, "score"),
};

export type Filters = Values<typeof FILTERS>;

const PAGE = 50;

export function queryOf(filters: Filters) {
  return {
    flagged: filters.line === "flagged" ? true : undefined,
    status: filters.status === "any" ? undefined : [filters.status],
    age: filters.age === "any" ? undefined : filters.age,
    kind: KINDS.find((kind) => kind === filters.kind),
    assignee: filters.assignee || undefined,
    min_score: filters.min ?? undefined,
    q: filters.q || undefined,
    sort: filters.sort,
    limit: PAGE,
  };
}

export function useRings(filters: Filters) {
  const query = queryOf(filters);
  return useInfiniteQuery({
    queryKey: ["rings", query],
    queryFn: ({ pageParam, signal }) =>
      got(
        client.GET("/v1/rings", {
          params: { query: { ...query, cursor: pageParam ?? undefined } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

/** How many groups there are in all, whatever their status. */
export function useTotal() {
  return useQuery({
    queryKey: ["rings", "total"],
    queryFn: async ({ signal }) =>
      (await got(client.GET("/v1/rings", { params: { query: { limit: 1 } }, signal }))).total,
  });
}

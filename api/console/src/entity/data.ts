/** What the entity page reads. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { client, got } from "../wire/client";

const at = (entity_id: string) => ({ path: { entity_id } });

export function useEntity(id: string) {
  return useQuery({
    queryKey: ["entity", id],
    queryFn: ({ signal }) =>
      got(client.GET("/v1/entities/{entity_id}", { params: at(id), signal })),
  });
}

export function useCoShared(id: string) {
  return useQuery({
    queryKey: ["entity", id, "shared"],
    queryFn: ({ signal }) =>
      got(client.GET("/v1/entities/{entity_id}/shared", { params: at(id), signal })),
  });
}

export interface Wanted {
  kind: string;
  flagged?: boolean;
  sharesWith?: string;
  coShared?: number;
  order?: "score" | "recent" | "degree";
}

const PAGE = 200;

export function useAround(id: string, { kind, flagged, sharesWith, coShared, order }: Wanted) {
  return useInfiniteQuery({
    queryKey: ["entity", id, "around", kind, flagged, sharesWith, coShared, order],
    enabled: kind !== "",
    queryFn: ({ signal, pageParam }) =>
      got(
        client.GET("/v1/entities/{entity_id}/neighbours", {
          params: {
            ...at(id),
            query: {
              kind: kind as "account",
              flagged,
              shares_with: sharesWith,
              co_shared: coShared,
              order,
              limit: PAGE,
              cursor: pageParam ?? undefined,
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function useEntityEvents(id: string) {
  return useInfiniteQuery({
    queryKey: ["entity", id, "events"],
    queryFn: ({ signal, pageParam }) =>
      got(
        client.GET("/v1/entities/{entity_id}/events", {
          params: { ...at(id), query: { limit: 50, cursor: pageParam ?? undefined } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

/** The ring before and after this one in the queue as it was last filtered. */
import { useQuery } from "@tanstack/react-query";
import { readParams } from "../pure/url";
import { lastFilters } from "../queue/kept";
import { FILTERS, queryOf } from "../queue/rings";
import { client, got } from "../wire/client";

const AROUND = 200;

export interface Around {
  previous: string | null;
  next: string | null;
  place: number | null;
  total: number;
}

export function useNeighbours(id: string): Around {
  const { values } = readParams(FILTERS, lastFilters());
  const query = { ...queryOf(values), limit: AROUND };
  const rings = useQuery({
    queryKey: ["rings", "around", query],
    queryFn: async ({ signal }) => got(client.GET("/v1/rings", { params: { query }, signal })),
    staleTime: 60_000,
  });
  const ids = rings.data?.items.map((ring) => ring.id) ?? [];
  const at = ids.indexOf(id);
  return {
    // A ring outside of the queue, or decided meanwhile, leads to the queue's first.
    next: at < 0 ? (ids.find((other) => other !== id) ?? null) : (ids[at + 1] ?? null),
    previous: at > 0 ? (ids[at - 1] ?? null) : null,
    place: at < 0 ? null : at + 1,
    total: rings.data?.total ?? 0,
  };
}

/** Replaying an exploration: each step asks the service once, and the picture of all is asked last. */
import { keepPreviousData, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { readFacet } from "../pure/facet";
import { after, CANVAS_MOST, EMPTY, type Scene } from "../pure/scene";
import type { Step } from "../pure/steps";
import { client, got } from "../wire/client";

const DRAWN_MOST = 600;
export const HOPS_MOST = 4;

export function useScene(seed: readonly string[], steps: readonly Step[]) {
  const cache = useQueryClient();
  return useQuery({
    queryKey: ["scene", seed, steps],
    enabled: seed.length > 0,
    placeholderData: keepPreviousData,
    queryFn: async () => {
      let scene: Scene = { ...EMPTY, ids: [...seed] };
      for (const step of steps) {
        const found = await foundBy(cache, step);
        scene = after(scene, step, found);
        if (scene.ids.length > CANVAS_MOST) return { ...scene, ids: scene.ids.slice(0, CANVAS_MOST) };
      }
      return scene;
    },
  });
}

/** The ids a step brings; the same step is asked once however often it is replayed. */
function foundBy(cache: QueryClient, step: Step): Promise<string[]> | string[] {
  if (step.do === "add") return step.ids;
  if (step.do === "expand") {
    return cache.fetchQuery({
      queryKey: ["step", step],
      staleTime: Number.POSITIVE_INFINITY,
      queryFn: async () => {
        const page = await neighboursOf(step.id, step.facet, step.limit);
        return page.nodes.map((node) => node.id).filter((id) => id !== step.id);
      },
    });
  }
  if (step.do === "path") {
    return cache.fetchQuery({
      queryKey: ["step", step],
      staleTime: Number.POSITIVE_INFINITY,
      queryFn: async () => {
        const found = await pathsBetween(step.from, step.to);
        return found.paths.flat();
      },
    });
  }
  return [];
}

export function pathsBetween(from: string, to: string) {
  return got(client.POST("/v1/graph/path", { body: { from, to, max_hops: HOPS_MOST, avoid_supernodes: true } }));
}

export function neighboursOf(id: string, facetText: string | undefined, limit: number) {
  const facet = readFacet(facetText);
  const near = facet.coShared && facet.near !== id ? facet.near : "";
  return got(
    client.GET("/v1/entities/{entity_id}/neighbours", {
      params: {
        path: { entity_id: id },
        query: {
          kind: (facet.kind || undefined) as "account" | undefined,
          flagged: facet.flagged || undefined,
          shares_with: near || undefined,
          co_shared: near ? facet.coShared : undefined,
          order: facet.order,
          limit,
        },
      },
    }),
  );
}

export function useFacets(id: string, facetText: string) {
  return useQuery({
    queryKey: ["facets", id, facetText],
    placeholderData: keepPreviousData,
    queryFn: () => neighboursOf(id, facetText, 1),
  });
}

export function usePicture(ids: readonly string[], asOf: string | undefined) {
  return useQuery({
    queryKey: ["subgraph", ids, asOf ?? null],
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      got(
        client.POST("/v1/graph/subgraph", {
          body: { ids: ids.slice(0, DRAWN_MOST), as_of: asOf ?? null },
          signal,
        }),
      ),
  });
}

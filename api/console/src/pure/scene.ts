/** Which entities an exploration shows, after all its steps; what each step found is handed in. */
import type { Step } from "./steps";

export interface Scene {
  ids: string[];
  pinned: string[];
  /** Sets drawn as one. */
  groups: string[][];
  /** How many each expansion added that were not there: "expand" that adds nothing says so. */
  added: number;
  /** How many the last step found, there already or not: a path that finds none says so. */
  found: number;
}

export const EMPTY: Scene = { ids: [], pinned: [], groups: [], added: 0, found: 0 };

/** `scene` after `step`; `found` are the ids that an expansion, a path or a search gave. */
export function after(scene: Scene, step: Step, found: readonly string[]): Scene {
  switch (step.do) {
    case "hide": {
      const gone = new Set(step.ids);
      return {
        ...scene,
        ids: scene.ids.filter((id) => !gone.has(id)),
        pinned: scene.pinned.filter((id) => !gone.has(id)),
        groups: scene.groups.map((group) => group.filter((id) => !gone.has(id))).filter((g) => g.length > 1),
        added: 0,
      };
    }
    case "pin":
      return { ...scene, pinned: toggled(scene.pinned, step.id), added: 0 };
    case "group":
      return { ...scene, groups: [...scene.groups, step.ids.filter((id) => scene.ids.includes(id))], added: 0 };
    default: {
      const fresh = [...new Set(found)].filter((id) => !scene.ids.includes(id));
      return { ...scene, ids: [...scene.ids, ...fresh], added: fresh.length, found: found.length };
    }
  }
}

function toggled(held: readonly string[], id: string): string[] {
  return held.includes(id) ? held.filter((other) => other !== id) : [...held, id];
}

export const CANVAS_WARN = 600;
export const CANVAS_MOST = 1500;

/** Groups drawn as one node: their members leave the picture, their ties are the group's. */
export function withGroups<N extends { id: string }, E extends { id: string; source: string; target: string; kind: string; count: number }>(
  graph: { nodes: readonly N[]; edges: readonly E[] },
  groups: readonly (readonly string[])[],
): { nodes: N[]; edges: E[]; groups: { id: string; members: string[] }[] } {
  const home = new Map<string, string>();
  const made = groups
    .map((members, n) => ({ id: `group:${n}`, members: members.filter((id) => graph.nodes.some((node) => node.id === id)) }))
    .filter((group) => group.members.length > 1);
  for (const group of made) for (const id of group.members) home.set(id, group.id);
  const seen = new Map<string, E>();
  for (const edge of graph.edges) {
    const source = home.get(edge.source) ?? edge.source;
    const target = home.get(edge.target) ?? edge.target;
    if (source === target) continue;
    const id = `${source}|${edge.kind}|${target}`;
    const held = seen.get(id);
    seen.set(id, { ...edge, id, source, target, count: (held?.count ?? 0) + edge.count });
  }
  return { nodes: graph.nodes.filter((node) => !home.has(node.id)), edges: [...seen.values()], groups: made };
}

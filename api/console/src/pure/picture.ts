/**
 * A subgraph of the wire as elements to draw, and the questions a picture must answer.
 *
 * Kept apart from the renderer: the same elements feed canvas, table and tests. Everything that is
 * left out stays counted.
 */
import { compact, kindName, shortKey } from "./format";

export interface Drawable {
  nodes: readonly {
    id: string;
    kind: string;
    label: string;
    degree: number;
    hidden: number;
    score?: number | null;
    status?: string | null;
    member?: boolean;
    supernode?: boolean;
    x?: number | null;
    y?: number | null;
  }[];
  groups?: readonly {
    id: string;
    label: string;
    member_count: number;
    member_ids_sample: readonly string[];
    signature: readonly string[];
    flagged?: number;
    x: number;
    y: number;
  }[];
  edges: readonly { id: string; source: string; target: string; kind: string; count: number; weak?: boolean }[];
  bundles?: readonly { id: string; of: string; kind: string; count: number; flagged: number; x?: number | null; y?: number | null }[];
}

export interface Element {
  id: string;
  kind: string;
  label: string;
  says: string;
  classes: string[];
  size: number;
  x: number | null;
  y: number | null;
}

export interface Tie {
  id: string;
  source: string;
  target: string;
  weak: boolean;
  width: number;
}

export interface Picture {
  elements: Element[];
  ties: Tie[];
}

export function pictureOf(graph: Drawable, hidden: readonly string[] = []): Picture {
  const shown = graph.nodes.filter((node) => !hidden.includes(node.kind) && !hidden.includes(node.id));
  const elements: Element[] = [
    ...shown.map(nodeElement),
    ...(graph.groups ?? []).filter((group) => !hidden.includes(group.id)).map(groupElement),
  ];
  const ids = new Set(elements.map((element) => element.id));
  const bundles = (graph.bundles ?? []).filter((bundle) => ids.has(bundle.of));
  elements.push(...bundles.map(bundleElement));
  const ties: Tie[] = graph.edges
    .filter((edge) => ids.has(edge.source) && ids.has(edge.target))
    .map((edge) => ({
      id: edge.id,
      source: edge.source,
      target: edge.target,
      weak: edge.weak ?? false,
      width: Math.min(2.4, 0.9 + Math.log10(Math.max(1, edge.count)) * 0.4),
    }));
  for (const bundle of bundles) {
    ties.push({ id: `${bundle.of}|${bundle.id}`, source: bundle.of, target: bundle.id, weak: true, width: 1 });
  }
  return { elements, ties };
}

function nodeElement(node: Drawable["nodes"][number]): Element {
  const account = node.kind === "account";
  const classes = [
    account ? "left" : "",
    node.supernode ? "super" : "",
    account && (node.score ?? 0) >= 0.9 ? "flagged" : "",
    node.status === "banned" ? "banned" : "",
  ].filter(Boolean);
  const short = shortKey(`:${node.label}`, node.supernode ? 9 : 15);
  const badge = node.supernode ? ` · ${compact(node.degree)}` : "";
  const crowd = node.supernode ? ", so many that it counts for nothing" : "";
  return {
    id: node.id,
    kind: node.kind,
    label: `${short}${badge}`,
    says: `${kindName(node.kind)} ${node.label}, ${compact(node.degree)} ties${crowd}`,
    classes,
    size: 22,
    x: node.x ?? null,
    y: node.y ?? null,
  };
}

type GroupIn = NonNullable<Drawable["groups"]>[number];
type BundleIn = NonNullable<Drawable["bundles"]>[number];

function groupElement(group: GroupIn): Element {
  const flagged = group.flagged ? `, ${group.flagged} flagged` : "";
  return {
    id: group.id,
    kind: "account",
    label: `${compact(group.member_count)} accounts`,
    says: `${group.member_count} accounts with the same ${group.signature.length} identifiers${flagged}`,
    classes: ["group", "left"],
    size: Math.min(62, 24 + Math.sqrt(group.member_count) * 4),
    x: group.x,
    y: group.y,
  };
}

function bundleElement(bundle: BundleIn): Element {
  const flagged = bundle.flagged ? `, ${compact(bundle.flagged)} flagged` : "";
  return {
    id: bundle.id,
    kind: bundle.kind,
    label: `+${compact(bundle.count)}${flagged}`,
    says: `${compact(bundle.count)} ${kindName(bundle.kind, bundle.count)} outside of this picture${flagged}`,
    classes: ["bundle"],
    size: 20,
    x: bundle.x ?? null,
    y: bundle.y ?? null,
  };
}

export interface Fitted {
  elements: Element[];
  /** How large a node may be so that rows do not touch. */
  node: number;
}

const ROW_LEAST = 15;
const NODE_MOST = 22;

/** A placed picture stretched to a pane: its columns apart, its rows as close as can be read. */
export function fitted(elements: readonly Element[], width: number, height: number): Fitted {
  const placed = elements.filter((element) => element.x !== null && element.y !== null);
  if (placed.length === 0) return { elements: [...elements], node: NODE_MOST };
  const xs = placed.map((element) => element.x!);
  const ys = placed.map((element) => element.y!);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const rows = Math.max(...columnSizes(placed));
  const tall = Math.max(height, ROW_LEAST * (rows - 1));
  const stretchX = right > left ? width / (right - left) : 1;
  const stretchY = bottom > top ? tall / (bottom - top) : 1;
  return {
    elements: elements.map((element) =>
      element.x === null || element.y === null
        ? element
        : { ...element, x: (element.x - left) * stretchX, y: (element.y - top) * stretchY },
    ),
    node: Math.max(9, Math.min(NODE_MOST, (rows > 1 ? tall / (rows - 1) : tall) * 0.8)),
  };
}

function columnSizes(placed: readonly Element[]): number[] {
  const sizes = new Map<number, number>();
  for (const { x } of placed) sizes.set(x!, (sizes.get(x!) ?? 0) + 1);
  return [...sizes.values()];
}

export function neighboursOf(id: string, ties: readonly Tie[]): string[] {
  return ties.flatMap((tie) => (tie.source === id ? [tie.target] : tie.target === id ? [tie.source] : []));
}

/** What is in the light when `selected` is: the selection, what it touches, nothing else. */
export function litBy(picture: Picture, selected: readonly string[]): Set<string> | null {
  const here = selected.filter((id) => picture.elements.some((element) => element.id === id));
  if (here.length === 0) return null;
  return new Set([...here, ...here.flatMap((id) => neighboursOf(id, picture.ties))]);
}

export type Direction = "left" | "right" | "up" | "down";

/** The nearest element in a direction: within its quarter, tied ones before others. */
export function towards(
  from: { id: string; x: number; y: number },
  all: readonly { id: string; x: number; y: number }[],
  direction: Direction,
  tied: ReadonlySet<string>,
): string | null {
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const other of all) {
    if (other.id === from.id) continue;
    const dx = other.x - from.x;
    const dy = other.y - from.y;
    const [along, across] = direction === "left" ? [-dx, dy] : direction === "right" ? [dx, dy] : direction === "up" ? [-dy, dx] : [dy, dx];
    if (along <= 0 || Math.abs(across) > along * 2) continue;
    const far = (along + Math.abs(across) * 1.5) * (tied.has(other.id) ? 0.5 : 1);
    if (far < least) {
      least = far;
      best = other.id;
    }
  }
  return best;
}

/**
 * Placing what is new and leaving what is old: fcose with every placed node held where it is, and
 * then room for the names.
 *
 * The layout is a chunk of its own, loaded when something has no place yet.
 */
import cytoscape, { type Core, type LayoutOptions } from "cytoscape";
import type { Picture } from "../pure/picture";
import { BARE, NAMED, spread } from "../pure/spread";

/** Nodes up to which names are read at the zoom that shows all of them. */
const LEGIBLE = 120;
let registered = false;

/** Lay out the nodes of `picture` that have no place; the others do not move. */
export async function placeNew(cy: Core, picture: Picture): Promise<void> {
  const placed = new Set<string>(cy.nodes().filter((node) => node.scratch("placed") === true).map((node) => node.id()));
  const fresh = cy.nodes().filter((node) => !placed.has(node.id()));
  if (fresh.empty()) return;
  for (const element of picture.elements) {
    if (element.x !== null && element.y !== null && !placed.has(element.id)) {
      cy.getElementById(element.id).scratch("placed", true);
      placed.add(element.id);
    }
  }
  const left = cy.nodes().filter((node) => !placed.has(node.id()));
  if (left.nonempty()) {
    if (!registered) {
      const { default: fcose } = await import("cytoscape-fcose");
      cytoscape.use(fcose as cytoscape.Ext);
      registered = true;
    }
    seed(left);
    await run(cy, placed);
    const spots = cy.nodes().map((node) => ({ id: node.id(), ...node.position() }));
    const [old, fresh] = [spots.filter(({ id }) => placed.has(id)), spots.filter(({ id }) => !placed.has(id))];
    for (const { id, x, y } of spread(fresh, old, spots.length > LEGIBLE ? BARE : NAMED).values()) cy.getElementById(id).position({ x, y });
  }
  cy.nodes().forEach((node) => void node.scratch("placed", true));
}

/** A new node starts beside what it is tied to, so that it does not fly across the picture. */
function seed(fresh: cytoscape.NodeCollection): void {
  fresh.forEach((node, n) => {
    const anchor = node.neighborhood("node").filter((other) => other.scratch("placed") === true);
    const turn = (n * 2.39996) % (2 * Math.PI);
    const from = anchor.nonempty() ? anchor[0]!.position() : { x: 0, y: 0 };
    const far = anchor.nonempty() ? 90 : 40 + 12 * Math.sqrt(n);
    node.position({ x: from.x + Math.cos(turn) * far, y: from.y + Math.sin(turn) * far });
  });
}

function run(cy: Core, placed: ReadonlySet<string>): Promise<void> {
  const fixedNodeConstraint = [...placed].map((id) => ({
    nodeId: id,
    position: { ...cy.getElementById(id).position() },
  }));
  const options = {
    name: "fcose",
    quality: cy.nodes().length > 300 ? "draft" : "default",
    randomize: placed.size === 0,
    animate: false,
    fit: false,
    nodeSeparation: 110,
    idealEdgeLength: 120,
    nodeRepulsion: 12_000,
    ...(fixedNodeConstraint.length ? { fixedNodeConstraint } : {}),
  };
  // A draft ignores constraints of nodes it must not move.
  if (fixedNodeConstraint.length) options.quality = "default";
  return new Promise((resolve) => {
    const layout = cy.layout(options as unknown as LayoutOptions);
    layout.one("layoutstop", () => resolve());
    layout.run();
  });
}

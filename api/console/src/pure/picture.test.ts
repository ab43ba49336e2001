import cytoscape from "cytoscape";
import { describe, expect, it } from "vitest";
import { fitted, litBy, neighboursOf, pictureOf, towards } from "./picture";

const node = (id: string, kind: string, x: number, y: number, more = {}) => ({
  id, kind, label: id, degree: 3, hidden: 0, x, y, ...more,
});
const GRAPH = {
  nodes: [
    node("account:1", "account", 0, 0),
    node("account:2", "account", 0, 50),
    node("device:d", "device", 400, 0),
    node("ip:hub", "ip", 400, 50, { supernode: true, degree: 51_236 }),
  ],
  groups: [
    { id: "group:g", label: "", member_count: 17, member_ids_sample: ["account:3"], signature: ["device:d"], x: 0, y: 100 },
  ],
  edges: [
    { id: "e1", source: "account:1", target: "device:d", kind: "USED", count: 9 },
    { id: "e2", source: "account:2", target: "ip:hub", kind: "SEEN_AT", count: 1, weak: true },
    { id: "e3", source: "group:g", target: "device:d", kind: "USED", count: 40 },
  ],
  bundles: [{ id: "bundle:hub", of: "ip:hub", kind: "account", count: 51_214, flagged: 212, x: 600, y: 50 }],
};

describe("a subgraph as a picture", () => {
  it("draws nodes, groups and the bundle that stands for the rest of a hub", () => {
    const { elements, ties } = pictureOf(GRAPH);

    expect(elements.map((e) => e.id)).toContain("bundle:hub");
    expect(elements.find((e) => e.id === "bundle:hub")!.label).toBe("+51.2k, 212 flagged");
    expect(elements.find((e) => e.id === "ip:hub")!.says).toContain("counts for nothing");
    expect(ties.find((t) => t.target === "bundle:hub")!.weak).toBe(true);
  });

  it("hides a kind with its ties and bundles, and leaves no tie without its ends", () => {
    const { elements, ties } = pictureOf(GRAPH, ["ip"]);

    const ids = new Set(elements.map((e) => e.id));
    expect(ids.has("bundle:hub")).toBe(false);
    expect(ties.every((t) => ids.has(t.source) && ids.has(t.target))).toBe(true);
  });

  it("is taken by the renderer as it is, without a screen", () => {
    const { elements, ties } = pictureOf(GRAPH);

    const cy = cytoscape({
      headless: true,
      elements: [...elements.map((e) => ({ data: { id: e.id } })), ...ties.map((t) => ({ data: { ...t } }))],
    });

    expect(cy.nodes().length).toBe(6);
    expect(cy.edges().length).toBe(4);
  });

  it("lights a selection and what it touches", () => {
    const picture = pictureOf(GRAPH);

    expect(litBy(picture, [])).toBeNull();
    expect(litBy(picture, ["device:d"])).toEqual(new Set(["device:d", "account:1", "group:g"]));
    expect(neighboursOf("ip:hub", picture.ties).toSorted()).toEqual(["account:2", "bundle:hub"]);
  });

  it("stretches to a pane and keeps columns and order", () => {
    const { elements } = pictureOf(GRAPH);

    const stretched = fitted(elements, 500, 600).elements;

    const y = (id: string) => stretched.find((e) => e.id === id)!.y!;
    expect(y("account:1")).toBeLessThan(y("account:2"));
    expect(y("group:g")).toBeCloseTo(600);
  });

  it("walks with the arrows to what lies there, tied ones first", () => {
    const places = pictureOf(GRAPH).elements.map((e) => ({ id: e.id, x: e.x!, y: e.y! }));
    const from = places.find((p) => p.id === "account:1")!;

    expect(towards(from, places, "right", new Set(["device:d"]))).toBe("device:d");
    expect(towards(from, places, "down", new Set())).toBe("account:2");
    expect(towards(from, places, "left", new Set())).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import { ANY, firstFacet, readFacet, writeFacet } from "./facet";
import { after, EMPTY, withGroups } from "./scene";

const START = { ...EMPTY, ids: ["account:a"] };

describe("a scene", () => {
  it("grows by what a step found and says how much of it is new", () => {
    const scene = after(START, { do: "expand", id: "account:a", limit: 50 }, ["ip:1", "ip:2", "account:a"]);

    expect(scene.ids).toEqual(["account:a", "ip:1", "ip:2"]);
    expect(scene.added).toBe(2);
    expect(after(scene, { do: "expand", id: "ip:1", limit: 50 }, ["account:a"]).added).toBe(0);
  });

  it("forgets what is hidden, in groups and pins too", () => {
    let scene = after(START, { do: "add", ids: [] }, ["ip:1", "ip:2", "ip:3"]);
    scene = after(scene, { do: "pin", id: "ip:1" }, []);
    scene = after(scene, { do: "group", ids: ["ip:1", "ip:2"] }, []);

    scene = after(scene, { do: "hide", ids: ["ip:1"] }, []);

    expect(scene).toMatchObject({ ids: ["account:a", "ip:2", "ip:3"], pinned: [], groups: [] });
  });

  it("draws a group as one, with the ties of its members added up", () => {
    const graph = {
      nodes: [{ id: "a" }, { id: "b" }, { id: "c" }],
      edges: [
        { id: "1", source: "a", target: "c", kind: "USED", count: 2 },
        { id: "2", source: "b", target: "c", kind: "USED", count: 3 },
        { id: "3", source: "a", target: "b", kind: "REFERRED_BY", count: 1 },
      ],
    };

    const drawn = withGroups(graph, [["a", "b"]]);

    expect(drawn.nodes).toEqual([{ id: "c" }]);
    expect(drawn.edges).toMatchObject([{ source: "group:0", target: "c", count: 5 }]);
  });
});

describe("a facet", () => {
  it("is read back as it was written", () => {
    const facet = { kind: "account", flagged: true, coShared: 2, order: "score" as const, near: "ring:r,1" };

    expect(readFacet(writeFacet(facet))).toEqual(facet);
    expect(readFacet(undefined)).toEqual(ANY);
  });

  it("of a hub asks at first for what shares something else, never for all", () => {
    expect(firstFacet({ kind: "ip", supernode: true }, "ring:r1").coShared).toBe(2);
    expect(firstFacet({ kind: "ip", supernode: false }, "ring:r1").coShared).toBe(0);
    expect(firstFacet({ kind: "ip" }, "").kind).toBe("account");
    expect(firstFacet({ kind: "asn", supernode: true }, "").kind).toBe("");
  });
});

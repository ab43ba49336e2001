import { describe, expect, it } from "vitest";
import { NAMED, type Spot, spread } from "./spread";

const apart = (spots: readonly Spot[]) =>
  spots.every((a, n) => spots.slice(n + 1).every((b) => Math.abs(a.x - b.x) >= NAMED.wide || Math.abs(a.y - b.y) >= NAMED.high));

describe("what lies on top of another", () => {
  it("moves to a free spot nearby, whatever was put in one place", () => {
    const heap = Array.from({ length: 60 }, (_, n) => ({ id: `${n}`, x: 3, y: -7 }));

    const moved = spread(heap, []);

    const now = heap.map((spot) => moved.get(spot.id) ?? spot);
    expect(apart(now)).toBe(true);
    expect(moved.has("0")).toBe(false);
    expect(Math.max(...now.map(({ x, y }) => Math.hypot(x - 3, y + 7)))).toBeLessThan(900);
  });

  it("leaves what has room, and what was placed before, where it is", () => {
    const placed = [{ id: "old", x: 0, y: 0 }];
    const fresh = [
      { id: "far", x: 500, y: 0 },
      { id: "near", x: 10, y: 5 },
    ];

    const moved = spread(fresh, placed);

    expect([...moved.keys()]).toEqual(["near"]);
    expect(apart([...placed, fresh[0]!, moved.get("near")!])).toBe(true);
  });

  it("puts the same heap into the same places", () => {
    const heap = ["a", "b", "c"].map((id) => ({ id, x: 1, y: 1 }));

    expect(spread(heap, [])).toEqual(spread(heap, []));
  });
});

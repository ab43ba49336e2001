import { describe, expect, it } from "vitest";
import { begin, DEPTH, redo, step, undo } from "./history";

describe("undo and redo", () => {
  it("go back and forth over the same states", () => {
    const three = step(step(begin("a"), "b"), "c");

    expect(undo(three).present).toBe("b");
    expect(undo(undo(three)).present).toBe("a");
    expect(redo(undo(three)).present).toBe("c");
  });

  it("stop at both ends", () => {
    const one = begin("a");

    expect(undo(one)).toBe(one);
    expect(redo(one)).toBe(one);
  });

  it("forget what was undone once something new is done", () => {
    const changed = step(undo(step(begin("a"), "b")), "c");

    expect(changed.future).toEqual([]);
    expect(undo(changed).present).toBe("a");
  });

  it("take no step for the same state, and keep a bounded past", () => {
    const one = begin(0);

    expect(step(one, 0)).toBe(one);
    let long = one;
    for (let n = 1; n <= DEPTH * 2; n += 1) long = step(long, n);
    expect(long.past.length).toBe(DEPTH);
  });
});

import { describe, expect, it } from "vitest";
import { BINDINGS, meaning, SEQUENCE_MS } from "./keys";

const stroke = (key: string, at = 0, more: Partial<{ shift: boolean; modified: boolean }> = {}) => ({
  key,
  at,
  shift: false,
  modified: false,
  ...more,
});

describe("the keyboard map", () => {
  it("gives every key one meaning", () => {
    const keys = BINDINGS.map((binding) => binding.keys);

    expect(new Set(keys).size).toBe(keys.length);
  });

  it("has no key that begins another's sequence", () => {
    const starts = BINDINGS.filter((b) => b.keys.includes(" ")).map((b) => b.keys.split(" ")[0]);

    expect(BINDINGS.filter((binding) => starts.includes(binding.keys))).toEqual([]);
  });

  it("reads sequences within their time and forgets them after it", () => {
    const { waiting } = meaning(stroke("g", 0), null);

    expect(meaning(stroke("q", SEQUENCE_MS), waiting).action).toBe("go-queue");
    expect(meaning(stroke("q", SEQUENCE_MS + 1), waiting).action).toBeNull();
    expect(meaning(stroke("b", 1), waiting).action).toBeNull();
  });

  it("tells Shift+z from z, and reads ? whatever makes it", () => {
    expect(meaning(stroke("z"), null).action).toBe("undo-step");
    expect(meaning(stroke("Z", 0, { shift: true }), null).action).toBe("redo-step");
    expect(meaning(stroke("?", 0, { shift: true }), null).action).toBe("help");
  });

  it("leaves the browser's own shortcuts alone", () => {
    expect(meaning(stroke("f", 0, { modified: true }), null).action).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import { undoLeft } from "./deciding";

const UNTIL = "2026-03-22T20:15:00Z";
const left = (seconds: number): string => undoLeft(UNTIL, Date.parse(UNTIL) - seconds * 1000);

describe("how long a decision can be undone", () => {
  it("is told to the nearest minute, whoever's clock is a few seconds apart", () => {
    expect(left(15 * 60)).toBe("undo for 15 minutes");
    expect(left(15 * 60 + 20)).toBe("undo for 15 minutes");
    expect(left(15 * 60 - 20)).toBe("undo for 15 minutes");
  });

  it("is a minute to the last second, and then over", () => {
    expect(left(20)).toBe("undo for 1 minute");
    expect(left(0)).toBe("undo is over");
  });
});

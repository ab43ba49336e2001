import { describe, expect, it } from "vitest";
import { extent, percent, roundTicks, spoken, stretches } from "./plot";

describe("a plot over runs", () => {
  it("breaks its line where a week is unknown", () => {
    expect(stretches([0.1, null, 0.3, 0.4, undefined, NaN, 0.5])).toEqual([[0], [2, 3], [6]]);
    expect(stretches([null, null])).toEqual([]);
  });

  it("keeps nought and the ends of every interval in sight", () => {
    const series = [{ name: "a", values: [0.2, null], low: [0.1, null], high: [0.6, null] }];

    expect(extent(series, 0.1)).toEqual([0, 0.6]);
    expect(extent([{ name: "b", values: [-0.4] }], 1)).toEqual([-0.4, 1]);
    expect(extent([{ name: "c", values: [] }], 0.1)).toEqual([0, 0.1]);
  });

  it.each([
    [0, 1, 4],
    [0, 0.0137, 4],
    [-0.4, 1, 4],
    [0, 127, 4],
    [0, 0.1, 4],
  ])("has round ticks that cover %d to %d", (low, high, wanted) => {
    const ticks = roundTicks(low, high, wanted);

    expect(ticks.length).toBeGreaterThanOrEqual(3);
    expect(ticks.length).toBeLessThanOrEqual(wanted + 3);
    expect(ticks[0]).toBeLessThanOrEqual(low);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(high);
    expect(ticks.every((tick) => String(tick).length <= 6)).toBe(true);
  });

  it("is told in words, with what stands out and without what nobody knows", () => {
    const series = [{ name: "prevented", values: [0.5, null, 0.25], marked: [false, false, true] }];

    expect(spoken(series, ["04-13", "04-20", "04-27"], percent)).toBe(
      "prevented: 04-13 50.0 %, 04-27 25.0 % (marked)",
    );
    expect(spoken([{ name: "x", values: [null] }], ["04-13"], percent)).toBe("x: nothing yet");
  });

  it("says that a share is unknown rather than nought", () => {
    expect(percent(null)).toBe("unknown");
    expect(percent(0)).toBe("0.0 %");
  });
});

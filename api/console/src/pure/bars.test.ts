import { describe, expect, it } from "vitest";
import { barsOf, brushed, busyFrom, heightOf, readStamp, scaleOf, stamp, ticks, toTime, toX, widthName } from "./bars";

const SCALE = { start: 0, end: 864_000, width: 1000 };

describe("the timeline", () => {
  it("piles kinds up without a gap and in one order", () => {
    const [bar] = barsOf([{ t: "2026-04-01T00:00:00Z", counts: { request: 5, signup: 2 } }], ["signup", "request"]);

    expect(bar!.parts).toEqual([
      { kind: "signup", from: 0, to: 2 },
      { kind: "request", from: 2, to: 7 },
    ]);
  });

  it("brushes whole buckets in either direction, and takes a click for none", () => {
    const right = brushed(100, 200, SCALE, 3600);

    expect(brushed(200, 100, SCALE, 3600)).toEqual(right);
    expect(right!.from % 3600).toBe(0);
    expect(right!.from).toBeLessThanOrEqual(toTime(100, SCALE));
    expect(right!.to).toBeGreaterThanOrEqual(toTime(200, SCALE));
    expect(brushed(100, 102, SCALE, 3600)).toBeNull();
  });

  it("never brushes past its ends", () => {
    expect(brushed(-50, 5000, SCALE, 3600)).toEqual({ from: 0, to: 864_000 });
  });

  it("maps times to places and back", () => {
    expect(toTime(toX(432_000, SCALE), SCALE)).toBe(432_000);
    expect(toX(5, { start: 5, end: 5, width: 100 })).toBe(0);
  });

  it("lets a burst not flatten a quiet day to nothing", () => {
    expect(heightOf(1, 10_000, 60)).toBeGreaterThan(0.5);
    expect(heightOf(10_000, 10_000, 60)).toBe(60);
  });

  it("begins where things happen when an old account stands alone before it", () => {
    const bucket = (t: string, request: number) => ({ t, counts: { request } });
    const buckets = [bucket("2025-03-01T00:00:00Z", 2), bucket("2026-04-01T00:00:00Z", 900), bucket("2026-04-02T00:00:00Z", 900)];
    const whole = { start: "2025-03-01T00:00:00Z", end: "2026-04-03T00:00:00Z", buckets };

    expect(busyFrom(whole)).toEqual({ from: Date.parse("2026-04-01T00:00:00Z") / 1000, before: 2 });
    expect(busyFrom({ ...whole, buckets: buckets.slice(1), start: "2026-04-01T00:00:00Z" })).toBeNull();
  });

  it("has room for its last bucket, whose event may be the very last moment", () => {
    const timeline = { start: "2026-04-01T00:00:00Z", end: "2026-04-03T02:00:00Z", bucket_s: 7200 };

    const scale = scaleOf(timeline, 800);

    const last = Date.parse(timeline.end) / 1000;
    expect(toX(last + timeline.bucket_s, scale)).toBeCloseTo(800);
    expect(toX(last, scale)).toBeLessThan(800);
    expect(scaleOf({ ...timeline, end: timeline.start }, 0).end).toBe(scale.start + 7200);
  });

  it("tells a bucket's width in words", () => {
    expect([60, 3600, 7200, 86_400, 172_800].map(widthName)).toEqual(["1 minute", "1 hour", "2 hours", "1 day", "2 days"]);
  });

  it("marks whole hours or days, not too many", () => {
    for (const days of [1, 10, 100, 700]) {
      const found = ticks(3, days * 86_400, 10);
      expect(found.length).toBeLessThanOrEqual(11);
      expect(found.every((at) => at % 3600 === 0)).toBe(true);
    }
  });

  it("reads the moments it writes, and nothing else", () => {
    expect(readStamp(stamp(1_776_000_000))).toBe(1_776_000_000);
    expect(readStamp("2026-04-15")).toBe(Date.parse("2026-04-15T00:00:00Z") / 1000);
    expect(readStamp("yesterday")).toBeNull();
  });
});

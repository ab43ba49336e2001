import { expect, test } from "vitest";
import { stopAt, stopsOf } from "./versions";

const VERSIONS = { "10": "2026-05-03T00:00:00Z", "2": "2026-05-01T00:00:00Z", "9": "2026-05-02T00:00:00.250Z" };

test("versions are stops in the order of their time, not of their name", () => {
  expect(stopsOf(VERSIONS).map((stop) => stop.version)).toEqual([2, 9, 10]);
});

test("a stop asked for finds its own version again", () => {
  const stops = stopsOf(VERSIONS);
  for (const [place, stop] of stops.entries()) {
    expect(stopAt(stops, stop.at)).toBe(place);
    expect(stop.at * 1000).toBeGreaterThan(Date.parse(VERSIONS[String(stop.version) as "2"]));
  }
});

test("now is the last version, and what was before the first is the first", () => {
  const stops = stopsOf(VERSIONS);
  expect(stopAt(stops, null)).toBe(2);
  expect(stopAt(stops, 0)).toBe(0);
  expect(stopAt(stops, stops[0]!.at + 3600)).toBe(0);
});

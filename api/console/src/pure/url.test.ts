import { describe, expect, it } from "vitest";
import { flag, list, moment, number, oneOf, readParams, text, writeParams } from "./url";

const TABLE = {
  tab: oneOf(["shared", "events"] as const, "shared"),
  sel: list(3),
  all: flag,
  from: moment,
  min: number(0, 1),
  q: text(10),
};

describe("the URL codec", () => {
  it("reads back what it wrote, ids with slashes, colons and commas included", () => {
    const values = {
      tab: "events" as const,
      sel: ["subnet:203.0.113.0/24", "account:a,b", "device:50%2C"],
      all: true,
      from: 1_776_000_000,
      min: 0.7,
      q: "a&b",
    };

    const search = writeParams(TABLE, "", values);

    expect(readParams(TABLE, search)).toEqual({ values, dropped: [] });
  });

  it("writes nothing for what is as usual, so that links stay short", () => {
    expect(writeParams(TABLE, "", { tab: "shared", sel: [], all: false, from: null })).toBe("");
  });

  it("keeps parameters of a newer page and drops values that cannot be right", () => {
    const search = "?tab=nonsense&all=7&min=3&future=1";

    const { values, dropped } = readParams(TABLE, search);

    expect(values.tab).toBe("shared");
    expect(dropped.toSorted()).toEqual(["all", "min", "tab"]);
    expect(writeParams(TABLE, search, { q: "x" })).toContain("future=1");
  });

  it("leaves commas, colons and slashes readable", () => {
    expect(writeParams(TABLE, "", { sel: ["ip:1/2", "ip:3"] })).toBe("sel=ip:1/2,ip:3");
  });

  it("refuses a list that is longer than it may be", () => {
    expect(readParams(TABLE, "?sel=a,b,c,d").dropped).toEqual(["sel"]);
  });
});

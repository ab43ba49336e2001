import { describe, expect, it } from "vitest";
import { isLit, linesOf, litCount, picked } from "./matrix";

const row = (id: string, ...has: string[]) => ({ id: `account:${id}`, has });
const ROWS = [
  row("1", "card", "device", "cgnat"),
  row("2", "device", "card", "cgnat"),
  row("3", "card", "device", "cgnat"),
  row("4", "device", "cgnat"),
  row("5", "cgnat"),
  row("6", "cgnat"),
];
const COLUMNS = ["card", "device", "cgnat"];

describe("the table of who shares what", () => {
  it("makes one line of accounts with identical identifiers, in whatever order they come", () => {
    const lines = linesOf(ROWS, COLUMNS);

    expect(lines[0]!.rows.map((r) => r.id)).toEqual(["account:1", "account:2", "account:3"]);
    expect(lines.length).toBe(4);
  });

  it("puts bystanders, with least in common, at the bottom", () => {
    const lines = linesOf(ROWS, COLUMNS);

    expect(lines.slice(-2).map((line) => line.has)).toEqual([["cgnat"], ["cgnat"]]);
  });

  it("loses nobody, grouped or not, also when columns are hidden", () => {
    for (const columns of [COLUMNS, ["card"], []]) {
      for (const grouped of [true, false]) {
        const ids = linesOf(ROWS, columns, { grouped }).flatMap((line) => line.rows.map((r) => r.id));
        expect(ids.toSorted()).toEqual(ROWS.map((r) => r.id));
      }
    }
  });

  it("lights who has everything that is selected", () => {
    expect(litCount(ROWS, [])).toBe(6);
    expect(litCount(ROWS, ["device"])).toBe(4);
    expect(litCount(ROWS, ["device", "card"])).toBe(3);
    expect(isLit(ROWS[4]!, ["account:5", "card"])).toBe(true);
  });

  it("selects alone, adds with a key held, and lets go of what is clicked again", () => {
    expect(picked(["a"], "b", false)).toEqual(["b"]);
    expect(picked(["a"], "b", true)).toEqual(["a", "b"]);
    expect(picked(["a", "b"], "a", true)).toEqual(["b"]);
    expect(picked(["a"], "a", false)).toEqual([]);
  });
});

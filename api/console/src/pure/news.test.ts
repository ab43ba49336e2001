import { expect, test } from "vitest";
import { newsOf, turnText } from "./news";

const ring = {
  version: 3,
  accounts: 24,
  turn: { at: "2026-03-21T00:00:00Z", change: "grew", others: [], joined: 4, left: 1 },
};

test("who never looked is told the latest turn, with who came and went", () => {
  expect(newsOf(ring, undefined)).toEqual({ text: "grew (+4, −1) 21 Mar 2026", fresh: false });
});

test("who looked before is told what changed since, and it is marked", () => {
  expect(newsOf(ring, { version: 2, accounts: 21 })).toEqual({ text: "+3 accounts since you looked", fresh: true });
  expect(newsOf(ring, { version: 1, accounts: 25 })?.text).toBe("−1 account since you looked");
  expect(newsOf(ring, { version: 2, accounts: 24 })?.text).toBe("changed since you looked");
});

test("who saw this version is told the turn, quietly", () => {
  expect(newsOf(ring, { version: 3, accounts: 24 })?.fresh).toBe(false);
});

test("a turn names the rings it came from, unless they are links beside it", () => {
  const turn = { at: "", change: "regrown", others: ["ring-4f2"], joined: 9 };
  expect(turnText(turn)).toBe("regrown from ring-4f2 (+9)");
  expect(turnText(turn, false)).toBe("regrown from (+9)");
  expect(turnText({ at: "", change: "born", joined: 12 })).toBe("first found");
});

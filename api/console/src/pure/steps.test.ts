import { describe, expect, it } from "vitest";
import { readSteps, type Step, writeSteps } from "./steps";

const STEPS: Step[] = [
  { do: "expand", id: "subnet:203.0.113.0/24", limit: 50, facet: "account,f,2,score,ring:r.1" },
  { do: "expand", id: "ip:9f~2c!", limit: 200 },
  { do: "hide", ids: ["account:a.b", "account:c&d"] },
  { do: "pin", id: "device:x" },
  { do: "group", ids: ["account:1", "account:2"] },
  { do: "path", from: "account:1", to: "account:2" },
  { do: "add", ids: ["organisation:A. & B. ~ Ltd!"] },
];

describe("steps in a link", () => {
  it("are read back as they were written, whatever the ids hold", () => {
    expect(readSteps(writeSteps(STEPS))).toEqual({ steps: STEPS, dropped: 0 });
  });

  it("survive a URL's own encoding", () => {
    const search = new URLSearchParams({ do: writeSteps(STEPS) }).toString();

    expect(readSteps(new URLSearchParams(search).get("do") ?? "").steps).toEqual(STEPS);
  });

  it("that cannot be read are counted and left out", () => {
    const { steps, dropped } = readSteps("x.ip:1.50~q.what~x.ip:2.9999~x.ip:3~s.account:1");

    expect(steps).toEqual([{ do: "expand", id: "ip:1", limit: 50 }]);
    expect(dropped).toBe(4);
  });

  it("of nothing are nothing", () => {
    expect(readSteps("")).toEqual({ steps: [], dropped: 0 });
    expect(writeSteps([])).toBe("");
  });
});

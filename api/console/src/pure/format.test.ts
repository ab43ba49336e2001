import { describe, expect, it } from "vitest";
import { age, amount, compact, figure, kindName, minute, plural, score, shortKey, span } from "./format";

describe("numbers and moments as people read them", () => {
  it("never make a certainty of a score", () => {
    expect(score(0.99998)).toBe(">0.99");
    expect(score(1)).toBe("1.00");
    expect(score(null)).toBe("–");
  });

  it("count one as one", () => {
    expect(plural(1, "account")).toBe("1 account");
    expect(plural(1204, "account")).toBe("1,204 accounts");
    expect(kindName("ip", 1)).toBe("address");
    expect(kindName("unheard_of")).toBe("unheard of");
  });

  it("shorten what is long and leave what is short", () => {
    expect(compact(9999)).toBe("9,999");
    expect(compact(51_236)).toBe("51.2k");
    expect(shortKey("device:0123456789abcdef", 8)).toBe("0123456…");
    expect(amount(0.0478)).toBe("0.0478");
    expect(amount("CG-NAT")).toBe("CG-NAT");
  });

  it("say a share in per cent where the sentence beside it does", () => {
    expect(figure(0.892, "89% of members came by one pathway, as 11% of all do")).toBe("89%");
    expect(figure(1, "two members share 3.4 rare templates; an honest user 1")).toBe("1");
    expect(figure(4.2, "4.2 times as often, 90% of the time")).toBe("4.2");
    expect(figure("CG-NAT", "50% of them")).toBe("CG-NAT");
  });

  it("tell moments in UTC wherever the reader sits", () => {
    expect(minute("2026-04-16T00:05:00+02:00")).toBe("15 Apr, 22:05");
    expect(age("2026-04-15T00:00:00Z", "2026-04-15T03:00:00Z")).toBe("3 h");
    expect(span(45)).toBe("45 s");
  });
});

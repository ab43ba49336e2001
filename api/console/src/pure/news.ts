/** What is new about a ring: since this person last looked, or else what the latest refresh made of it. */
import { count, day, plural } from "./format";

export interface Turn {
  at: string;
  change: string;
  others?: string[];
  joined?: number | null;
  left?: number | null;
}

/** A ring as somebody last saw it. */
export interface Look {
  version: number;
  accounts: number;
}

export interface Known extends Look {
  turn?: Turn | null;
}

export interface News {
  text: string;
  /** Not seen yet by whoever looks. */
  fresh: boolean;
}

export function newsOf(ring: Known, look: Look | undefined): News | null {
  if (look && look.version !== ring.version) return { text: `${moved(ring.accounts - look.accounts)} since you looked`, fresh: true };
  return ring.turn ? { text: `${turnText(ring.turn)} ${day(ring.turn.at)}`, fresh: false } : null;
}

function moved(accounts: number): string {
  if (accounts === 0) return "changed";
  return `${accounts > 0 ? "+" : "−"}${plural(Math.abs(accounts), "account")}`;
}

const CHANGE: Record<string, string> = {
  born: "first found",
  grew: "grew",
  shrank: "shrank",
  split: "split off from",
  merged: "took in",
  regrown: "regrown from",
  dormant: "fell silent",
  banned: "banned",
};

/** A turn in words: `grew (+4, −1)`, `regrown from ring-4f2`. The rings it names may be links beside it. */
export function turnText(turn: Turn, named = true): string {
  const parts = [CHANGE[turn.change] ?? turn.change.replaceAll("_", " ")];
  if (named && turn.others?.length) parts.push(turn.others.join(", "));
  const figures = turn.change === "born" ? [] : [turn.joined && `+${count(turn.joined)}`, turn.left && `−${count(turn.left)}`];
  const told = figures.filter(Boolean).join(", ");
  return told ? `${parts.join(" ")} (${told})` : parts.join(" ");
}

/** What a link to a ring says: tab, selection, window, what is hidden, who is left out, as of when. */
import { flag, list, moment, number, oneOf, type Values } from "./url";

export const TABS = ["shared", "accounts", "events", "notes", "audit"] as const;

export const RING_VIEW = {
  tab: oneOf(TABS, "shared"),
  sel: list(50),
  /** Every account for itself instead of groups. */
  all: flag,
  /** How many alike accounts make a group. */
  least: number(2, 50),
  from: moment,
  to: moment,
  /** Kinds that are hidden. */
  hide: list(20),
  /** Accounts that an action leaves out. */
  out: list(200),
  iso: flag,
  /** As it was then; empty is now. */
  asof: moment,
};

export type RingView = Values<typeof RING_VIEW>;

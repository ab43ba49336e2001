/** What a link to an exploration says: where it began and every step since. */
import { list, moment, text, type Values } from "../pure/url";

export const EXPLORE = {
  seed: list(20),
  do: text(1600),
  sel: list(50),
  hide: list(20),
  asof: moment,
  /** A stored exploration, for what is too long for a link. */
  v: text(40),
};

export type Exploring = Values<typeof EXPLORE>;

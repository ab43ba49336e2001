/**
 * What a link to a screen says: everything that a colleague must see is in the URL.
 *
 * A codec is a table of named parameters. Reading keeps parameters it does not know (a newer page
 * may have written them) and drops values that cannot be right, with a notice. No personal data
 * stands here: ids only. It knows nothing of React or of the router.
 */

export interface Param<T> {
  read(text: string): T | undefined;
  write(value: T): string | undefined;
  empty: T;
}

export const text = (max = 200): Param<string> => ({
  read: (raw) => (raw.length <= max ? raw : undefined),
  write: (value) => value || undefined,
  empty: "",
});

export const oneOf = <T extends string>(allowed: readonly T[], empty: T): Param<T> => ({
  read: (raw) => allowed.find((name) => name === raw),
  write: (value) => (value === empty ? undefined : value),
  empty,
});

export const list = (maxItems = 100): Param<string[]> => ({
  read: (raw) => {
    const items = raw.split(",").map(unescapeItem).filter(Boolean);
    return items.length <= maxItems ? [...new Set(items)] : undefined;
  },
  write: (value) => (value.length ? value.map(escapeItem).join(",") : undefined),
  empty: [],
});

export const flag: Param<boolean> = {
  read: (raw) => (raw === "1" ? true : raw === "0" ? false : undefined),
  write: (value) => (value ? "1" : undefined),
  empty: false,
};

export const number = (min: number, max: number): Param<number | null> => ({
  read: (raw) => {
    const value = Number(raw);
    return raw.trim() !== "" && value >= min && value <= max ? value : undefined;
  },
  write: (value) => (value === null ? undefined : String(value)),
  empty: null,
});

/** A moment, as seconds since the epoch inside and as ISO 8601 to the second in the URL. */
export const moment: Param<number | null> = {
  read: (raw) => {
    const at = Date.parse(raw);
    return Number.isNaN(at) ? undefined : Math.floor(at / 1000);
  },
  write: (value) =>
    value === null ? undefined : new Date(value * 1000).toISOString().replace(".000Z", "Z"),
  empty: null,
};

type Table = Record<string, Param<any>>;
export type Values<T extends Table> = { [K in keyof T]: T[K] extends Param<infer V> ? V : never };

export interface Read<T extends Table> {
  values: Values<T>;
  /** Names of parameters whose value could not be right. */
  dropped: string[];
}

export function readParams<T extends Table>(table: T, search: string): Read<T> {
  const given = new URLSearchParams(search);
  const values: Record<string, unknown> = {};
  const dropped: string[] = [];
  for (const [name, param] of Object.entries(table)) {
    const raw = given.get(name);
    const value = raw === null ? undefined : param.read(raw);
    if (raw !== null && value === undefined) dropped.push(name);
    values[name] = value ?? param.empty;
  }
  return { values: values as Values<T>, dropped };
}

/** The search text with `changes` made; parameters outside the table stay as they are. */
export function writeParams<T extends Table>(
  table: T,
  search: string,
  changes: Partial<Values<T>>,
): string {
  const params = new URLSearchParams(search);
  const { values } = readParams(table, search);
  for (const [name, param] of Object.entries(table)) {
    const value = name in changes ? changes[name] : values[name];
    const written = param.write(value);
    if (written === undefined) params.delete(name);
    else params.set(name, written);
  }
  // Commas and colons are legal in a query, and links are read by people.
  return params.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/");
}

function escapeItem(item: string): string {
  return item.replaceAll("%", "%25").replaceAll(",", "%2C");
}

function unescapeItem(item: string): string {
  return item.replaceAll("%2C", ",").replaceAll("%25", "%");
}

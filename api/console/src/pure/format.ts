/** Numbers, moments and names as people read them. Every moment is UTC, and says so where it is long. */

const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const count = (value: number): string => COUNT.format(value);

export const compact = (value: number): string =>
  value < 10_000 ? COUNT.format(value) : COMPACT.format(value).toLowerCase();

export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

export function score(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  // 0.997 must not read as a certainty.
  return value > 0.99 && value < 1 ? ">0.99" : value.toFixed(2);
}

export function amount(value: number | string | null | undefined): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "string") return value;
  if (Number.isInteger(value)) return count(value);
  return Math.abs(value) >= 100 ? count(value) : String(Number(value.toPrecision(3)));
}

/** A figure of evidence, as the sentence beside it says it: a share in per cent where that does. */
export function figure(value: number | string, text: string): string {
  const whole = typeof value === "number" && value >= 0 && value <= 1 ? `${Math.round(value * 100)}%` : null;
  return whole && text.includes("%") ? whole : amount(value);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (value: number): string => String(value).padStart(2, "0");

export function day(iso: string | number | null | undefined): string {
  if (iso === null || iso === undefined || iso === "") return "–";
  const at = new Date(iso);
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
}

export function minute(iso: string | number | null | undefined): string {
  if (iso === null || iso === undefined || iso === "") return "–";
  const at = new Date(iso);
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}, ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

/** How long before `now` something was: `12 min`, `3 h`, `5 d`; never negative. */
export function age(iso: string | null | undefined, now: string | number): string {
  if (!iso) return "–";
  return span(Math.max(0, (new Date(now).getTime() - new Date(iso).getTime()) / 1000));
}

export function span(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 90) return `${Math.round(minutes)} min`;
  const hours = minutes / 60;
  if (hours < 36) return `${Math.round(hours)} h`;
  return `${Math.round(hours / 24)} d`;
}

const KIND: Record<string, [string, string]> = {
  account: ["account", "accounts"],
  payment_method: ["payment method", "payment methods"],
  issuer: ["card issuer", "card issuers"],
  ip: ["address", "addresses"],
  subnet: ["network", "networks"],
  asn: ["operator", "operators"],
  device: ["device", "devices"],
  mailbox: ["mailbox", "mailboxes"],
  email_domain: ["e-mail domain", "e-mail domains"],
  phone: ["phone", "phones"],
  organisation: ["organisation", "organisations"],
  prompt_cluster: ["prompt template", "prompt templates"],
  ring: ["ring", "rings"],
};

export function kindName(kind: string, many: number | boolean = false): string {
  const names = KIND[kind];
  const several = typeof many === "number" ? many !== 1 : many;
  return names ? names[several ? 1 : 0] : kind.replaceAll("_", " ");
}

/** The kind of an id such as `ip:9f2c`. */
export function kindOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf(":")));
}

/** An id's key, short enough for a table: keyed pseudonyms lose their tail. */
export function shortKey(id: string, max = 14): string {
  const key = id.slice(id.indexOf(":") + 1);
  return key.length <= max ? key : `${key.slice(0, max - 1)}…`;
}

export function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

export function words(code: string): string {
  return sentence(code.replaceAll("_", " "));
}

/** Arithmetic of plots over runs: where a line breaks, which ticks an axis has, and what it says aloud. */

export type Value = number | null | undefined;

export interface Series {
  name: string;
  values: readonly Value[];
  /** Ends of an interval around each value, as many as values. */
  low?: readonly Value[];
  high?: readonly Value[];
  /** Runs to stand out: a refusal, a drift. */
  marked?: readonly boolean[];
}

export const known = (value: Value): value is number => typeof value === "number" && Number.isFinite(value);

/** Stretches of neighbouring known values: an unknown week is a gap in the line, not a slope across it. */
export function stretches(values: readonly Value[]): number[][] {
  const found: number[][] = [];
  let open: number[] | null = null;
  for (const [place, value] of values.entries()) {
    if (!known(value)) open = null;
    else if (open) open.push(place);
    else found.push((open = [place]));
  }
  return found;
}

/** The lowest and highest of everything drawn, with nought always in sight, and at least `least` high. */
export function extent(all: readonly Series[], least: number): [number, number] {
  const every = all.flatMap(({ values, low = [], high = [] }) => [...values, ...low, ...high].filter(known));
  return [Math.min(0, ...every), Math.max(least, ...every)];
}

/** About `wanted` round numbers that cover `low` to `high`, ends included. */
export function roundTicks(low: number, high: number, wanted: number): number[] {
  const span = Math.max(high - low, Number.MIN_VALUE);
  const power = 10 ** Math.floor(Math.log10(span / wanted));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => span / size <= wanted) ?? span;
  const found: number[] = [];
  const begin = Math.floor(low / step + 1e-9);
  for (let at = begin; (at - 1) * step < high - step * 1e-9; at++) found.push(Number((at * step).toPrecision(12)));
  return found;
}

export type Format = (value: number) => string;

export const percent: (share: Value) => string = (share) => (known(share) ? `${(100 * share).toFixed(1)} %` : "unknown");
export const days: Format = (value) => `${value.toFixed(value < 10 ? 1 : 0)} days`;
export const index: Format = (value) => value.toFixed(2);

/** The plot in words, for who does not see it. */
export function spoken(all: readonly Series[], names: readonly string[], format: Format): string {
  const told = all.map(({ name, values, marked }) => {
    const points = values.flatMap((value, place) =>
      known(value) ? [`${names[place]} ${format(value)}${marked?.[place] ? " (marked)" : ""}`] : [],
    );
    return `${name}: ${points.join(", ") || "nothing yet"}`;
  });
  return told.join("; ");
}

/** `05-18` of a moment: the year is in the heading. */
export const dayOf = (iso: string): string => iso.slice(5, 10);

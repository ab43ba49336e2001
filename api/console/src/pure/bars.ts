/**
 * The timeline as bars: where each bucket stands, how its kinds pile up, and what a brush covers.
 *
 * Buckets without events are absent on the wire. Times are seconds since the epoch.
 */

export interface Bucket {
  t: string;
  counts: Record<string, number>;
}

export interface Bar {
  at: number;
  total: number;
  /** Kind, and how many events lie below it and in it. */
  parts: { kind: string; from: number; to: number }[];
}

export const seconds = (iso: string): number => Math.floor(Date.parse(iso) / 1000);

export function barsOf(buckets: readonly Bucket[], kinds: readonly string[]): Bar[] {
  return buckets.map(({ t, counts }) => {
    const parts: Bar["parts"] = [];
    let reached = 0;
    for (const kind of kinds) {
      const count = counts[kind] ?? 0;
      if (count > 0) parts.push({ kind, from: reached, to: reached + count });
      reached += count;
    }
    return { at: seconds(t), total: reached, parts };
  });
}

export interface Scale {
  start: number;
  end: number;
  width: number;
}

/** The axis of a timeline: up to the end of its last bucket, which begins before the last event. */
export function scaleOf(timeline: { start: string; end: string; bucket_s: number }, width: number): Scale {
  const start = seconds(timeline.start);
  const whole = Math.floor((seconds(timeline.end) - start) / timeline.bucket_s) + 1;
  return { start, end: start + Math.max(1, whole) * timeline.bucket_s, width: Math.max(1, width) };
}

/** A width of time in words: `2 hours`, `1 day`. */
export function widthName(bucketSeconds: number): string {
  const [size, unit] = ([[86_400, "day"], [3600, "hour"]] as const).find(([least]) => bucketSeconds >= least) ?? [60, "minute"];
  const many = Number((bucketSeconds / size).toFixed(1));
  return `${many} ${unit}${many === 1 ? "" : "s"}`;
}

export const toX = (at: number, { start, end, width }: Scale): number =>
  end > start ? ((at - start) / (end - start)) * width : 0;

export const toTime = (x: number, { start, end, width }: Scale): number =>
  Math.round(start + (Math.min(width, Math.max(0, x)) / width) * (end - start));

/** The window between two ends of a drag, on whole buckets; null for a click. */
export function brushed(
  x0: number,
  x1: number,
  scale: Scale,
  bucketSeconds: number,
): { from: number; to: number } | null {
  if (Math.abs(x1 - x0) < 4) return null;
  const low = toTime(Math.min(x0, x1), scale);
  const high = toTime(Math.max(x0, x1), scale);
  const from = scale.start + Math.floor((low - scale.start) / bucketSeconds) * bucketSeconds;
  const to = scale.start + Math.ceil((high - scale.start) / bucketSeconds) * bucketSeconds;
  return { from: Math.max(scale.start, from), to: Math.min(scale.end, Math.max(to, from + 1)) };
}

/** A root scale: one burst must not flatten the quiet days to nothing. */
export function heightOf(count: number, most: number, height: number): number {
  return most > 0 ? Math.sqrt(count / most) * height : 0;
}

/** Moments for the axis: about `wanted` of them, on whole hours or days. */
export function ticks(start: number, end: number, wanted: number): number[] {
  const steps = [3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 2 * 86_400, 7 * 86_400, 14 * 86_400, 28 * 86_400, 84 * 86_400];
  const step = steps.find((size) => (end - start) / size <= wanted) ?? 168 * 86_400;
  const found: number[] = [];
  for (let at = Math.ceil(start / step) * step; at <= end; at += step) found.push(at);
  return found;
}

const QUIET_SHARE = 0.01;
const WORTH_CUTTING = 0.3;

/**
 * Where the busy time begins, when it is long before that: until then at most a hundredth of all
 * events happened, `before` in number. Null when the whole time is worth showing.
 */
export function busyFrom(timeline: {
  start: string;
  end: string;
  buckets: readonly Bucket[];
}): { from: number; before: number } | null {
  const sums = timeline.buckets.map(({ counts }) => Object.values(counts).reduce((a, b) => a + b, 0));
  const total = sums.reduce((a, b) => a + b, 0);
  let before = 0;
  for (const [n, bucket] of timeline.buckets.entries()) {
    const sum = sums[n] ?? 0;
    if (before + sum > total * QUIET_SHARE) {
      const [start, end, from] = [timeline.start, timeline.end, bucket.t].map(seconds) as [number, number, number];
      return from - start > (end - start) * WORTH_CUTTING ? { from, before } : null;
    }
    before += sum;
  }
  return null;
}

/** A moment as people type it: `2026-04-15 21:33`, UTC. */
export const stamp = (at: number): string => new Date(at * 1000).toISOString().slice(0, 16).replace("T", " ");

export function readStamp(typed: string): number | null {
  const found = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}))?$/.exec(typed.trim());
  if (!found) return null;
  const at = Date.parse(`${found[1]}T${found[2] ?? "00:00"}:00Z`);
  return Number.isNaN(at) ? null : at / 1000;
}

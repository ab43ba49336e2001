/** The versions of a ring as stops of a slider, first one first. It knows nothing of the screen. */

export interface Stop {
  version: number;
  /** Seconds since the epoch, the first whole one after the version. */
  at: number;
}

export function stopsOf(versions: Readonly<Record<string, string>>): Stop[] {
  return Object.entries(versions)
    .map(([version, at]) => ({ version: Number(version), at: secondAfter(at) }))
    .toSorted((a, b) => a.at - b.at || a.version - b.version);
}

/** The first whole second after a moment, whose microseconds a `Date` has no room for. */
export function secondAfter(at: string): number {
  return Math.floor(Date.parse(at) / 1000) + 1;
}

/** The place of the version that stood at a moment; now is the last, before the first is the first. */
export function stopAt(stops: readonly Stop[], at: number | null): number {
  if (at === null) return stops.length - 1;
  return Math.max(0, stops.findLastIndex((stop) => stop.at <= at));
}

/**
 * Which version of each ring this browser last showed, so that the queue can say what changed since.
 *
 * Kept in this browser alone: ids, versions and sizes, of the latest rings that were opened.
 */
import { useEffect } from "react";
import type { Look } from "../pure/news";
import type { RingDetail } from "../wire/types";

const KEPT = "ringsight-looks";
const MOST = 500;

export function looks(): ReadonlyMap<string, Look> {
  try {
    return new Map(JSON.parse(localStorage.getItem(KEPT) ?? "[]") as [string, Look][]);
  } catch {
    return new Map(); // another version of the page wrote it, or storage is off
  }
}

/** Remember that this ring is being looked at, as it is now. */
export function useLook(ring: RingDetail | undefined, past: boolean): void {
  const { id, version, accounts } = ring ?? {};
  useEffect(() => {
    if (past || id === undefined || version === undefined || accounts === undefined) return;
    const kept = new Map(looks());
    kept.delete(id);
    kept.set(id, { version, accounts });
    try {
      localStorage.setItem(KEPT, JSON.stringify([...kept].slice(-MOST)));
    } catch {
      // without storage nothing is remembered, and nothing else is lost
    }
  }, [id, version, accounts, past]);
}

/** The queue as it was last filtered, for this browser tab alone: what "next ring" goes through. */
const KEPT = "ringsight-queue";

export function lastFilters(): string {
  return sessionStorage.getItem(KEPT) ?? "";
}

export function keepFilters(search: string): void {
  sessionStorage.setItem(KEPT, search);
}

/** Filters of the queue under a name, for oneself or for everybody. */
import type { Filters } from "./rings";

export function SavedFilters(_: { filters: Filters; onApply: (saved: Partial<Filters>) => void }) {
  return null;
}

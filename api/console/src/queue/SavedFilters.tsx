/** Filters of the queue under a name, for oneself or for everybody. */
import { Saved } from "../parts/Saved";
import type { Filters } from "./rings";

interface Props {
  filters: Filters;
  onApply: (saved: Partial<Filters>) => void;
}

export function SavedFilters({ filters, onApply }: Props) {
  return <Saved screen="queue" state={{ ...filters }} onApply={(state) => onApply(state as Partial<Filters>)} />;
}

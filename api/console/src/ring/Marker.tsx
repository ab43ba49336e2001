/** A line of a ring's page that marks nodes of the picture; pressed once more, it lets them go. */
import type { ReactNode } from "react";

/** Nodes that the picture marks at once. */
export const MARKED_MAX = 50;

export interface Marking {
  selected: readonly string[];
  onSelect: (ids: string[]) => void;
}

export function Marker({ ids, selected, onSelect, children }: Marking & { ids: string[]; children: ReactNode }) {
  const marked = ids.slice(0, MARKED_MAX);
  const on = marked.length === selected.length && marked.every((id) => selected.includes(id));
  return (
    <button
      type="button"
      className={`reason${on ? " on" : ""}`}
      aria-pressed={on}
      onClick={() => onSelect(on ? [] : marked)}
    >
      {children}
    </button>
  );
}

/** Undo and redo of what one did to the view (hide, isolate, select, window), apart from Back. */
import { useEffect, useRef } from "react";
import { begin, type History, redo, step, undo } from "../pure/history";
import type { RingView } from "../pure/ringview";

type Change = (changes: Partial<RingView>, options?: { replace?: boolean }) => void;

export function useViewHistory(view: RingView, change: Change) {
  const held = useRef<History<string>>(begin(key(view)));
  const now = key(view);
  useEffect(() => {
    held.current = step(held.current, now);
  }, [now]);
  const to = (next: History<string>) => {
    if (next === held.current) return;
    held.current = next;
    change(JSON.parse(next.present) as Partial<RingView>, { replace: true });
  };
  return { undo: () => to(undo(held.current)), redo: () => to(redo(held.current)) };
}

const key = ({ sel, hide, iso, from, to, all, out }: RingView): string =>
  JSON.stringify({ sel, hide, iso, from, to, all, out });

/** Undo and redo of steps by key and button, beside the browser's Back. */
import { useEffect, useRef, useState } from "react";
import { begin, type History, redo, step, undo } from "../pure/history";

export function useStepHistory(now: string, onChange: (text: string) => void) {
  const [held, setHeld] = useState<History<string>>(() => begin(now));
  const own = useRef(now);
  useEffect(() => {
    // A change that did not come from here is a new step.
    if (own.current !== now) setHeld((history) => step(history, now));
    own.current = now;
  }, [now]);
  const to = (next: History<string>) => {
    if (next === held) return;
    own.current = next.present;
    setHeld(next);
    onChange(next.present);
  };
  return {
    undo: () => to(undo(held)),
    redo: () => to(redo(held)),
    canUndo: held.past.length > 0,
    canRedo: held.future.length > 0,
  };
}

export type StepHistory = ReturnType<typeof useStepHistory>;

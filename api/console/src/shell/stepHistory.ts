/** Undo and redo of what is written in the address, by key and button, beside the browser's Back. */
import { useState } from "react";
import { begin, type History, redo, step, undo } from "../pure/history";

interface Known {
  history: History<string>;
  /** The steps that the history was last compared with. */
  seen: string;
}

export function useStepHistory(now: string, onChange: (text: string) => void) {
  const [known, setKnown] = useState<Known>(() => ({ history: begin(now), seen: now }));
  // While rendering, not after it: a key pressed as soon as a step is seen undoes that step.
  if (known.seen !== now) setKnown(heard(known.history, now));
  const held = known.history;
  const to = (next: History<string>) => {
    if (next === held) return;
    setKnown({ history: next, seen: known.seen });
    onChange(next.present);
  };
  return {
    undo: () => to(undo(held)),
    redo: () => to(redo(held)),
    canUndo: held.past.length > 0,
    canRedo: held.future.length > 0,
  };
}

/** A change that did not come from here is a new step. */
function heard(history: History<string>, now: string): Known {
  return { history: step(history, now), seen: now };
}

export type StepHistory = ReturnType<typeof useStepHistory>;

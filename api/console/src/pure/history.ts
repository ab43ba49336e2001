/** Undo and redo of view steps: a past, a present and a future, none of them ever changed. */

export interface History<T> {
  past: readonly T[];
  present: T;
  future: readonly T[];
}

export const DEPTH = 100;

export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [] };
}

/** A new step; what had been undone is forgotten, as everywhere. */
export function step<T>(history: History<T>, next: T): History<T> {
  if (Object.is(history.present, next)) return history;
  return {
    past: [...history.past, history.present].slice(-DEPTH),
    present: next,
    future: [],
  };
}

export function undo<T>(history: History<T>): History<T> {
  const before = history.past.at(-1);
  if (before === undefined) return history;
  return {
    past: history.past.slice(0, -1),
    present: before,
    future: [history.present, ...history.future],
  };
}

export function redo<T>(history: History<T>): History<T> {
  const [next, ...rest] = history.future;
  if (next === undefined) return history;
  return { past: [...history.past, history.present], present: next, future: rest };
}

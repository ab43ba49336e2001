/** State that begins again when something else changes, as a slider's thumb or a place in a list. */
import { useState } from "react";

/** Begins as `value`, and again whenever `followed` (unless told, the value) is another one. */
export function useFollowing<T>(value: T, followed: unknown = value): [T, (next: T) => void] {
  const [held, setHeld] = useState({ value, followed });
  // While rendering, not after it: a key pressed as soon as the change is seen goes on from there.
  const fresh = Object.is(held.followed, followed) ? held : { value, followed };
  if (fresh !== held) setHeld(fresh);
  return [fresh.value, (next) => setHeld({ value: next, followed })];
}

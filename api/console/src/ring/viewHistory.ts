/** Undo and redo of what one did to the view (hide, isolate, select, window), apart from Back. */
import type { RingView } from "../pure/ringview";
import { useStepHistory } from "../shell/stepHistory";

type Change = (changes: Partial<RingView>, options?: { replace?: boolean }) => void;

export function useViewHistory(view: RingView, change: Change) {
  return useStepHistory(key(view), (text) => change(JSON.parse(text) as Partial<RingView>, { replace: true }));
}

const key = ({ sel, hide, iso, from, to, all, least, out }: RingView): string =>
  JSON.stringify({ sel, hide, iso, from, to, all, least, out });

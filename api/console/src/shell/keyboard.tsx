/** One listener for all shortcuts; a screen lends it what each action does while it is shown. */
import { createContext, type ReactNode, useContext, useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { meaning, type Waiting } from "../pure/keys";

type Actions = Record<string, (() => void) | undefined>;

class Board {
  private readonly layers: { current: Actions }[] = [];

  add(layer: { current: Actions }): () => void {
    this.layers.push(layer);
    return () => {
      this.layers.splice(this.layers.indexOf(layer), 1);
    };
  }

  /** The newest layer that knows the action does it. */
  run(action: string): boolean {
    const layer = this.layers.findLast((known) => known.current[action]);
    layer?.current[action]?.();
    return layer !== undefined;
  }
}

const BoardContext = createContext<Board | null>(null);

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select") !== null)
  );
}

/** Enter and Space belong to whatever control has the focus. */
function isForControl(event: KeyboardEvent): boolean {
  const target = event.target;
  return (
    event.key === "Enter" &&
    target instanceof HTMLElement &&
    target.closest("button, a, [role=button], [role=tab], [role=menuitem], [role=application]") !==
      null
  );
}

export function KeyboardProvider({ children }: { children: ReactNode }) {
  const board = useMemo(() => new Board(), []);
  useEffect(() => {
    let waiting: Waiting | null = null;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target) || isForControl(event)) return;
      // An open dialog has its own keys; its Escape is handled by the dialog itself.
      if (document.querySelector("[role=dialog], [role=menu]")) return;
      const stroke = {
        key: event.key,
        shift: event.shiftKey,
        modified: event.ctrlKey || event.altKey || event.metaKey,
        at: event.timeStamp,
      };
      const found = meaning(stroke, waiting);
      waiting = found.waiting;
      if (found.action && board.run(found.action)) event.preventDefault();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [board]);
  return <BoardContext.Provider value={board}>{children}</BoardContext.Provider>;
}

/** What each action does on this screen, for as long as it is shown. */
export function useKeys(actions: Actions): void {
  const board = useContext(BoardContext);
  const layer = useRef(actions);
  // Before the screen is painted: who answers to what is seen must not meet what was before it.
  useLayoutEffect(() => {
    layer.current = actions;
  });
  useLayoutEffect(() => board?.add(layer), [board]);
}

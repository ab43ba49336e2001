/**
 * Every shortcut, in one table: the listener, the help overlay and the tooltips read it.
 *
 * Each action is also a labelled control. Keys are off while someone types, and a sequence such as
 * `g q` has three seconds to be completed: a busy machine hands on keys late. It knows nothing of
 * what an action does.
 */

export interface Binding {
  keys: string;
  action: string;
  says: string;
  group: "Anywhere" | "Lists" | "A ring" | "Graph and view";
}

const bind = (group: Binding["group"], keys: string, action: string, says: string): Binding => ({
  group,
  keys,
  action,
  says,
});

export const BINDINGS: readonly Binding[] = [
  bind("Anywhere", "/", "search", "Search"),
  bind("Anywhere", "g q", "go-queue", "Go to the queue"),
  bind("Anywhere", "g e", "go-explore", "Go to explore"),
  bind("Anywhere", "g a", "go-audit", "Go to the audit log"),
  bind("Anywhere", "y", "copy-link", "Copy a link to what you see"),
  bind("Anywhere", "?", "help", "Show these keys"),
  bind("Anywhere", "Escape", "clear", "Clear the selection, close what is open"),
  bind("Lists", "j", "next-row", "Next row"),
  bind("Lists", "k", "previous-row", "Previous row"),
  bind("Lists", "Enter", "open-row", "Open the row"),
  bind("Lists", "x", "select-row", "Select the row"),
  bind("A ring", "n", "next-ring", "Next ring of the queue"),
  bind("A ring", "p", "previous-ring", "Previous ring of the queue"),
  bind("A ring", "a", "assign", "Assign to me"),
  bind("A ring", "c", "confirm", "Confirm the ring"),
  bind("A ring", "d", "dismiss", "Dismiss the ring"),
  bind("A ring", "b", "ban", "Ban accounts (always asks first)"),
  bind("Graph and view", "t", "toggle-focus", "Focus the table or the graph"),
  bind("Graph and view", "e", "expand", "Expand the selected entity"),
  bind("Graph and view", "h", "hide", "Hide the selected entity"),
  bind("Graph and view", "i", "isolate", "Show only the selection and what it touches"),
  bind("Graph and view", ".", "pin", "Pin the selected entity"),
  bind("Graph and view", "f", "fit", "Fit the graph to its pane"),
  bind("Graph and view", "1", "kind-1", "Show or hide the first kind"),
  bind("Graph and view", "2", "kind-2", "Show or hide the second kind"),
  bind("Graph and view", "3", "kind-3", "Show or hide the third kind"),
  bind("Graph and view", "4", "kind-4", "Show or hide the fourth kind"),
  bind("Graph and view", "5", "kind-5", "Show or hide the fifth kind"),
  bind("Graph and view", "z", "undo-step", "Undo a view step"),
  bind("Graph and view", "Shift+z", "redo-step", "Redo a view step"),
];

export const SEQUENCE_MS = 3000;

export interface Stroke {
  key: string;
  shift: boolean;
  /** Ctrl, Alt or Meta is held: the browser's or the system's own shortcut. */
  modified: boolean;
  at: number;
}

export interface Waiting {
  prefix: string;
  at: number;
}

/** What a stroke means after what came before: an action, the start of a sequence, or nothing. */
export function meaning(
  stroke: Stroke,
  waiting: Waiting | null,
): { action: string | null; waiting: Waiting | null } {
  if (stroke.modified) return { action: null, waiting: null };
  const name = stroke.shift && /^[a-z]$/i.test(stroke.key)
    ? `Shift+${stroke.key.toLowerCase()}`
    : stroke.key;
  const fresh = waiting && stroke.at - waiting.at <= SEQUENCE_MS ? waiting : null;
  const keys = fresh ? `${fresh.prefix} ${name}` : name;
  const found = BINDINGS.find((binding) => binding.keys === keys);
  if (found) return { action: found.action, waiting: null };
  const starts = !fresh && BINDINGS.some((binding) => binding.keys.startsWith(`${name} `));
  return { action: null, waiting: starts ? { prefix: name, at: stroke.at } : null };
}

export function keysOf(action: string): string {
  return BINDINGS.find((binding) => binding.action === action)?.keys ?? "";
}

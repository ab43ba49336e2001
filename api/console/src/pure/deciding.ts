/** The words of decisions: what each one does and says, and how long it can be undone. */

export const ACTIONS = ["confirm", "dismiss", "snooze", "ban", "limit", "verify", "watch"] as const;
export type Action = (typeof ACTIONS)[number];

interface Wording {
  title: string;
  button: string;
  done: string;
  says: string;
  color: "red" | "blue";
  /** It does something to accounts, so they can be left out. */
  onAccounts: boolean;
}

export const WORDING: Record<Action, Wording> = {
  confirm: {
    title: "Confirm this ring",
    button: "Confirm",
    done: "confirmed",
    says: "The accounts are labelled as fraud; nothing is taken from them yet.",
    color: "blue",
    onAccounts: true,
  },
  dismiss: {
    title: "Dismiss this ring",
    button: "Dismiss",
    done: "dismissed",
    says: "The accounts are labelled as honest, and the model learns from it.",
    color: "blue",
    onAccounts: true,
  },
  snooze: {
    title: "Snooze this ring",
    button: "Snooze",
    done: "snoozed",
    says: "It leaves the queue until the day you name, or until it grows.",
    color: "blue",
    onAccounts: false,
  },
  ban: {
    title: "Ban accounts",
    button: "Ban",
    done: "banned",
    says: "The accounts are closed by your systems as soon as they read this decision.",
    color: "red",
    onAccounts: true,
  },
  limit: {
    title: "Limit accounts",
    button: "Limit",
    done: "limited",
    says: "Your systems are told to throttle these accounts.",
    color: "blue",
    onAccounts: true,
  },
  verify: {
    title: "Ask to verify",
    button: "Ask to verify",
    done: "asked to verify",
    says: "Your systems are told to ask these accounts for a verification.",
    color: "blue",
    onAccounts: true,
  },
  watch: {
    title: "Watch this ring",
    button: "Watch",
    done: "watched",
    says: "Nothing is done to the accounts; the ring stays in view.",
    color: "blue",
    onAccounts: false,
  },
};

/** To the nearest minute: the browser's clock need not be the service's. */
export function undoLeft(until: string, now: number): string {
  const left = (Date.parse(until) - now) / 60_000;
  const minutes = Math.max(1, Math.round(left));
  return left > 0 ? `undo for ${minutes} ${minutes === 1 ? "minute" : "minutes"}` : "undo is over";
}

/**
 * An exploration as seed and steps: the same steps give the same picture for whoever opens the link.
 *
 * In a URL a step is one character and its arguments, joined by dots, steps joined by `~`:
 * `x.ip:9f2c.20` expands, `h` hides, `p` pins, `g` groups, `s` shows a path, `a` adds. Ids may hold
 * dots and tildes, so both are escaped with `!`. Past `LONG` characters the steps are stored as a
 * view and the link names the view.
 */

export type Step =
  | { do: "expand"; id: string; limit: number; facet?: string }
  | { do: "hide"; ids: string[] }
  | { do: "pin"; id: string }
  | { do: "group"; ids: string[] }
  | { do: "path"; from: string; to: string }
  | { do: "add"; ids: string[] };

export const LONG = 1500;

const LETTER: Record<Step["do"], string> = {
  expand: "x",
  hide: "h",
  pin: "p",
  group: "g",
  path: "s",
  add: "a",
};

export function writeSteps(steps: readonly Step[]): string {
  return steps.map((step) => argumentsOf(step).map(escape).join(".")).join("~");
}

/** The steps of `text`; a step that cannot be read is dropped and counted. */
export function readSteps(text: string): { steps: Step[]; dropped: number } {
  if (!text) return { steps: [], dropped: 0 };
  const read = split(text, "~").map((part) => stepOf(split(part, ".").map(unescape)));
  const steps = read.filter((step): step is Step => step !== null);
  return { steps, dropped: read.length - steps.length };
}

function argumentsOf(step: Step): string[] {
  const letter = LETTER[step.do];
  switch (step.do) {
    case "expand":
      return [letter, step.id, String(step.limit), ...(step.facet ? [step.facet] : [])];
    case "path":
      return [letter, step.from, step.to];
    case "pin":
      return [letter, step.id];
    default:
      return [letter, ...step.ids];
  }
}

function stepOf([letter, ...rest]: string[]): Step | null {
  const [first, second, third] = rest;
  if (!first || rest.some((argument) => !argument)) return null;
  switch (letter) {
    case "x": {
      const limit = Number(second);
      if (!Number.isInteger(limit) || limit < 1 || limit > 200) return null;
      return { do: "expand", id: first, limit, ...(third ? { facet: third } : {}) };
    }
    case "s":
      return second ? { do: "path", from: first, to: second } : null;
    case "p":
      return { do: "pin", id: first };
    case "h":
      return { do: "hide", ids: rest };
    case "g":
      return { do: "group", ids: rest };
    case "a":
      return { do: "add", ids: rest };
    default:
      return null;
  }
}

const ESCAPED: Record<string, string> = { "!": "!!", ".": "!d", "~": "!t", "&": "!a" };

function escape(argument: string): string {
  return argument.replace(/[!.~&]/g, (found) => ESCAPED[found] ?? found);
}

function unescape(argument: string): string {
  return argument.replace(/!([!dta])/g, (_, mark: string) =>
    mark === "!" ? "!" : mark === "d" ? "." : mark === "t" ? "~" : "&",
  );
}

function split(text: string, by: string): string[] {
  return text.split(by);
}

/**
 * The table of who shares what, as lines to draw: accounts with the same identifiers are one line.
 *
 * It knows nothing of React. `Held` is the least it needs of a row, so that tests read plainly.
 */

export interface Held {
  id: string;
  has: readonly string[];
}

export interface Line<R extends Held> {
  /** What the rows of the line share; the key of the line. */
  signature: string;
  has: readonly string[];
  rows: R[];
}

/** Groups from this many members on; fewer are shown one by one. */
export const GROUP_FROM = 3;

/** Lines with most identifiers first; within a line the order of the rows is kept. */
export function linesOf<R extends Held>(
  rows: readonly R[],
  columns: readonly string[],
  { grouped = true, groupFrom = GROUP_FROM } = {},
): Line<R>[] {
  const shown = new Set(columns);
  const bySignature = new Map<string, Line<R>>();
  for (const row of rows) {
    const has = row.has.filter((id) => shown.has(id)).toSorted();
    const signature = has.join(" ");
    const line = bySignature.get(signature);
    if (line) line.rows.push(row);
    else bySignature.set(signature, { signature, has, rows: [row] });
  }
  const lines = [...bySignature.values()].flatMap((line) =>
    grouped && line.rows.length >= groupFrom
      ? [line]
      : line.rows.map((row) => ({ ...line, signature: `${line.signature}#${row.id}`, rows: [row] })),
  );
  return lines
    .map((line, place) => ({ line, place }))
    .toSorted((a, b) => b.line.has.length - a.line.has.length || a.place - b.place)
    .map(({ line }) => line);
}

/** Whether a row is in the light: it is selected itself or has everything that is selected. */
export function isLit(row: Held, selected: readonly string[]): boolean {
  if (selected.length === 0) return true;
  const accounts = selected.filter((id) => id.startsWith("account:"));
  const things = selected.filter((id) => !id.startsWith("account:"));
  if (accounts.includes(row.id)) return true;
  return things.length > 0 && things.every((id) => row.has.includes(id));
}

export function litCount(rows: readonly Held[], selected: readonly string[]): number {
  return rows.filter((row) => isLit(row, selected)).length;
}

/** A selection after a click: alone, or added to (or taken from) what is held. */
export function picked(held: readonly string[], id: string, more: boolean): string[] {
  if (more) return held.includes(id) ? held.filter((other) => other !== id) : [...held, id];
  return held.length === 1 && held[0] === id ? [] : [id];
}

/**
 * Places kept apart: what a layout put on top of another moves to the nearest free spot.
 *
 * A force layout knows of circles, not of the names below them, and gives what is tied to nothing
 * no room at all. What was placed before stays where it is.
 */

export interface Spot {
  id: string;
  x: number;
  y: number;
}

export interface Room {
  wide: number;
  high: number;
}

/** What a shape and the name beside it take up, and a shape alone where there are too many to read names. */
export const NAMED: Room = { wide: 132, high: 32 };
export const BARE: Room = { wide: 40, high: 40 };
const GOLDEN = 2.399963;
const TURNS = 400;

/** New places for those of `fresh` that lie too near another one, by id; the others keep theirs. */
export function spread(fresh: readonly Spot[], placed: readonly Spot[], { wide, high } = NAMED): Map<string, Spot> {
  const taken = new Map<string, Spot[]>();
  const cell = (x: number, y: number) => `${Math.floor(x / wide)},${Math.floor(y / high)}`;
  const take = (spot: Spot) => {
    const name = cell(spot.x, spot.y);
    taken.set(name, [...(taken.get(name) ?? []), spot]);
  };
  const free = (x: number, y: number) => {
    for (const dx of [-wide, 0, wide])
      for (const dy of [-high, 0, high])
        for (const other of taken.get(cell(x + dx, y + dy)) ?? [])
          if (Math.abs(other.x - x) < wide && Math.abs(other.y - y) < high) return false;
    return true;
  };
  placed.forEach(take);
  const moved = new Map<string, Spot>();
  for (const spot of fresh) {
    let here = spot;
    for (let turn = 1; !free(here.x, here.y) && turn <= TURNS; turn += 1) {
      // A sunflower's seeds: even in all directions, and no spot twice.
      const far = Math.sqrt(turn);
      here = {
        ...spot,
        x: spot.x + Math.cos(turn * GOLDEN) * far * (wide / 2),
        y: spot.y + Math.sin(turn * GOLDEN) * far * (high / 2),
      };
    }
    if (here !== spot) moved.set(spot.id, here);
    take(here);
  }
  return moved;
}

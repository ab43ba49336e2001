/** Explorations under a name: kept for oneself or for everybody, opened again as they were. */
import { Saved } from "../parts/Saved";
import type { Exploring } from "./address";
import { EXPLORE } from "./address";
import { useAddress } from "../shell/address";

export function ViewMenu({ view }: { view: Exploring }) {
  const [, setView] = useAddress(EXPLORE);
  const { seed, do: steps, hide, asof } = view;
  return (
    <Saved
      screen="explore"
      state={{ seed, do: steps, hide, asof }}
      onApply={(state) => setView({ sel: [], ...(state as Partial<Exploring>) })}
    />
  );
}

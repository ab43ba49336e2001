/** The ring as it was: a slider over the versions that are kept, the last of which is now. */
import { Button, Slider } from "@mantine/core";
import { useFollowing } from "../parts/following";
import { State } from "../parts/States";
import { minute, sentence } from "../pure/format";
import { stopAt, stopsOf, type Stop } from "../pure/versions";
import type { RingDetail } from "../wire/types";

interface Props {
  ring: RingDetail;
  /** Seconds since the epoch; null is now. */
  at: number | null;
  onAt: (at: number | null) => void;
}

export function Versions({ ring, at, onAt }: Props) {
  const stops = stopsOf(ring.versions ?? {});
  const place = stopAt(stops, at);
  const [shown, setShown] = useFollowing(place);
  if (stops.length < 2) return null;
  const last = stops.length - 1;
  const take = (n: number) => onAt(n >= last ? null : stops[n]!.at);
  return (
    <div className="row as-of" role="group" aria-label="As of">
      <span className="small dim">As of</span>
      <Slider
        className="grow"
        size="sm"
        min={0}
        max={last}
        step={1}
        value={Math.min(last, Math.max(0, shown))}
        label={null}
        onChange={setShown}
        onChangeEnd={take}
        thumbLabel="As of version"
      />
      <span className="small tnum as-of-said">{shown >= last ? "now" : nameOf(stops[shown])}</span>
    </div>
  );
}

/** Of a past moment one only reads: it says so, and leads back. */
export function PastBanner({ ring, onNow }: { ring: RingDetail; onNow: () => void }) {
  return (
    <div className="truncated" role="note" data-state="past">
      <span>
        As it was on {minute(ring.as_of)} UTC, version {ring.version}. Of things that are shared, only those that had
        been seen by then. Nothing can be decided from here.
      </span>
      <Button variant="default" size="compact-xs" onClick={onNow}>
        Back to now
      </Button>
    </div>
  );
}

/** Nothing is kept of that moment: which are, and the way back. */
export function NotThen({ why, onNow }: { why: string; onNow: () => void }) {
  return (
    <State
      title="Not known as of then"
      actions={
        <Button variant="default" onClick={onNow}>
          Back to now
        </Button>
      }
    >
      {sentence(why)}.
    </State>
  );
}

function nameOf(stop: Stop | undefined): string {
  return stop ? `${minute(stop.at * 1000)}, version ${stop.version}` : "";
}

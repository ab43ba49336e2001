/** A slider over time: what had been seen by then. Of a past moment only existence is known. */
import { Slider } from "@mantine/core";
import { useFollowing } from "../parts/following";
import { day } from "../pure/format";

const DAY_S = 86_400;

interface Props {
  /** Seconds since the epoch. */
  first: number;
  last: number;
  at: number | null;
  onAt: (at: number | null) => void;
}

export function AsOf({ first, last, at, onAt }: Props) {
  const days = Math.max(1, Math.ceil((last - first) / DAY_S));
  const place = at === null ? days : Math.round((at - first) / DAY_S);
  const [shown, setShown] = useFollowing(place);
  const dayOf = (n: number) => day((first + n * DAY_S) * 1000);
  return (
    <div className="row as-of">
      <span className="small dim" id="as-of-name">
        As of
      </span>
      <Slider
        className="grow"
        size="sm"
        min={0}
        max={days}
        value={Math.min(days, Math.max(0, shown))}
        label={dayOf}
        onChange={setShown}
        onChangeEnd={(n) => onAt(n >= days ? null : first + n * DAY_S)}
        thumbLabel="As of"
      />
      <span className="small tnum" style={{ minWidth: 82 }}>
        {at === null ? "now" : dayOf(shown)}
      </span>
    </div>
  );
}

/** The plain plots of the weekly pipeline, as SVG: lines over runs, bars with intervals, calibration. */
import { useElementSize } from "@mantine/hooks";
import type { ReactNode } from "react";
import { extent, known, percent, roundTicks, spoken, stretches, type Format, type Series } from "../pure/plot";

const HEIGHT = 168;
const LEFT = 46;
const RIGHT = 14;
const TOP = 8;
const BOTTOM = 22;
/** Series differ by colour and by dashes, so that nobody needs to tell colours apart. */
const DASHES = [undefined, "6 3", "2 3", "8 3 2 3", "1 4"];
const COLOURS = ["var(--rs-accent)", "var(--rs-warn)", "var(--rs-good)", "var(--rs-dim)", "var(--rs-bad)"];
const MARKED = "var(--rs-bad)";

export interface LinesProps {
  label: string;
  /** One name a run, as on the axis. */
  names: readonly string[];
  series: readonly Series[];
  format?: Format;
  /** The axis reaches at least this far. */
  least?: number;
  /** A dotted line: a limit, or nothing changed. */
  limit?: number;
}

/** Lines over runs in order; an unknown week is a gap, an interval a thin bar, a marked point is red. */
export function Lines({ label, names, series, format = percent, least = 1, limit }: LinesProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const inner = Math.max(1, width - LEFT - RIGHT);
  const ticks = roundTicks(...extent(series, least), 4);
  const [bottom, top] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const x = (place: number) => LEFT + (names.length < 2 ? inner / 2 : (place / (names.length - 1)) * inner);
  const y = (value: number) => TOP + (1 - (value - bottom) / (top - bottom)) * (HEIGHT - BOTTOM - TOP);
  const every = Math.max(1, Math.ceil(names.length / Math.max(1, Math.floor(inner / 56))));
  return (
    <figure className="plot" ref={ref}>
      <svg width="100%" height={HEIGHT} role="img" aria-label={`${label}. ${spoken(series, names, format)}`}>
        {ticks.map((tick) => (
          <g key={tick}>
            <line x1={LEFT} x2={LEFT + inner} y1={y(tick)} y2={y(tick)} className="plot-grid" />
            <text x={LEFT - 6} y={y(tick) + 4} textAnchor="end">
              {short(tick, format)}
            </text>
          </g>
        ))}
        {limit !== undefined && (
          <line x1={LEFT} x2={LEFT + inner} y1={y(limit)} y2={y(limit)} className="plot-limit" />
        )}
        {series.map((one, at) => (
          <Line key={one.name} series={one} names={names} format={format} at={at} x={x} y={y} />
        ))}
        {names.map(
          (name, place) =>
            place % every === 0 && (
              <text key={name} x={x(place)} y={HEIGHT - 5} textAnchor="middle">
                {name}
              </text>
            ),
        )}
      </svg>
      {series.length > 1 && <Legend names={series.map(({ name }) => name)} />}
    </figure>
  );
}

interface LineProps {
  series: Series;
  names: readonly string[];
  format: Format;
  at: number;
  x: (place: number) => number;
  y: (value: number) => number;
}

function Line({ series, names, format, at, x, y }: LineProps) {
  const { name, values, low, high, marked } = series;
  const colour = COLOURS[at % COLOURS.length];
  return (
    <g>
      {stretches(values).map((places) => (
        <polyline
          key={places[0]}
          points={places.map((place) => `${x(place)},${y(values[place] as number)}`).join(" ")}
          fill="none"
          stroke={colour}
          strokeWidth={2}
          strokeDasharray={DASHES[at % DASHES.length]}
        />
      ))}
      {values.map((value, place) => {
        if (!known(value)) return null;
        const [from, to] = [low?.[place], high?.[place]];
        const bounds = known(from) && known(to);
        const told = bounds ? ` (${format(from)} to ${format(to)})` : "";
        return (
          <g key={names[place]}>
            {bounds && <line x1={x(place)} x2={x(place)} y1={y(from)} y2={y(to)} stroke={colour} opacity={0.6} />}
            <circle cx={x(place)} cy={y(value)} r={3.5} fill={marked?.[place] ? MARKED : colour}>
              <title>{`${names[place]}, ${name}: ${format(value)}${told}`}</title>
            </circle>
          </g>
        );
      })}
    </g>
  );
}

function Legend({ names }: { names: readonly string[] }) {
  return (
    <figcaption className="plot-legend">
      {names.map((name, at) => (
        <span key={name}>
          <svg width={22} height={8} aria-hidden>
            <line
              x1={0}
              x2={22}
              y1={4}
              y2={4}
              stroke={COLOURS[at % COLOURS.length]}
              strokeWidth={2}
              strokeDasharray={DASHES[at % DASHES.length]}
            />
          </svg>
          {name}
        </span>
      ))}
    </figcaption>
  );
}

export interface Bar {
  name: string;
  value: number;
  low: number;
  high: number;
  marked: boolean;
  /** How much it was seen on, told beside the name. */
  seen?: string;
}

const ROW = 20;

interface BarsProps {
  label: string;
  bars: readonly Bar[];
  format?: Format;
  least?: number;
  limit?: number;
}

/** Bars with intervals, in their order; a marked one stands out beyond chance. */
export function Bars({ label, bars, format = (value) => value.toFixed(2), least = 0.2, limit }: BarsProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const names = Math.min(230, Math.max(120, width * 0.4));
  const most = Math.max(least, ...bars.map((bar) => bar.high));
  const x = (value: number) => names + (value / most) * Math.max(1, width - names - 64);
  const told = bars.map((bar) => `${bar.name} ${format(bar.value)}${bar.marked ? " (marked)" : ""}`).join(", ");
  return (
    <figure className="plot" ref={ref}>
      <svg width="100%" height={ROW * bars.length + 8} role="img" aria-label={`${label}. ${told}`}>
        {bars.map((bar, row) => (
          <g key={bar.name} transform={`translate(0 ${row * ROW + 4})`}>
            <title>{`${bar.name}: ${format(bar.value)} (${format(bar.low)} to ${format(bar.high)}) ${bar.seen ?? ""}`}</title>
            <text x={names - 8} y={13} textAnchor="end">
              {bar.name.replaceAll("_", " ")}
              {bar.seen && <tspan className="plot-seen"> {bar.seen}</tspan>}
            </text>
            <rect
              x={names}
              y={4}
              width={Math.max(1, x(bar.value) - names)}
              height={10}
              fill={bar.marked ? MARKED : "var(--rs-accent)"}
            />
            <line x1={x(bar.low)} x2={x(bar.high)} y1={9} y2={9} stroke="currentColor" />
            <text x={x(bar.high) + 6} y={13}>
              {format(bar.value)}
            </text>
          </g>
        ))}
        {limit !== undefined && (
          <line x1={x(limit)} x2={x(limit)} y1={0} y2={ROW * bars.length + 8} className="plot-limit" />
        )}
      </svg>
    </figure>
  );
}

export interface Band {
  accounts: number;
  score: number;
  fraud: number;
  low: number;
  high: number;
}

const SQUARE = 190;

/** Scores against what came of them, band by band; on the dotted line a score means what it says. */
export function Reliability({ label, bands }: { label: string; bands: readonly Band[] }) {
  const side = SQUARE - BOTTOM - TOP;
  const x = (share: number) => LEFT + share * side;
  const y = (share: number) => TOP + (1 - share) * side;
  const told = bands.map((band) => `score ${percent(band.score)}: ${percent(band.fraud)} of ${band.accounts}`);
  return (
    <figure className="plot">
      <svg width={LEFT + side + RIGHT} height={SQUARE} role="img" aria-label={`${label}. ${told.join(", ")}`}>
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line x1={LEFT} x2={LEFT + side} y1={y(share)} y2={y(share)} className="plot-grid" />
            <text x={LEFT - 6} y={y(share) + 4} textAnchor="end">
              {100 * share} %
            </text>
            <text x={x(share)} y={SQUARE - 5} textAnchor="middle">
              {share}
            </text>
          </g>
        ))}
        <line x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} className="plot-limit" />
        {bands.map((band) => (
          <g key={band.score}>
            <title>{`score ${band.score.toFixed(2)}: ${percent(band.fraud)} of ${band.accounts} accounts`}</title>
            <line x1={x(band.score)} x2={x(band.score)} y1={y(band.low)} y2={y(band.high)} stroke="var(--rs-accent)" />
            <circle cx={x(band.score)} cy={y(band.fraud)} r={3.5} fill="var(--rs-accent)" />
          </g>
        ))}
      </svg>
    </figure>
  );
}

/** A plot with its heading and what it means. */
export function Plot({ title, said, children }: { title: string; said: ReactNode; children: ReactNode }) {
  return (
    <div className="plot-cell">
      <h3>{title}</h3>
      {children}
      <p className="dim">{said}</p>
    </div>
  );
}

function short(tick: number, format: Format): string {
  return format(tick).replace(".0 %", " %").replace(/\.0 days$/, "").replace(/ days$/, "");
}

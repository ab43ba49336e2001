/** Two plain plots of the weekly pipeline, as SVG: shares run by run, and drift column by column. */
import { useElementSize } from "@mantine/hooks";

export interface Point {
  name: string;
  value: number | null;
  marked?: boolean;
}

const HEIGHT = 150;
const LEFT = 40;
const BOTTOM = 22;

/** One line over runs in order; a marked point is a refusal. Shares of 0 to 1. */
export function ShareLine({ label, points }: { label: string; points: Point[] }) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const known = points.filter((point) => point.value !== null);
  const inner = Math.max(1, width - LEFT - 12);
  const x = (place: number) => LEFT + (points.length < 2 ? inner / 2 : (place / (points.length - 1)) * inner);
  const y = (share: number) => 8 + (1 - share) * (HEIGHT - BOTTOM - 8);
  const line = points
    .map((point, place) => (point.value === null ? null : `${x(place)},${y(point.value)}`))
    .filter(Boolean)
    .join(" ");
  const every = Math.max(1, Math.ceil(points.length / Math.max(1, Math.floor(inner / 90))));
  return (
    <div ref={ref}>
      <svg width="100%" height={HEIGHT} role="img" aria-label={`${label}: ${told(known)}`}>
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line x1={LEFT} x2={LEFT + inner} y1={y(share)} y2={y(share)} stroke="currentColor" opacity={0.15} />
            <text x={LEFT - 6} y={y(share) + 4} textAnchor="end" fontSize={11} fill="currentColor">
              {share * 100} %
            </text>
          </g>
        ))}
        <polyline points={line} fill="none" stroke="#2f6f9f" strokeWidth={2} />
        {points.map(
          (point, place) =>
            point.value !== null && (
              <circle
                key={point.name}
                cx={x(place)}
                cy={y(point.value)}
                r={4}
                fill={point.marked ? "#b3432b" : "#2f6f9f"}
              >
                <title>{`${point.name}: ${percent(point.value)}${point.marked ? ", refused" : ""}`}</title>
              </circle>
            ),
        )}
        {points.map(
          (point, place) =>
            place % every === 0 && (
              <text key={point.name} x={x(place)} y={HEIGHT - 4} textAnchor="middle" fontSize={11} fill="currentColor">
                {point.name}
              </text>
            ),
        )}
      </svg>
    </div>
  );
}

export interface Bar {
  name: string;
  value: number;
  low: number;
  high: number;
  marked: boolean;
}

const ROW = 20;

/** Bars with intervals, longest first; a marked one moved beyond chance. */
export function Bars({ label, bars }: { label: string; bars: Bar[] }) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const names = 230;
  const most = Math.max(0.2, ...bars.map((bar) => bar.high));
  const x = (value: number) => names + (value / most) * Math.max(1, width - names - 60);
  return (
    <div ref={ref}>
      <svg width="100%" height={ROW * bars.length + 8} role="img" aria-label={label}>
        {bars.map((bar, row) => (
          <g key={bar.name} transform={`translate(0 ${row * ROW + 4})`}>
            <text x={names - 8} y={13} textAnchor="end" fontSize={12} fill="currentColor">
              {bar.name.replaceAll("_", " ")}
            </text>
            <rect
              x={names}
              y={4}
              width={Math.max(1, x(bar.value) - names)}
              height={10}
              fill={bar.marked ? "#b3432b" : "#2f6f9f"}
            />
            <line x1={x(bar.low)} x2={x(bar.high)} y1={9} y2={9} stroke="currentColor" />
            <text x={x(bar.high) + 6} y={13} fontSize={11} fill="currentColor">
              {bar.value.toFixed(2)}
            </text>
          </g>
        ))}
        <line x1={x(0.1)} x2={x(0.1)} y1={0} y2={ROW * bars.length + 8} stroke="currentColor" strokeDasharray="2 3" />
      </svg>
    </div>
  );
}

export function percent(share: number | null | undefined): string {
  return share == null ? "unknown" : `${(100 * share).toFixed(1)} %`;
}

function told(points: Point[]): string {
  return points.map((point) => `${point.name} ${percent(point.value)}`).join(", ") || "nothing yet";
}

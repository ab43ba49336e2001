/**
 * What the ring's accounts did over time, as bars that can be brushed: the window then holds for
 * graph, table and events. Drawn as SVG, so that it stands where no canvas does; the same window can
 * be typed.
 */
import { Button } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { type PointerEvent, useMemo, useState } from "react";
import { barsOf, brushed, readStamp, scaleOf, stamp, heightOf, type Scale, seconds, ticks, toX, widthName } from "../pure/bars";
import { count, day, minute, plural, words } from "../pure/format";
import type { Timeline } from "../wire/types";
import type { Window } from "./data";

const HEIGHT = 64;
const AXIS = 16;
/** How wide a letter of the axis is at most (px). */
const LETTER = 6.5;
export const EVENT_COLOR: Record<string, string> = {
  signup: "#d4544a",
  payment: "#d98a1f",
  session: "#7b6bd6",
  request: "#4a90d9",
  prompt: "#4a90d9",
  enforcement: "#2f9e77",
  label: "#8a95a1",
};

interface Props {
  whole: Timeline;
  /** The time in which nearly everything happened, and how many events lie before it. */
  busy: { timeline: Timeline; before: number } | null;
  window: Window;
  onWindow: (window: Window) => void;
}

export function TimelineStrip({ whole, busy, window, onWindow }: Props) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const [all, setAll] = useState(false);
  const early = all || !busy || (window.from !== null && window.from < seconds(busy.timeline.start));
  const timeline = early ? whole : busy.timeline;
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const kinds = useMemo(() => ordered(timeline.kinds), [timeline]);
  const bars = useMemo(() => barsOf(timeline.buckets, kinds), [timeline, kinds]);
  const most = Math.max(1, ...bars.map((bar) => bar.total));
  const scale = scaleOf(timeline, width);
  const wide = Math.max(1.5, toX(scale.start + timeline.bucket_s, scale) - 1);
  const at = (event: PointerEvent<SVGSVGElement>) =>
    event.clientX - event.currentTarget.getBoundingClientRect().left;
  const release = () => {
    if (!drag) return;
    const found = brushed(drag[0], drag[1], scale, timeline.bucket_s);
    setDrag(null);
    onWindow(found ?? { from: null, to: null });
  };
  const shaded = drag
    ? ([Math.min(...drag), Math.max(...drag)] as const)
    : window.from !== null && window.to !== null
      ? ([toX(window.from, scale), toX(window.to, scale)] as const)
      : null;
  return (
    <section className="panel timeline" aria-label="Timeline">
      <div className="panel-head">
        <h2>Timeline</h2>
        <Legend kinds={kinds} bars={timeline} />
        {busy && (
          <Button variant="subtle" size="compact-xs" onClick={() => setAll(!all)}>
            {early ? "Only the busy time" : `Show ${plural(busy.before, "earlier event")}`}
          </Button>
        )}
        <div className="aside">
          <WindowFields scale={scale} window={window} onWindow={onWindow} />
        </div>
      </div>
      <div className="timeline-plot">
        {/* Measured with its border and padding, so by an element that has none. */}
        <div ref={ref}>
          <svg
            width="100%"
            height={HEIGHT + AXIS}
            role="img"
            aria-label={`Events by ${widthName(timeline.bucket_s)} from ${day(timeline.start)} to ${day(timeline.end)}`}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              setDrag([at(event), at(event)]);
            }}
            onPointerMove={(event) => drag && setDrag([drag[0], at(event)])}
            onPointerUp={release}
            onPointerCancel={() => setDrag(null)}
          >
            {ticks(scale.start, scale.end, Math.max(2, width / 90)).map((tick) => (
              <g key={tick} transform={`translate(${toX(tick, scale)},0)`}>
                <line y2={HEIGHT} className="tick" />
                <text x={inset(tick, scale)} y={HEIGHT + 12} className="tick-label">
                  {tickLabel(tick, scale)}
                </text>
              </g>
            ))}
            {bars.map((bar) => (
              <g key={bar.at} transform={`translate(${toX(bar.at, scale)},0)`}>
                <title>
                  {`${minute(bar.at * 1000)}: ${bar.parts.map((part) => `${count(part.to - part.from)} ${words(part.kind).toLowerCase()}`).join(", ")}`}
                </title>
                {bar.parts.map((part) => {
                  const full = heightOf(bar.total, most, HEIGHT - 4);
                  const share = full / bar.total;
                  return (
                    <rect
                      key={part.kind}
                      width={wide}
                      y={HEIGHT - part.to * share}
                      height={Math.max(0.5, (part.to - part.from) * share)}
                      fill={EVENT_COLOR[part.kind] ?? "#8a95a1"}
                    />
                  );
                })}
              </g>
            ))}
            {shaded && (
              <rect
                className="brush"
                x={shaded[0]}
                width={Math.max(1, shaded[1] - shaded[0])}
                height={HEIGHT}
              />
            )}
          </svg>
        </div>
      </div>
    </section>
  );
}

const ORDER = ["signup", "payment", "session", "request", "prompt", "enforcement", "label"];

function ordered(kinds: readonly string[]): string[] {
  const place = (kind: string) => (ORDER.indexOf(kind) + ORDER.length + 1) % (ORDER.length + 1);
  return kinds.toSorted((a, b) => place(a) - place(b));
}

function Legend({ kinds, bars }: { kinds: string[]; bars: Timeline }) {
  const totals = new Map<string, number>();
  for (const bucket of bars.buckets)
    for (const [kind, n] of Object.entries(bucket.counts)) totals.set(kind, (totals.get(kind) ?? 0) + n);
  return (
    <div className="row wrap small dim" style={{ gap: 12 }}>
      {kinds.map((kind) => (
        <span key={kind} className="row" style={{ gap: 4 }}>
          <span className="kind-dot" style={{ background: EVENT_COLOR[kind] ?? "#8a95a1", borderRadius: 2 }} />
          {words(kind)} <span className="tnum">{count(totals.get(kind) ?? 0)}</span>
        </span>
      ))}
    </div>
  );
}

interface FieldsProps {
  scale: Scale;
  window: Window;
  onWindow: (window: Window) => void;
}

/** The window in words, and as fields for those who do not drag. */
function WindowFields({ scale, window, onWindow }: FieldsProps) {
  const field = (label: string, value: number | null, usual: number, take: (at: number) => Window) => {
    const shown = stamp(value ?? usual);
    return (
      <input
        key={shown}
        className="when mono"
        aria-label={`${label}, year-month-day hours:minutes, UTC`}
        defaultValue={shown}
        maxLength={16}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
        onBlur={(event) => {
          const at = readStamp(event.currentTarget.value);
          if (at === null) event.currentTarget.value = shown;
          else if (event.currentTarget.value !== shown) onWindow(take(at));
        }}
      />
    );
  };
  const { from, to } = window;
  return (
    <>
      {field("From", from, scale.start, (at) => ({ from: at, to: to ?? scale.end }))}
      <span className="dim">–</span>
      {field("To", to, scale.end, (at) => ({ from: from ?? scale.start, to: at }))}
      <Button
        variant="default"
        size="compact-xs"
        disabled={from === null && to === null}
        onClick={() => onWindow({ from: null, to: null })}
      >
        All time
      </Button>
    </>
  );
}

/** How far a label moves to the left of its line, so that the edge does not cut it. */
function inset(at: number, scale: Scale): number {
  return Math.min(0, scale.width - toX(at, scale) - tickLabel(at, scale).length * LETTER);
}

function tickLabel(at: number, { start, end }: Scale): string {
  const shown = minute(at * 1000);
  return end - start > 4 * 86_400 ? shown.split(",")[0]! : shown;
}

/** Small pieces that every screen uses: a score, a kind, a case's status, an entity's name. */
import { Tooltip } from "@mantine/core";
import { Link } from "wouter";
import { kindName, kindOf, score as formatted, shortKey } from "../pure/format";
import { KIND_STYLE } from "../pure/kinds";

export function Score({ value }: { value: number | null | undefined }) {
  const level = value == null ? "" : value >= 0.9 ? "high" : value >= 0.7 ? "middle" : "";
  return <span className={`score ${level}`}>{formatted(value)}</span>;
}

const STATUS: Record<string, [string, string]> = {
  open: ["Open", ""],
  confirmed: ["Confirmed", "bad"],
  dismissed: ["Dismissed", "good"],
  snoozed: ["Snoozed", "warn"],
  banned: ["Banned", "bad"],
  limited: ["Limited", "warn"],
  verify: ["Asked to verify", "warn"],
  verified: ["Asked to verify", "warn"],
  watched: ["Watched", "accent"],
  acted: ["Acted on", "bad"],
  active: ["Active", ""],
  dormant: ["Dormant", ""],
};

export function Status({ value }: { value: string | null | undefined }) {
  if (!value) return null;
  const [label, tone] = STATUS[value] ?? [value.replaceAll("_", " "), ""];
  return <span className={`pill ${tone}`}>{label}</span>;
}

/** The shapes of the graph, for a dot of nine pixels. */
const OUTLINE: Record<string, string> = {
  diamond: "polygon(50% 0, 100% 50%, 50% 100%, 0 50%)",
  triangle: "polygon(50% 4%, 100% 96%, 0 96%)",
  hexagon: "polygon(25% 4%, 75% 4%, 100% 50%, 75% 96%, 25% 96%, 0 50%)",
  octagon: "polygon(30% 0, 70% 0, 100% 30%, 100% 70%, 70% 100%, 30% 100%, 0 70%, 0 30%)",
  "round-tag": "polygon(0 10%, 65% 10%, 100% 50%, 65% 90%, 0 90%)",
};

export function KindDot({ kind }: { kind: string }) {
  const style = KIND_STYLE[kind] ?? KIND_STYLE.other!;
  const round = style.shape === "ellipse" ? "50%" : "2px";
  return (
    <span
      className="kind-dot"
      aria-hidden="true"
      style={{ background: style.color, borderRadius: round, clipPath: OUTLINE[style.shape] }}
    />
  );
}

interface EntityProps {
  id: string;
  label?: string | null;
  link?: boolean;
  withKind?: boolean;
  max?: number;
}

export function entityPath(id: string): string {
  return `/entities/${encodeURIComponent(id)}`;
}

/** An entity's kind and name; a link to its page unless a row already is one. */
export function EntityName({ id, label, link = true, withKind = false, max = 18 }: EntityProps) {
  const shown = shortKey(label ? `:${label}` : id, max);
  const kind = kindOf(id);
  const name = (
    <>
      <KindDot kind={kind} />
      {withKind && <span className="dim">{kindName(kind)}</span>}
      <span className="mono clip">{shown}</span>
    </>
  );
  return (
    <Tooltip label={`${kindName(kind)} ${label ?? id.slice(id.indexOf(":") + 1)}`}>
      {link ? (
        <Link href={entityPath(id)} className="row" style={{ gap: 6, display: "inline-flex" }}>
          {name}
        </Link>
      ) : (
        <span className="row" style={{ gap: 6, display: "inline-flex" }}>
          {name}
        </span>
      )}
    </Tooltip>
  );
}

/** What the queue says of a ring. */
import { type ColumnDef, createColumnHelper } from "@tanstack/react-table";
import { createContext, useContext } from "react";
import { Link } from "wouter";
import { KindDot, Score, Status } from "../parts/Pieces";
import { compact, count, day, kindName, minute, words } from "../pure/format";
import { type Look, newsOf } from "../pure/news";
import type { RingSummary } from "../wire/types";

/** What this browser last saw of each ring. */
export const Looks = createContext<ReadonlyMap<string, Look>>(new Map());

const column = createColumnHelper<RingSummary>();

export const COLUMNS: ColumnDef<RingSummary, any>[] = [
  column.accessor("score", {
    header: "Score",
    cell: ({ getValue }) => <Score value={getValue()} />,
    meta: { width: 56 },
  }),
  column.accessor("title", {
    header: "Ring",
    cell: ({ row: { original: ring } }) => (
      <>
        <Link href={`/rings/${ring.id}`} className="queue-title">
          <span>{headline(ring.title)}</span>
        </Link>
        <Story ring={ring} />
      </>
    ),
    meta: { room: "wraps" },
  }),
  column.accessor("accounts", {
    header: "Accounts",
    cell: ({ row: { original: ring } }) => (
      <>
        {count(ring.accounts)}
        {(ring.new_accounts_24h ?? 0) > 0 && (
          <span className="bad strong small queue-under">+{count(ring.new_accounts_24h ?? 0)} in 24 h</span>
        )}
      </>
    ),
    meta: { number: true, width: 84 },
  }),
  column.accessor("exchanges_7d", {
    header: "Asked, 7 d",
    cell: ({ row: { original: ring } }) => <Asked ring={ring} />,
    meta: { number: true, width: 84 },
  }),
  column.accessor("identifiers", {
    header: "Shared",
    cell: ({ getValue }) => <Shared counts={getValue()} />,
    meta: { width: 150 },
  }),
  column.accessor("last_seen", {
    header: "Last activity",
    cell: ({ row: { original: ring } }) => (
      <span className="tnum">
        {minute(ring.last_seen)}
        <span className="dim small queue-under">since {day(ring.first_seen)}</span>
      </span>
    ),
    meta: { width: 118 },
  }),
  column.accessor("status", {
    header: "Status",
    cell: ({ row: { original: ring } }) => (
      <span className="row" style={{ gap: 4 }}>
        <Status value={ring.status} />
        {ring.life !== "active" && <Status value={ring.life} />}
      </span>
    ),
    meta: { width: 100 },
  }),
  column.accessor("assignee", {
    header: "Assignee",
    cell: ({ getValue }) => getValue() ?? <span className="dim">nobody</span>,
    meta: { width: 96 },
  }),
];

/** The title's second half: the table has the number of accounts in a column of its own. */
export function headline(title: string): string {
  const said = title.replace(/^\d+ accounts(: )?/, "");
  return said ? said.slice(0, 1).toUpperCase() + said.slice(1) : title;
}

/** The line under the title: what the ring is for, on which figure, and what happened to it. */
function Story({ ring }: { ring: RingSummary }) {
  const seen = useContext(Looks).get(ring.id);
  const news = newsOf(ring, seen);
  const regrown = ring.turn?.change === "regrown" ? [] : (ring.regrown_from ?? []);
  return (
    <span className="queue-story small">
      <span className={ring.verdict === "unclear" ? "dim" : "strong"}>{words(ring.verdict)}</span>
      {ring.purpose && <span className="dim">{ring.purpose}</span>}
      {news && <span className={news.fresh ? "accent strong" : "dim"}>{news.text}</span>}
      {regrown.length > 0 && <span className="bad">regrown from {regrown.join(", ")}</span>}
      <span className="mono dim">{ring.id}</span>
    </span>
  );
}

/** What the ring's accounts asked of late: what goes on being lost while nobody decides. */
function Asked({ ring }: { ring: RingSummary }) {
  const { exchanges_7d: week, exchanges_24h: lately } = ring;
  if (week == null) return <span className="dim">–</span>;
  return (
    <span title={`${count(week)} requests in the week before the refresh, ${count(lately ?? 0)} in its last day`}>
      {compact(week)}
      {(lately ?? 0) > 0 && <span className="dim small queue-under">{compact(lately ?? 0)} last day</span>}
    </span>
  );
}

function Shared({ counts }: { counts: Record<string, number> }) {
  const held = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  return (
    <span className="row" style={{ gap: 9 }}>
      {held.slice(0, 5).map(([kind, n]) => (
        <span
          key={kind}
          className="row tnum"
          style={{ gap: 4 }}
          title={`${n} ${kindName(kind, n)}`}
        >
          <KindDot kind={kind} />
          {count(n)}
          <span className="visually-hidden">{kindName(kind, n)}</span>
        </span>
      ))}
    </span>
  );
}


/** What the queue says of a ring. */
import { type ColumnDef, createColumnHelper } from "@tanstack/react-table";
import { Link } from "wouter";
import { KindDot, Score, Status } from "../parts/Pieces";
import { count, day, kindName, minute } from "../pure/format";
import type { RingSummary } from "../wire/types";

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
      <Link href={`/rings/${ring.id}`} className="queue-title">
        <span className="clip">{headline(ring.title)}</span>
        <span className="mono dim small">{ring.id}</span>
      </Link>
    ),
    meta: { room: "wide" },
  }),
  column.accessor("accounts", {
    header: "Accounts",
    cell: ({ getValue }) => count(getValue()),
    meta: { number: true, width: 74 },
  }),
  column.accessor("new_accounts_24h", {
    header: "+24 h",
    cell: ({ getValue }) =>
      getValue() ? <span className="bad strong">+{count(getValue())}</span> : <span className="dim">0</span>,
    meta: { number: true, width: 56 },
  }),
  column.accessor("identifiers", {
    header: "Shared",
    cell: ({ getValue }) => <Shared counts={getValue()} />,
    meta: { width: 150 },
  }),
  column.accessor("first_seen", {
    header: "First seen",
    cell: ({ getValue }) => <span className="tnum">{day(getValue())}</span>,
    meta: { width: 96 },
  }),
  column.accessor("last_seen", {
    header: "Last activity",
    cell: ({ getValue }) => <span className="tnum">{minute(getValue())}</span>,
    meta: { width: 110 },
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


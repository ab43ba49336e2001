/** Links of the audit chain as a table, latest first. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { type ColumnDef, createColumnHelper } from "@tanstack/react-table";
import { Link } from "wouter";
import { DataTable } from "../parts/DataTable";
import { EntityName } from "../parts/Pieces";
import { Failure, Latest, Loading, State } from "../parts/States";
import { minute, words } from "../pure/format";
import { KIND_STYLE } from "../pure/kinds";
import { type AuditFilters, auditPage } from "../wire/cases";
import type { AuditRow } from "../wire/types";

const column = createColumnHelper<AuditRow>();

const COLUMNS: ColumnDef<AuditRow, any>[] = [
  column.accessor("at", {
    header: "When (UTC)",
    cell: ({ getValue }) => <span className="tnum">{minute(getValue())}</span>,
    meta: { width: 110 },
  }),
  column.accessor("actor_name", { header: "Who", meta: { width: 130 } }),
  column.accessor("action", {
    header: "Did what",
    cell: ({ getValue }) => words(String(getValue()).replaceAll(".", " ")),
    meta: { width: 150 },
  }),
  column.accessor("subject", {
    header: "To what",
    cell: ({ getValue }) => <Subject id={getValue() ?? null} />,
    meta: { width: 180 },
  }),
  column.accessor("detail", {
    header: "Why and how",
    cell: ({ getValue }) => <span className="small told">{told(getValue())}</span>,
    meta: { room: "wraps" },
  }),
];

function Subject({ id }: { id: string | null }) {
  if (!id) return <span className="dim">–</span>;
  if (id.startsWith("ring:")) return <Link href={`/rings/${id.slice(5)}`} className="mono">{id.slice(5)}</Link>;
  // Of a key, an appeal or a list there is no page.
  if ((id.split(":")[0] ?? "") in KIND_STYLE) return <EntityName id={id} />;
  return <span className="mono">{id}</span>;
}

/** What stands in the columns beside it, or names nothing to a person. */
const ELSEWHERE = new Set(["reason", "id", "ring_id", "author"]);

/** The facts of a link in one line; the reason comes first. */
export function told(detail: Record<string, unknown> | null | undefined): string {
  if (!detail) return "";
  const { reason } = detail;
  const others = Object.entries(detail)
    .filter(([name, value]) => !ELSEWHERE.has(name) && value !== null && value !== "" && value !== false)
    .filter(([, value]) => !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => fact(words(name).toLowerCase(), value));
  return [typeof reason === "string" && reason ? `“${reason}”` : "", ...others].filter(Boolean).join(" · ");
}

function fact(name: string, value: unknown): string {
  if (value === true) return name;
  if (Array.isArray(value) && value.length > 3) return `${value.length} ${name}`;
  return `${name} ${short(value)}`;
}

function short(value: unknown): string {
  if (Array.isArray(value)) return value.map(short).join(", ");
  if (typeof value === "object" && value !== null) return `${Object.keys(value).length} entries`;
  return String(value);
}

export function AuditTable({ filters, what }: { filters: AuditFilters; what: string }) {
  const audit = useInfiniteQuery({
    queryKey: ["audit", filters],
    queryFn: ({ pageParam, signal }) => auditPage(filters, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  const rows = audit.data?.pages.flatMap((page) => page.items) ?? [];
  if (audit.isPending) return <Loading />;
  if (audit.error && rows.length === 0) {
    return <Failure error={audit.error} what="log" onRetry={() => void audit.refetch()} />;
  }
  if (rows.length === 0) return <State title={`Nobody has done anything to this ${what} yet`} />;
  return (
    <>
      <DataTable label="Audit log" columns={COLUMNS} rows={rows} rowId={(row) => String(row.seq)} maxHeight={640} />
      <Latest shown={rows.length} pages={audit} />
    </>
  );
}

/** The ring's accounts, firmest members first; ticks say who an action takes in. */
import { type ColumnDef, createColumnHelper } from "@tanstack/react-table";
import { useMemo } from "react";
import { DataTable } from "../parts/DataTable";
import { EntityName, Score, Status } from "../parts/Pieces";
import { Failure, Loading, Truncated } from "../parts/States";
import { day, words } from "../pure/format";
import type { Member } from "../wire/types";
import { useAccounts } from "./data";

const column = createColumnHelper<Member>();

const COLUMNS: ColumnDef<Member, any>[] = [
  column.accessor("account_id", {
    header: "Account",
    cell: ({ row: { original } }) => (
      <>
        <EntityName id={original.id} />
        <span className="small dim queue-under">{origin(original)}</span>
      </>
    ),
  }),
  column.accessor("score", {
    header: "Score",
    cell: ({ getValue }) => <Score value={getValue()} />,
    meta: { width: 60 },
  }),
  column.accessor("strength", {
    header: "Belongs",
    cell: ({ getValue }) => `${Math.round(getValue() * 100)} %`,
    meta: { number: true, width: 62 },
  }),
  column.accessor("shared", { header: "Shares", meta: { number: true, width: 54 } }),
  column.accessor("created_at", {
    header: "Signed up",
    cell: ({ getValue }) => <span className="tnum">{day(getValue())}</span>,
    meta: { width: 92 },
  }),
  column.accessor("status", {
    header: "Status",
    cell: ({ getValue }) => <Status value={getValue() ?? "active"} />,
    meta: { width: 84 },
  }),
];

/** Where it came from, by which way and on which plan. */
function origin({ country, pathway, plan }: Member): string {
  const facts = [country, pathway && words(pathway), plan && words(plan)];
  return facts.filter(Boolean).join(" · ");
}

interface Props {
  ringId: string;
  asOf?: string;
  out: ReadonlySet<string>;
  onOut: (out: ReadonlySet<string>) => void;
  selected: readonly string[];
  lit: (id: string) => boolean;
}

export function Accounts({ ringId, asOf, out, onOut, selected, lit }: Props) {
  const accounts = useAccounts(ringId, asOf);
  const rows = useMemo(() => accounts.data?.pages.flatMap((page) => page.items) ?? [], [accounts.data]);
  const ticked = useMemo(
    () => new Set(rows.filter((row) => !out.has(row.id)).map((row) => row.id)),
    [rows, out],
  );
  if (accounts.isPending) return <Loading />;
  if (accounts.error && rows.length === 0) {
    return <Failure error={accounts.error} what="list" onRetry={() => void accounts.refetch()} />;
  }
  const take = (now: ReadonlySet<string>) => {
    const shown = rows.map((row) => row.id);
    const elsewhere = [...out].filter((id) => !shown.includes(id));
    onOut(new Set([...elsewhere, ...shown.filter((id) => !now.has(id))]));
  };
  return (
    <>
      <DataTable
        label="Accounts of the ring"
        columns={COLUMNS}
        rows={rows}
        rowId={(row) => row.id}
        rowName={(row) => `account ${row.account_id}`}
        ticked={ticked}
        onTick={take}
        rowClass={(row) => (selected.includes(row.id) ? "picked" : lit(row.id) ? "" : "faded")}
        keys
      />
      <Truncated
        shown={rows.length}
        total={accounts.data?.pages[0]?.total ?? 0}
        order="firmest"
        busy={accounts.isFetchingNextPage}
        onMore={() => void accounts.fetchNextPage()}
      />
    </>
  );
}

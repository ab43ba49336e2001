/** What the ring's accounts did, latest first, within the window of the timeline. */
import { Button } from "@mantine/core";
import { type ColumnDef, createColumnHelper } from "@tanstack/react-table";
import { DataTable } from "../parts/DataTable";
import { EntityName } from "../parts/Pieces";
import { Failure, Latest, Loading, State } from "../parts/States";
import { minute, words } from "../pure/format";
import type { Happening } from "../wire/types";
import { useEvents, type Window } from "./data";
import { EVENT_COLOR } from "./TimelineStrip";

const column = createColumnHelper<Happening>();

const EVENT_COLUMNS: ColumnDef<Happening, any>[] = [
  column.accessor("t", {
    header: "When (UTC)",
    cell: ({ getValue }) => <span className="tnum">{minute(getValue())}</span>,
    meta: { width: 104 },
  }),
  column.accessor("kind", {
    header: "What",
    cell: ({ getValue, row: { original } }) => (
      <>
        <span className="row" style={{ gap: 6 }}>
          <span className="kind-dot" style={{ background: EVENT_COLOR[getValue()] ?? "#8a95a1", borderRadius: 2 }} />
          {words(getValue())}
        </span>
        {original.detail && <span className="small dim">{original.detail}</span>}
      </>
    ),
    meta: { room: "wraps" },
  }),
  column.accessor("account", {
    header: "Account",
    cell: ({ getValue }) => <EntityName id={prefixed(getValue())} />,
    meta: { width: 150 },
  }),
  column.accessor("entity", {
    header: "With what",
    cell: ({ getValue }) => getValue() && <EntityName id={getValue()} max={12} />,
    meta: { width: 130 },
  }),
];

const prefixed = (account: string): string => (account.includes(":") ? account : `account:${account}`);

export function EventTable({ rows, maxHeight }: { rows: readonly Happening[]; maxHeight: number }) {
  return (
    <DataTable
      label="Events"
      columns={EVENT_COLUMNS}
      rows={rows}
      rowId={(row) => `${row.t} ${row.kind} ${row.account} ${row.entity ?? ""} ${row.detail}`}
      maxHeight={maxHeight}
    />
  );
}

interface Props {
  ringId: string;
  window: Window;
  asOf?: string;
  onClear: () => void;
}

export function Events({ ringId, window, asOf, onClear }: Props) {
  const events = useEvents(ringId, window, asOf);
  const rows = events.data?.pages.flatMap((page) => page.items) ?? [];
  if (events.isPending) return <Loading />;
  if (events.error && rows.length === 0) {
    return <Failure error={events.error} what="list" onRetry={() => void events.refetch()} />;
  }
  if (rows.length === 0) {
    return (
      <State
        title="No events in this window"
        actions={
          <Button variant="default" onClick={onClear}>
            Clear the window
          </Button>
        }
      />
    );
  }
  return (
    <>
      <EventTable rows={rows} maxHeight={560} />
      <Latest shown={rows.length} pages={events} />
    </>
  );
}

/**
 * The one table: a header that stays, a cursor for the keyboard, check boxes, rows drawn as needed.
 *
 * `j`, `k`, `Enter` and `x` move, open and select. Beyond `VIRTUAL_FROM` rows only those in view are
 * in the document. It knows nothing of what the rows are.
 */
import { Checkbox } from "@mantine/core";
import {
  type ColumnDef,
  flexRender,
  getCoreRowModel,
  type Row,
  type RowData,
  useReactTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useKeys } from "../shell/keyboard";

declare module "@tanstack/react-table" {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- the interface is TanStack's
  interface ColumnMeta<TData extends RowData, TValue> {
    number?: boolean;
    width?: number | string;
    /** Takes the room that is left and cuts its text, or lets it run over lines. */
    room?: "wide" | "wraps";
  }
}

const VIRTUAL_FROM = 120;
const ROW_PX = 33;

export interface DataTableProps<T> {
  label: string;
  columns: ColumnDef<T, any>[];
  rows: readonly T[];
  rowId: (row: T) => string;
  onOpen?: (row: T) => void;
  /** Ids of rows that are ticked; leave out for a table without check boxes. */
  ticked?: ReadonlySet<string>;
  onTick?: (ids: ReadonlySet<string>) => void;
  rowClass?: (row: T) => string;
  rowName?: (row: T) => string;
  /** Take j, k, Enter and x while this table is shown. */
  keys?: boolean;
  maxHeight?: number | string;
}

export function DataTable<T>(props: DataTableProps<T>) {
  const { label, columns, rows, rowId, onOpen, ticked, onTick, maxHeight } = props;
  const table = useReactTable({
    data: rows as T[],
    columns,
    getRowId: rowId,
    getCoreRowModel: getCoreRowModel(),
  });
  const scroller = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useCursor(props, scroller);
  const model = table.getRowModel().rows;
  const virtual = model.length > VIRTUAL_FROM;
  const window = useVirtualizer({
    count: model.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    enabled: virtual,
  });
  const drawn = virtual ? window.getVirtualItems() : null;
  const above = drawn?.[0]?.start ?? 0;
  const below = drawn ? window.getTotalSize() - (drawn.at(-1)?.end ?? 0) : 0;
  const shown = drawn ? drawn.map((item) => model[item.index]!) : model;
  const span = columns.length + (ticked ? 1 : 0);
  return (
    <div
      className="table-wrap"
      ref={scroller}
      style={{ maxHeight: virtual ? (maxHeight ?? 560) : maxHeight }}
      // A pane that scrolls must be reachable by the keyboard.
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      <table className="data" aria-label={label} aria-rowcount={rows.length}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {ticked && (
                <th style={{ width: 28 }}>
                  <TickAll rows={rows} rowId={rowId} ticked={ticked} onTick={onTick} />
                </th>
              )}
              {group.headers.map((header) => (
                <th
                  key={header.id}
                  className={header.column.columnDef.meta?.number ? "num" : undefined}
                  style={{ width: header.column.columnDef.meta?.width }}
                >
                  {flexRender(header.column.columnDef.header, header.getContext())}
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {above > 0 && <Gap height={above} span={span} />}
          {shown.map((row, n) => (
            <Line
              key={row.id}
              row={row}
              index={drawn ? drawn[n]!.index : n}
              measured={virtual ? window.measureElement : undefined}
              {...props}
              cursor={row.id === cursor}
              onPoint={() => setCursor(row.id)}
              onOpen={onOpen}
            />
          ))}
          {below > 0 && <Gap height={below} span={span} />}
        </tbody>
      </table>
    </div>
  );
}

function useCursor<T>(
  { rows, rowId, onOpen, ticked, onTick, keys = false }: DataTableProps<T>,
  scroller: React.RefObject<HTMLDivElement | null>,
) {
  const [cursor, setCursor] = useState<string | null>(null);
  const at = rows.findIndex((row) => rowId(row) === cursor);
  const current = rows[at];
  useEffect(() => {
    if (!cursor) return;
    const line = scroller.current?.querySelector(`[data-row="${CSS.escape(cursor)}"]`);
    line?.scrollIntoView({ block: "nearest" });
  }, [cursor, scroller]);
  const move = (by: number) => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
    if (next) setCursor(rowId(next));
  };
  useKeys(
    keys
      ? {
          "next-row": () => move(1),
          "previous-row": () => move(-1),
          "open-row": current && onOpen && (() => onOpen(current)),
          "select-row": current && ticked && (() => onTick?.(toggled(ticked, rowId(current)))),
        }
      : {},
  );
  return [cursor, setCursor] as const;
}

export function toggled(held: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(held);
  if (!next.delete(id)) next.add(id);
  return next;
}

interface LineProps<T> extends DataTableProps<T> {
  row: Row<T>;
  index: number;
  /** Takes the row's true height: a row of several lines is taller than most. */
  measured?: (row: HTMLTableRowElement | null) => void;
  cursor: boolean;
  onPoint: () => void;
}

function Line<T>(props: LineProps<T>) {
  const { row, onOpen, ticked, onTick, rowClass, rowName, cursor, onPoint, index, measured } = props;
  const names = [rowClass?.(row.original), cursor && "cursor", onOpen && "openable"];
  return (
    <tr
      data-row={row.id}
      data-index={index}
      ref={measured}
      className={names.filter(Boolean).join(" ")}
      onClick={(event) => {
        if ((event.target as HTMLElement).closest("a, button, input, label")) return;
        onPoint();
        onOpen?.(row.original);
      }}
    >
      {ticked && (
        <td>
          <Checkbox
            aria-label={`Select ${rowName?.(row.original) ?? row.id}`}
            checked={ticked.has(row.id)}
            onChange={() => onTick?.(toggled(ticked, row.id))}
          />
        </td>
      )}
      {row.getVisibleCells().map((cell) => (
        <td
          key={cell.id}
          className={cell.column.columnDef.meta?.number ? "num" : cell.column.columnDef.meta?.room}
        >
          {flexRender(cell.column.columnDef.cell, cell.getContext()) as ReactNode}
        </td>
      ))}
    </tr>
  );
}

function TickAll<T>({
  rows,
  rowId,
  ticked,
  onTick,
}: Pick<DataTableProps<T>, "rows" | "rowId" | "onTick"> & { ticked: ReadonlySet<string> }) {
  const all = rows.length > 0 && rows.every((row) => ticked.has(rowId(row)));
  const some = rows.some((row) => ticked.has(rowId(row)));
  return (
    <Checkbox
      aria-label="Select all rows"
      checked={all}
      indeterminate={some && !all}
      onChange={() => onTick?.(all ? new Set() : new Set(rows.map(rowId)))}
    />
  );
}

function Gap({ height, span }: { height: number; span: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={span} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

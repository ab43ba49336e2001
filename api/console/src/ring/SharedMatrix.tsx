/**
 * Who shares what: identifiers as columns, accounts as rows, identical accounts as one row.
 *
 * A column's head selects its identifier and dims who does not have it; ticks say who an action takes
 * in. This table holds everything the graph shows, so nothing needs a canvas.
 */
import { Button, Checkbox, Tooltip } from "@mantine/core";
import { useMemo, useState } from "react";
import { Loading, State, Truncated } from "../parts/States";
import { entityPath, KindDot } from "../parts/Pieces";
import { count, kindName, plural, shortKey } from "../pure/format";
import { isLit, type Line, linesOf, litCount, picked } from "../pure/matrix";
import type { Node, SharedRow } from "../wire/types";
import { Link } from "wouter";

const COLUMNS_FIRST = 18;

interface Row {
  id: string;
  has: string[];
  account: Node;
}

interface Props {
  identifiers: Node[];
  rows: SharedRow[];
  total: number;
  loading: boolean;
  selected: string[];
  hidden: readonly string[];
  /** Accounts in the window; null when there is no window. */
  inside: ReadonlySet<string> | null;
  out: ReadonlySet<string>;
  onOut: (out: ReadonlySet<string>) => void;
  onSelect: (ids: string[]) => void;
  onMore?: () => void;
  onClearWindow: () => void;
  onWhatIf?: () => void;
}

export function SharedMatrix(props: Props) {
  const { identifiers, rows, total, selected, hidden, inside, out, onOut, onSelect } = props;
  const [wide, setWide] = useState(false);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const usable = useMemo(
    () => identifiers.filter((node) => !hidden.includes(node.kind)),
    [identifiers, hidden],
  );
  const columns = useMemo(() => columnsOf(usable, wide, selected), [usable, wide, selected]);
  const held = useMemo<Row[]>(
    () => rows.map(({ account, has }) => ({ id: account.id, has, account })),
    [rows],
  );
  const kept = useMemo(() => (inside ? held.filter((row) => inside.has(row.id)) : held), [held, inside]);
  const lines = useMemo(() => linesOf(kept, columns.map((node) => node.id)), [kept, columns]);
  if (props.loading) return <Loading rows={9} />;
  if (kept.length === 0) {
    return (
      <State
        title={rows.length ? `All ${plural(total, "account")} are outside this window` : "Nothing is shared"}
        actions={
          rows.length > 0 && (
            <Button variant="default" onClick={props.onClearWindow}>
              Clear the window
            </Button>
          )
        }
      >
        {rows.length ? "None of them signed up or did anything in it." : null}
      </State>
    );
  }
  const flip = (ids: string[], leaveOut: boolean) => {
    const next = new Set(out);
    for (const id of ids) if (leaveOut) next.add(id);
      else next.delete(id);
    onOut(next);
  };
  const lit = litCount(kept, selected);
  return (
    <>
      <div className="matrix-said" role="status">
        {selected.length > 0 ? (
          <>
            <strong className="tnum">
              {count(lit)} of {count(kept.length)}
            </strong>{" "}
            accounts {selectionSaid(selected, identifiers)}
          </>
        ) : (
          <>
            {plural(kept.length, "account")}
            {inside && ` of ${count(rows.length)} in the window`}, {plural(usable.length, "shared identifier")}
          </>
        )}
        {props.onWhatIf && selected.some((id) => !id.startsWith("account:")) && (
          <Button variant="default" size="compact-xs" onClick={props.onWhatIf} style={{ flexShrink: 0 }}>
            What if without?
          </Button>
        )}
        {out.size > 0 && <span className="pill warn">{count(out.size)} left out</span>}
      </div>
      <div className="table-wrap matrix-wrap" tabIndex={0} role="region" aria-label="Shared identifiers">
        <table className="matrix" aria-label="Shared identifiers">
          <thead>
            <tr>
              <th className="matrix-corner">
                <span className="visually-hidden">Account</span>
              </th>
              {columns.map((node) => (
                <Head key={node.id} node={node} selected={selected} onSelect={onSelect} rows={kept} />
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.flatMap((line) => {
              const expanded = open.has(line.signature);
              const several = line.rows.length > 1;
              const main = (
                <MatrixLine
                  key={line.signature}
                  line={line}
                  columns={columns}
                  selected={selected}
                  out={out}
                  onFlip={flip}
                  onSelect={onSelect}
                  expanded={several ? expanded : undefined}
                  onExpand={() => setOpen((now) => flipped(now, line.signature))}
                />
              );
              if (!several || !expanded) return [main];
              const single = line.rows.map((row) => (
                <MatrixLine
                  key={row.id}
                  line={{ ...line, rows: [row] }}
                  columns={columns}
                  selected={selected}
                  out={out}
                  onFlip={flip}
                  onSelect={onSelect}
                  inner
                />
              ));
              return [main, ...single];
            })}
          </tbody>
        </table>
      </div>
      <Truncated shown={rows.length} total={total} order="most shared" onMore={props.onMore} />
      {usable.length > COLUMNS_FIRST && (
        <div className="table-foot">
          {wide ? `All ${count(usable.length)} identifiers` : `${COLUMNS_FIRST} of ${count(usable.length)} identifiers, most shared first`}
          <Button variant="default" size="compact-xs" onClick={() => setWide(!wide)}>
            {wide ? "Show fewer" : "Show all"}
          </Button>
        </div>
      )}
    </>
  );
}

/** The most shared first; what is selected is never cut off. */
function columnsOf(usable: Node[], wide: boolean, selected: readonly string[]): Node[] {
  if (wide) return usable;
  return usable.filter((node, n) => n < COLUMNS_FIRST || selected.includes(node.id));
}

function flipped(held: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const next = new Set(held);
  if (!next.delete(name)) next.add(name);
  return next;
}

function selectionSaid(selected: readonly string[], identifiers: Node[]): string {
  const things = identifiers.filter((node) => selected.includes(node.id));
  if (things.length === 0) return "are selected";
  if (things.length === 1) {
    const [thing] = things;
    return `have ${kindName(thing!.kind)} ${shortKey(`:${thing!.label}`)}`;
  }
  return `have all ${things.length} of the selected identifiers`;
}

interface HeadProps {
  node: Node;
  rows: Row[];
  selected: readonly string[];
  onSelect: (ids: string[]) => void;
}

function Head({ node, rows, selected, onSelect }: HeadProps) {
  const holders = rows.filter((row) => row.has.includes(node.id)).length;
  const on = selected.includes(node.id);
  const crowd = node.supernode
    ? `; ${count(node.degree)} have it in all, so it counts for nothing`
    : `; ${count(node.degree)} in all`;
  return (
    <th className={`matrix-head${node.supernode ? " super" : ""}`} scope="col">
      <Tooltip label={`${kindName(node.kind)} ${node.label}: ${holders} of these accounts${crowd}`}>
        <button
          type="button"
          aria-pressed={on}
          onClick={(event) => onSelect(picked(selected, node.id, event.shiftKey || event.ctrlKey || event.metaKey))}
        >
          <span className="visually-hidden">{kindName(node.kind)} </span>
          <span className="matrix-name mono">{shortKey(`:${node.label}`, 15)}</span>
          <KindDot kind={node.kind} />
          <span className="tnum small">{holders}</span>
          <span className="visually-hidden"> of {rows.length} accounts</span>
        </button>
      </Tooltip>
    </th>
  );
}

interface LineProps {
  line: Line<Row>;
  columns: Node[];
  selected: readonly string[];
  out: ReadonlySet<string>;
  onFlip: (ids: string[], leaveOut: boolean) => void;
  onSelect: (ids: string[]) => void;
  expanded?: boolean;
  onExpand?: () => void;
  inner?: boolean;
}

function MatrixLine(props: LineProps) {
  const { line, columns, selected, out, onFlip, onSelect, expanded, onExpand, inner } = props;
  const [first] = line.rows;
  const ids = line.rows.map((row) => row.id);
  const left = ids.filter((id) => out.has(id)).length;
  const lit = line.rows.some((row) => isLit(row, selected));
  const chosen = ids.length === 1 && selected.includes(ids[0]!);
  const name = first ? first.account.label : "";
  return (
    <tr className={`${lit ? "" : "faded"}${chosen ? " picked" : ""}${inner ? " inner" : ""}`}>
      <th scope="row" className="matrix-account">
        <span className="row" style={{ gap: 6 }}>
          <Checkbox
            size="xs"
            aria-label={expanded === undefined ? `Include ${name}` : `Include these ${ids.length} accounts`}
            checked={left === 0}
            indeterminate={left > 0 && left < ids.length}
            onChange={() => onFlip(ids, left === 0)}
          />
          {expanded === undefined && first ? (
            <>
              <button
                type="button"
                className="link-button mono clip"
                aria-pressed={chosen}
                onClick={(event) => onSelect(picked(selected, first.id, event.shiftKey || event.metaKey))}
                title={name}
              >
                {shortKey(`:${name}`, 16)}
              </button>
              <AccountMark node={first.account} />
              <Link href={entityPath(first.id)} className="small dim row-link" aria-label={`Open account ${name}`}>
                open
              </Link>
            </>
          ) : (
            <button type="button" className="link-button strong" aria-expanded={expanded} onClick={onExpand}>
              <span aria-hidden="true">{expanded ? "▾" : "▸"}</span> {plural(ids.length, "account")}
            </button>
          )}
        </span>
      </th>
      {columns.map((node) => {
        const has = line.has.includes(node.id);
        return (
          <td key={node.id} className={`${has ? "has" : ""}${selected.includes(node.id) ? " col-on" : ""}${node.supernode ? " super" : ""}`}>
            {has && (
              <>
                <KindDot kind={node.kind} />
                <span className="visually-hidden">has</span>
              </>
            )}
          </td>
        );
      })}
    </tr>
  );
}

function AccountMark({ node }: { node: Node }) {
  if (node.status && node.status !== "active") {
    return <span className={`pill ${node.status === "banned" ? "bad" : "warn"}`}>{node.status}</span>;
  }
  return null;
}

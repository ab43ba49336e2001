/** One entity: its facts, its neighbours by kind, the rings it is in, what its accounts share. */
import { Button, Tabs } from "@mantine/core";
import { type ColumnDef, createColumnHelper } from "@tanstack/react-table";
import { useEffect } from "react";
import { Link, useLocation } from "wouter";
import { AuditTable } from "../audit/AuditTable";
import { DataTable } from "../parts/DataTable";
import { EntityName, KindDot, Score, Status } from "../parts/Pieces";
import { aroundOf, useTaking } from "../parts/Taking";
import { Failure, Latest, Loading, State, Truncated } from "../parts/States";
import { compact, count, day, kindName, kindOf, plural, sentence, words } from "../pure/format";
import { oneOf, text } from "../pure/url";
import { EventTable } from "../ring/Events";
import { Section } from "../ring/Why";
import { useAddress } from "../shell/address";
import { useKeys } from "../shell/keyboard";
import type { Entity, Node } from "../wire/types";
import { useAround, useCoShared, useEntity, useEntityEvents } from "./data";
import { entityPath } from "../parts/Pieces";

const VIEW = {
  tab: oneOf(["around", "shared", "events", "decisions"] as const, "around"),
  kind: text(40),
};

export default function EntityPage({ id }: { id: string }) {
  const entity = useEntity(id);
  const [view, setView] = useAddress(VIEW);
  const [, go] = useLocation();
  useKeys({ expand: () => go(`/explore?seed=${encodeURIComponent(id)}`) });
  useEffect(() => {
    document.title = entity.data ? `${entity.data.label} · Ringsight` : "Ringsight";
  }, [entity.data]);
  if (entity.isPending) return <Loading rows={12} />;
  if (!entity.data) return <Failure error={entity.error} what="entity" onRetry={() => void entity.refetch()} />;
  const node = entity.data;
  const kinds = Object.entries(node.counts).toSorted((a, b) => b[1].n - a[1].n);
  const kind = view.kind || kinds[0]?.[0] || "";
  return (
    <>
      <div className="page-head">
        <KindDot kind={node.kind} />
        <span className="dim">{sentence(kindName(node.kind))}</span>
        <h1 className="mono" style={{ overflowWrap: "anywhere" }}>
          {node.label}
        </h1>
        {node.score != null && <Score value={node.score} />}
        <Status value={node.status} />
        <div className="grow" />
        <Button variant="default" onClick={() => go(`/explore?seed=${encodeURIComponent(id)}`)}>
          Explore from here
        </Button>
      </div>
      {node.supernode && (
        <div className="truncated" role="note" style={{ borderRadius: 6, marginBottom: 12 }}>
          {count(node.degree)} have this. So many that sharing it says nothing: it weighs nothing in
          reasons, paths step over it, and a ban never blocks it.
        </div>
      )}
      <div className="two-columns">
        <div className="stack">
          <Facts node={node} />
          <Section title="Neighbours by kind">
            <dl className="facts-list">
              {kinds.map(([name, { n, flagged }]) => (
                <div key={name}>
                  <dt>
                    <button
                      type="button"
                      className="link-button row"
                      style={{ gap: 6 }}
                      aria-pressed={name === kind}
                      onClick={() => setView({ tab: "around", kind: name })}
                    >
                      <KindDot kind={name} /> {sentence(kindName(name, true))}
                    </button>
                  </dt>
                  <dd className="tnum">
                    {count(n)} {flagged > 0 && <span className="bad">{count(flagged)} flagged</span>}
                  </dd>
                </div>
              ))}
              {kinds.length === 0 && <p className="dim">It is tied to nothing.</p>}
            </dl>
          </Section>
          <Section title="Rings">
            <div className="panel-body stack">
              {node.rings.map((ring) => (
                <Link key={ring} href={`/rings/${ring}`} className="mono">
                  {ring}
                </Link>
              ))}
              {node.rings.length === 0 && <span className="dim">It is in no ring and in no ring's evidence.</span>}
            </div>
          </Section>
        </div>
        <section className="panel" aria-label="Details">
          <Tabs value={view.tab} onChange={(tab) => tab && setView({ tab: tab as "around" })} keepMounted={false}>
            <Tabs.List>
              <Tabs.Tab value="around">Neighbours</Tabs.Tab>
              <Tabs.Tab value="shared">{node.kind === "account" ? "Who else has it" : "Shared with"}</Tabs.Tab>
              <Tabs.Tab value="events">Events</Tabs.Tab>
              <Tabs.Tab value="decisions">Decisions</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="around">
              <Around id={id} kind={kind} />
            </Tabs.Panel>
            <Tabs.Panel value="shared">
              <Shared id={id} />
            </Tabs.Panel>
            <Tabs.Panel value="events">
              <EntityEvents id={id} />
            </Tabs.Panel>
            <Tabs.Panel value="decisions">
              <AuditTable filters={{ subject: id }} what="entity" />
            </Tabs.Panel>
          </Tabs>
        </section>
      </div>
    </>
  );
}

function Facts({ node }: { node: Entity }) {
  const facts = Object.entries(node.properties).filter(
    ([name, value]) => value !== null && value !== "" && !name.startsWith("ring_") && name !== "flagged",
  );
  return (
    <Section title="Facts">
      <dl className="facts-list">
        <Fact name="First seen" value={day(node.first_seen)} />
        <Fact name="Ties" value={compact(node.degree)} />
        {facts.map(([name, value]) => (
          <Fact key={name} name={FACT[name] ?? words(name)} value={name.endsWith("_at") ? day(String(value)) : String(value)} />
        ))}
      </dl>
    </Section>
  );
}

const FACT: Record<string, string> = {
  asn: "Operator",
  ip_class: "Network class",
  ip_country: "Network's country",
  email_class: "E-mail class",
  email_domain: "E-mail domain",
  email_shape: "E-mail's shape",
  created_at: "Signed up",
};

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt className="dim">{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const column = createColumnHelper<Node>();

export const NODE_COLUMNS: ColumnDef<Node, any>[] = [
  column.accessor("label", {
    header: "Name",
    cell: ({ row: { original } }) => <EntityName id={original.id} label={original.label} max={28} />,
  }),
  column.accessor("score", {
    header: "Score",
    cell: ({ getValue }) => (getValue() == null ? <span className="dim">–</span> : <Score value={getValue()} />),
    meta: { width: 64 },
  }),
  column.accessor("degree", {
    header: "Ties",
    cell: ({ getValue }) => compact(getValue()),
    meta: { number: true, width: 70 },
  }),
  column.accessor("flagged", {
    header: "Flagged",
    cell: ({ getValue }) => (getValue() ? <span className="bad">{count(getValue()!)}</span> : <span className="dim">0</span>),
    meta: { number: true, width: 70 },
  }),
  column.accessor("ring_id", {
    header: "Ring",
    cell: ({ getValue }) => {
      const ring = getValue();
      return ring ? (
        <Link href={`/rings/${ring}`} className="mono">
          {ring}
        </Link>
      ) : (
        <span className="dim">–</span>
      );
    },
  }),
  column.accessor("first_seen", {
    header: "First seen",
    cell: ({ getValue }) => <span className="tnum">{day(getValue())}</span>,
  }),
  column.accessor("status", { header: "Status", cell: ({ getValue }) => <Status value={getValue()} /> }),
];

const ACCOUNTS_ONLY = new Set(["score", "ring_id", "status"]);
const THING_COLUMNS = NODE_COLUMNS.filter((c) => !("accessorKey" in c) || !ACCOUNTS_ONLY.has(String(c.accessorKey)));

function Around({ id, kind }: { id: string; kind: string }) {
  const around = useAround(id, { kind });
  const csv = useTaking(aroundOf(id, kind), `${kindName(kind, true).replaceAll(" ", "-")}-around`);
  const [, go] = useLocation();
  if (!kind) return <State title="It is tied to nothing" />;
  if (around.isPending) return <Loading />;
  if (around.error) return <Failure error={around.error} what="list" onRetry={() => void around.refetch()} />;
  const rows = around.data.pages.flatMap((page) => page.nodes.filter((node) => node.id !== id));
  const total = around.data.pages[0]?.total ?? rows.length;
  return (
    <>
      <div className="matrix-said row">
        <span className="grow">{plural(total, kindName(kind), kindName(kind, true))}, most recent first</span>
        <Button variant="default" size="compact-xs" loading={csv.busy} onClick={() => void csv.take("csv")}>
          All {count(total)} as CSV
        </Button>
      </div>
      <DataTable
        label={`Neighbours: ${kindName(kind, true)}`}
        columns={kind === "account" ? NODE_COLUMNS : THING_COLUMNS}
        rows={rows}
        rowId={(node) => node.id}
        onOpen={(node) => go(entityPath(node.id))}
        keys
        maxHeight={640}
      />
      <Truncated
        shown={rows.length}
        total={total}
        order="most recent"
        busy={around.isFetchingNextPage}
        onMore={() => void around.fetchNextPage()}
      />
    </>
  );
}

/** Of an account: what it holds and who else does. Of anything else: what its accounts have in common. */
function Shared({ id }: { id: string }) {
  const shared = useCoShared(id);
  if (shared.isPending) return <Loading />;
  if (shared.error) return <Failure error={shared.error} what="list" onRetry={() => void shared.refetch()} />;
  const { items, looked_at: looked, total, truncated } = shared.data;
  const own = kindOf(id) === "account";
  if (items.length === 0) return <State title={own ? "It holds nothing" : "Its accounts share nothing else"} />;
  const rows = own ? items.toSorted((a, b) => (b.flagged ?? 0) - (a.flagged ?? 0) || b.degree - a.degree) : items;
  const cut = truncated && (own ? `, ${count(items.length)} of ${count(total)}` : `, read from the ${count(looked)} most recent of ${count(total)}`);
  return (
    <>
      <div className="matrix-said">
        {own ? "What it holds; first what the most flagged accounts hold as well" : "What its accounts have in common beside it"}
        {cut}
      </div>
      <div className="table-wrap" tabIndex={0} role="region" aria-label="Shared with">
        <table className="data" aria-label="Shared with">
          <thead>
            <tr>
              <th>Identifier</th>
              {!own && <th className="num">Of these accounts</th>}
              <th className="num">In all</th>
              <th className="num">Flagged</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((item) => (
              <tr key={item.id}>
                <td>
                  <EntityName id={item.id} label={item.label} withKind max={30} />
                </td>
                {!own && <td className="num">{count(item.here)}</td>}
                <td className="num">
                  {own && item.degree === 1 ? <span className="dim">nobody else</span> : compact(item.degree)}
                </td>
                <td className="num">{item.flagged ? <span className="bad">{count(item.flagged)}</span> : "0"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function EntityEvents({ id }: { id: string }) {
  const events = useEntityEvents(id);
  if (events.isPending) return <Loading />;
  if (events.error) return <Failure error={events.error} what="list" onRetry={() => void events.refetch()} />;
  const rows = events.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) return <State title="Nothing is known to have happened here" />;
  return (
    <>
      <EventTable rows={rows} maxHeight={640} />
      <Latest shown={rows.length} pages={events} />
    </>
  );
}

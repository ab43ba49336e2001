/**
 * One ring: why, who, when, what speaks against it, and what to do about it.
 *
 * Its parts are read apart, so the header and the reasons stand before the graph does. One selection
 * is shared by reasons, table and graph, and lives in the URL with everything else one sees.
 */
import { Tabs } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import type { GraphHandle } from "../graph/GraphView";
import { Failure, Loading, State } from "../parts/States";
import { entityPath } from "../parts/Pieces";
import { isLit, picked } from "../pure/matrix";
import { RING_VIEW, TABS } from "../pure/ringview";
import { useAddress } from "../shell/address";
import { useKeys } from "../shell/keyboard";
import { useSession } from "../shell/session";
import { useReachable } from "../shell/Shell";
import { Accounts } from "./Accounts";
import { iso, useGraph, useRing, useShared, useTimeline } from "./data";
import { Deciding, type Asked } from "./Deciding";
import { Events } from "./Events";
import { GraphPane, kindKeys } from "./GraphPane";
import { RingHeader } from "./Header";
import { Kin } from "./Kin";
import { Parts } from "./Parts";
import { Notes } from "./Notes";
import { Past } from "./Past";
import { RingAudit } from "./RingAudit";
import { SharedMatrix } from "./SharedMatrix";
import { TimelineStrip } from "./TimelineStrip";
import { isProblem } from "../wire/client";
import { useInside } from "./inside";
import { NotThen, PastBanner, Versions } from "./Versions";
import { WhatIf } from "./WhatIf";
import { Why } from "./Why";
import { useNeighbours } from "./next";
import { useLook } from "../queue/looks";
import { useAssign } from "./assign";
import { useViewHistory } from "./viewHistory";

const TAB_NAMES = { shared: "Shared identifiers", accounts: "Accounts", events: "Events", notes: "Notes", audit: "Audit" };

export default function RingPage({ id }: { id: string }) {
  const [view, setView] = useAddress(RING_VIEW);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [imagining, setImagining] = useState(false);
  const [, go] = useLocation();
  const handle = useRef<GraphHandle>(null);
  const window = useMemo(() => ({ from: view.from, to: view.to }), [view.from, view.to]);
  const asOf = iso(view.asof);
  const ring = useRing(id, asOf);
  const shared = useShared(id, asOf);
  const timeline = useTimeline(id, asOf);
  const graph = useGraph(id, view, window, asOf);
  const inside = useInside(id, window, asOf);
  const around = useNeighbours(id);
  const assign = useAssign(ring.data);
  const history = useViewHistory(view, setView);
  useLook(ring.data, view.asof !== null);
  const { refusal } = useSession();
  const up = useReachable();
  const past = view.asof !== null;
  const refused = past ? "Of a past moment one only reads." : !up ? "The service does not answer." : refusal("investigator");

  const rows = useMemo(() => shared.data?.pages.flatMap((page) => page.rows) ?? [], [shared.data]);
  const identifiers = useMemo(() => shared.data?.pages[0]?.identifiers ?? [], [shared.data]);
  const kinds = useMemo(() => [...new Set(identifiers.map((node) => node.kind))], [identifiers]);
  const out = useMemo(() => new Set(view.out), [view.out]);
  const has = useMemo(
    () => new Map(rows.map(({ account, has: held }) => [account.id, held])),
    [rows],
  );

  useEffect(() => {
    document.title = ring.data ? `${ring.data.accounts} accounts · ${id} · Ringsight` : "Ringsight";
  }, [ring.data, id]);

  const select = (sel: string[]) => setView({ sel }, { replace: true });
  const pick = (target: string | null, more: boolean) => {
    if (target === null) select([]);
    else select(picked(view.sel, members(target, graph.data), more));
  };
  const setOut = (next: ReadonlySet<string>) => setView({ out: [...next] }, { replace: true });
  const leave = (to: string | null) => to && go(`/rings/${to}`);
  const hideSelected = () => {
    const here = new Set(view.sel.map((sel) => sel.split(":")[0]!));
    if (here.size) setView({ hide: [...new Set([...view.hide, ...here])].filter((kind) => kind !== "account"), sel: [] });
  };
  useKeys({
    "next-ring": () => leave(around.next),
    "previous-ring": () => leave(around.previous),
    assign: () => refused === null && assign.toMe(),
    ...(refused === null && {
      confirm: () => setAsked({ action: "confirm" }),
      dismiss: () => setAsked({ action: "dismiss" }),
      ban: () => setAsked({ action: "ban" }),
    }),
    clear: () => setView({ sel: [], iso: false, from: null, to: null }, { replace: true }),
    isolate: () => view.sel.length > 0 && setView({ iso: !view.iso }),
    hide: hideSelected,
    expand: () => view.sel[0] && go(`/explore?seed=${view.sel[0]}`),
    fit: () => handle.current?.fit(),
    "toggle-focus": toggleFocus,
    "undo-step": history.undo,
    "redo-step": history.redo,
    ...kindKeys(kinds, view.hide, (hide) => setView({ hide })),
  });

  if (ring.isPending) return <Loading rows={14} onCancel={() => go("/")} />;
  if (past && isProblem(ring.error, 404)) return <NotThen why={ring.error.message} onNow={() => setView({ asof: null })} />;
  if (!ring.data) return <Failure error={ring.error} what="ring" onRetry={() => void ring.refetch()} />;
  if (ring.data.merged_into) return <Merged into={ring.data.merged_into} />;
  return (
    <>
      <RingHeader
        ring={ring.data}
        around={around}
        assign={assign}
        refused={refused}
        onAsk={setAsked}
        graph={handle}
        asOf={<Versions ring={ring.data} at={view.asof} onAt={(asof) => setView({ asof, sel: [] })} />}
      />
      {past && <PastBanner ring={ring.data} onNow={() => setView({ asof: null })} />}
      <div className="ring-grid">
        <div className="stack ring-left">
          <Why ring={ring.data} selected={view.sel} onSelect={select} />
          <Past ring={ring.data} />
          <Parts ring={ring.data} selected={view.sel} onSelect={select} />
          <Kin ring={ring.data} />
        </div>
        <div className="stack ring-right">
          {timeline.whole.data ? (
            <TimelineStrip
              whole={timeline.whole.data}
              busy={timeline.busy}
              window={window}
              onWindow={setView}
            />
          ) : (
            <section className="panel timeline" aria-label="Timeline">
              {timeline.whole.error ? (
                <Failure
                  error={timeline.whole.error}
                  what="timeline"
                  onRetry={() => void timeline.whole.refetch()}
                />
              ) : (
                <Loading rows={3} />
              )}
            </section>
          )}
          <div className="ring-split">
            <GraphPane
              graph={graph}
              view={view}
              kinds={kinds}
              onView={setView}
              onSelect={pick}
              onOpen={(target) => target.includes(":") && go(entityPath(target))}
              handle={handle}
            />
            <section className="panel ring-tabs" aria-label="Details">
              <Tabs
                value={view.tab}
                onChange={(tab) => tab && setView({ tab: tab as (typeof TABS)[number] })}
                keepMounted={false}
              >
                <Tabs.List>
                  {TABS.map((tab) => (
                    <Tabs.Tab key={tab} value={tab}>
                      {TAB_NAMES[tab]}
                    </Tabs.Tab>
                  ))}
                </Tabs.List>
                <Tabs.Panel value="shared">
                  {shared.error && rows.length === 0 ? (
                    <Failure error={shared.error} what="table" onRetry={() => void shared.refetch()} />
                  ) : (
                    <SharedMatrix
                      identifiers={identifiers}
                      rows={rows}
                      total={shared.data?.pages[0]?.total ?? 0}
                      loading={shared.isPending}
                      selected={view.sel}
                      hidden={view.hide}
                      inside={inside}
                      out={out}
                      onOut={setOut}
                      onSelect={select}
                      onMore={shared.hasNextPage ? () => void shared.fetchNextPage() : undefined}
                      onWhatIf={past ? undefined : () => setImagining(true)}
                      onClearWindow={() => setView({ from: null, to: null })}
                    />
                  )}
                </Tabs.Panel>
                <Tabs.Panel value="accounts">
                  <Accounts
                    ringId={id}
                    asOf={asOf}
                    out={out}
                    onOut={setOut}
                    selected={view.sel}
                    lit={(account) =>
                      isLit({ id: account, has: has.get(account) ?? [] }, view.sel) &&
                      (inside === null || inside.has(account))
                    }
                  />
                </Tabs.Panel>
                <Tabs.Panel value="events">
                  <Events ringId={id} window={window} asOf={asOf} onClear={() => setView({ from: null, to: null })} />
                </Tabs.Panel>
                <Tabs.Panel value="notes">
                  <Notes ringId={id} />
                </Tabs.Panel>
                <Tabs.Panel value="audit">
                  <RingAudit ringId={id} />
                </Tabs.Panel>
              </Tabs>
            </section>
          </div>
        </div>
      </div>
      {imagining && (
        <WhatIf
          ringId={id}
          without={view.sel.filter((sel) => !sel.startsWith("account:"))}
          onClose={() => setImagining(false)}
        />
      )}
      {asked && (
        <Deciding
          ring={ring.data}
          asked={asked}
          out={out}
          onClose={() => setAsked(null)}
          onDone={() => setAsked(null)}
        />
      )}
    </>
  );
}

function Merged({ into }: { into: string }) {
  return (
    <State title="This ring was merged into another one" actions={<Link href={`/rings/${into}`}>Go to {into}</Link>} />
  );
}

/** A group on the canvas stands for the things its accounts share. */
function members(id: string, graph: { groups?: { id: string; member_ids_sample: string[] }[] } | undefined): string {
  const group = graph?.groups?.find((found) => found.id === id);
  return group ? group.id : id;
}

/** `t`: from the table to the graph and back. */
function toggleFocus(): void {
  const graph = document.getElementById("graph");
  const table = document.querySelector<HTMLElement>(".ring-tabs .table-wrap");
  if (document.activeElement === graph) table?.focus();
  else graph?.focus();
}

/** The queue: rings that wait for someone, highest score first; filters live in the URL. */
import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { Choice } from "../parts/Choice";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { DataTable } from "../parts/DataTable";
import { Failure, Loading, State, Truncated } from "../parts/States";
import { count, kindName, plural } from "../pure/format";
import { useAddress } from "../shell/address";
import { useLive } from "../shell/live";
import { useSession } from "../shell/session";
import { keepFilters } from "./kept";
import { BulkBar } from "./BulkBar";
import { COLUMNS, Looks } from "./columns";
import { looks } from "./looks";
import { FILTERS, type Filters, KINDS, useRings, useTotal } from "./rings";
import { SavedFilters } from "./SavedFilters";

export function Queue() {
  const [filters, change] = useAddress(FILTERS);
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [seen] = useState(looks);
  const [, go] = useLocation();
  const rings = useRings(filters);
  const search = useSearch();
  useEffect(() => keepFilters(search), [search]);
  const rows = rings.data?.pages.flatMap((page) => page.items) ?? [];
  const total = rings.data?.pages[0]?.total ?? 0;
  const asOf = rings.data?.pages[0]?.as_of;
  return (
    <>
      <div className="page-head">
        <h1>Queue</h1>
        {rings.data && (
          <span className="dim">
            {plural(total, "ring")} <span className="small">as of {asOf?.slice(0, 16).replace("T", " ")} UTC</span>
          </span>
        )}
        <div className="grow" />
        <SavedFilters filters={filters} onApply={(saved) => change(saved)} />
      </div>
      <section className="panel" aria-label="Rings">
        <FilterBar filters={filters} change={change} />
        <FreshBar onShow={() => void rings.refetch()} />
        {ticked.size > 0 && (
          <BulkBar rings={rows.filter((ring) => ticked.has(ring.id))} onDone={() => setTicked(new Set())} />
        )}
        {rings.isFetching && !rings.isPending && <div className="thin-bar" />}
        {rings.isPending ? (
          <Loading rows={10} />
        ) : rings.error && rows.length === 0 ? (
          <Failure error={rings.error} what="queue" onRetry={() => void rings.refetch()} />
        ) : rows.length === 0 ? (
          <Nothing filters={filters} onClear={() => change(CLEARED)} />
        ) : (
          <Looks value={seen}>
            <DataTable
              label="Rings"
              columns={COLUMNS}
              rows={rows}
              rowId={(ring) => ring.id}
              rowName={(ring) => `ring ${ring.title}`}
              onOpen={(ring) => go(`/rings/${ring.id}`)}
              ticked={ticked}
              onTick={setTicked}
              keys
            />
            <Truncated
              shown={rows.length}
              total={total}
              order={filters.sort === "score" ? "highest score" : undefined}
              busy={rings.isFetchingNextPage}
              onMore={() => void rings.fetchNextPage()}
            />
          </Looks>
        )}
      </section>
    </>
  );
}

const CLEARED: Partial<Filters> = { line: "all", status: "any", kind: "", assignee: "", age: "any", min: null, q: "" };

interface FilterProps {
  filters: Filters;
  change: (changes: Partial<Filters>, options?: { replace?: boolean }) => void;
}

function FilterBar({ filters, change }: FilterProps) {
  const { me } = useSession();
  const search = useDebouncedCallback((q: string) => change({ q }, { replace: true }), 250);
  return (
    <div className="panel-head filters">
      <SegmentedControl
        aria-label="Which rings"
        value={filters.line}
        onChange={(line) => change({ line: line as Filters["line"] })}
        data={[
          { value: "flagged", label: "Call for action" },
          { value: "all", label: "All" },
        ]}
      />
      <Choice
        aria-label="Status"
        w={130}
        value={filters.status}
        onChange={(status) => change({ status: status as Filters["status"] })}
        data={[
          { value: "open", label: "Open" },
          { value: "confirmed", label: "Confirmed" },
          { value: "dismissed", label: "Dismissed" },
          { value: "snoozed", label: "Snoozed" },
          { value: "watched", label: "Watched" },
          { value: "acted", label: "Acted on" },
          { value: "any", label: "Any status" },
        ]}
      />
      <Choice
        aria-label="Assignee"
        w={130}
        value={filters.assignee || "anyone"}
        onChange={(who) => change({ assignee: who === "anyone" ? "" : who })}
        data={[
          { value: "anyone", label: "Anyone" },
          { value: me.user, label: "Me" },
          { value: "nobody", label: "Nobody" },
        ]}
      />
      <Choice
        aria-label="Shares"
        w={160}
        value={filters.kind}
        onChange={(kind) => change({ kind })}
        data={[
          { value: "", label: "Shares anything" },
          ...KINDS.map((kind) => ({ value: kind, label: `Shares ${kindName(kind, true)}` })),
        ]}
      />
      <Choice
        aria-label="Age"
        w={130}
        value={filters.age}
        onChange={(age) => change({ age: age as Filters["age"] })}
        data={[
          { value: "any", label: "Any age" },
          { value: "day", label: "Today's" },
          { value: "week", label: "This week's" },
          { value: "month", label: "This month's" },
          { value: "older", label: "Older" },
        ]}
      />
      <Choice
        aria-label="Lowest score"
        w={110}
        value={filters.min === null ? "" : String(filters.min)}
        onChange={(min) => change({ min: min === "" ? null : Number(min) })}
        data={[
          { value: "", label: "Any score" },
          ...["0.5", "0.7", "0.9", "0.95"].map((min) => ({ value: min, label: `Score ≥ ${min}` })),
        ]}
      />
      <Choice
        aria-label="Order"
        w={150}
        value={filters.sort}
        onChange={(sort) => change({ sort: sort as Filters["sort"] })}
        data={[
          { value: "score", label: "Highest score" },
          { value: "growth", label: "Fastest growth" },
          { value: "exchanges", label: "Most asked" },
          { value: "accounts", label: "Most accounts" },
          { value: "last_seen", label: "Latest activity" },
          { value: "first_seen", label: "Newest" },
        ]}
      />
      <div className="grow" />
      <TextInput
        key={filters.q}
        aria-label="Find in the queue"
        placeholder="Find in the queue"
        w={180}
        defaultValue={filters.q}
        onChange={(event) => search(event.currentTarget.value.trim())}
      />
    </div>
  );
}

/** New rings are announced and wait for a click: a list that jumps is a list misclicked. */
function FreshBar({ onShow }: { onShow: () => void }) {
  const { fresh, seen } = useLive();
  if (fresh === 0) return null;
  return (
    <button
      type="button"
      className="new-bar"
      onClick={() => {
        seen();
        onShow();
      }}
    >
      {count(fresh)} new: show
    </button>
  );
}

function Nothing({ filters, onClear }: { filters: Filters; onClear: () => void }) {
  const below = useTotal();
  const narrowed = filters.age !== "any" || filters.q || filters.kind || filters.assignee || filters.min !== null;
  const title = narrowed
    ? "No ring fits these filters"
    : filters.line === "flagged"
      ? "No ring that calls for action is waiting"
      : "No ring has been found";
  return (
    <State
      title={title}
      actions={
        (below.data ?? 0) > 0 && (
          <Button variant="default" onClick={onClear}>
            Show all {count(below.data ?? 0)}
          </Button>
        )
      }
    >
      {below.data === 0 ? (
        <>
          Nothing is published yet. <span className="mono">ringsight refresh</span> finds rings,{" "}
          <span className="mono">ringsight demo</span> makes a world to look at.
        </>
      ) : (
        <>
          {plural(below.data ?? 0, "group")} in all, decided ones and those below the line included.{" "}
          <Link href="/appeals?tab=sample">Review accounts at random</Link>
        </>
      )}
    </State>
  );
}

/**
 * Expanding an entity: counted before it is loaded, narrowed by facets, never all of a hub at once.
 *
 * A hub starts at what shares something else with the place one came from; whatever is left out
 * stays reachable as a list or by the next step.
 */
import { Button, Checkbox, SegmentedControl } from "@mantine/core";
import { Choice } from "../parts/Choice";
import { useState } from "react";
import { Link } from "wouter";
import { entityPath, EntityName, KindDot } from "../parts/Pieces";
import { aroundOf, useTaking } from "../parts/Taking";
import { type Facet, firstFacet, writeFacet } from "../pure/facet";
import { compact, count, kindName, plural, sentence } from "../pure/format";
import type { Step } from "../pure/steps";
import type { Node } from "../wire/types";
import { useFacets } from "./data";

interface Props {
  node: Node;
  near: string | undefined;
  onStep: (...steps: Step[]) => void;
  onGroup: (step: Step) => void;
}

export function Expand({ node, near, onStep, onGroup }: Props) {
  const known = near !== undefined && near !== node.id;
  const [facet, setFacet] = useState<Facet>(() => firstFacet(node, known ? near : ""));
  const [limit, setLimit] = useState("50");
  const text = writeFacet(facet);
  const found = useFacets(node.id, text);
  const facets = found.data?.facets;
  const kinds = Object.entries(facets?.kind ?? {}).toSorted((a, b) => b[1] - a[1]);
  const total = found.data?.total ?? null;
  const step: Step = { do: "expand", id: node.id, limit: Number(limit), facet: text };
  const csv = useTaking(aroundOf(node.id, facet.flagged ? "account" : facet.kind, facet.flagged), `around-${node.kind}`);
  const change = (changes: Partial<Facet>) => setFacet({ ...facet, ...changes });
  return (
    <div className="stack panel-body">
      <div className="row">
        <EntityName id={node.id} label={node.label} withKind />
      </div>
      {node.supernode && (
        <p className="warn small">
          {compact(node.degree)} ties: so many that it says nothing. Narrow it before you load it.
        </p>
      )}
      <Choice
        label="What to bring"
        value={facet.kind || "any"}
        onChange={(kind) => change({ kind: kind === "any" ? "" : kind })}
        data={[
          { value: "any", label: `Anything (${count(kinds.reduce((sum, [, n]) => sum + n, 0))})` },
          ...kinds.map(([kind, n]) => ({ value: kind, label: `${sentence(kindName(kind, true))} (${count(n)})` })),
        ]}
      />
      {(facet.kind === "account" || (facet.kind === "" && facets?.kind?.account)) && (
        <Checkbox
          label={`Flagged only${flaggedOf(facets?.flagged)}`}
          checked={facet.flagged}
          onChange={(event) => change({ flagged: event.currentTarget.checked })}
        />
      )}
      {known && (
        <div>
          <span className="small dim">Shares things with what you started from</span>
          <SegmentedControl
            fullWidth
            aria-label="Shares things with what you started from"
            value={String(facet.coShared)}
            onChange={(least) => change({ coShared: Number(least) })}
            data={[
              { value: "0", label: "Any" },
              { value: "1", label: `1+${tally(facets?.co_shared, 1)}` },
              { value: "2", label: `2+${tally(facets?.co_shared, 2)}` },
              { value: "3", label: `3+${tally(facets?.co_shared, 3)}` },
            ]}
          />
        </div>
      )}
      <div className="row">
        <Choice
          className="grow"
          aria-label="Order"
          value={facet.order}
          onChange={(order) => change({ order: order as Facet["order"] })}
            data={[
            { value: "recent", label: "Most recent" },
            { value: "score", label: "Highest score" },
            { value: "degree", label: "Most ties" },
          ]}
        />
        <SegmentedControl aria-label="How many" value={limit} onChange={setLimit} data={["50", "100", "200"]} />
      </div>
      {facets && !facets.complete && total === null && (
        <p className="dim small">Counted over the {count(facets.scanned)} most recent.</p>
      )}
      <Button size="sm" loading={found.isFetching} onClick={() => onStep(step)} disabled={total === 0}>
        {label(total, Number(limit))}
      </Button>
      <div className="row">
        <Button className="grow" variant="default" onClick={() => onGroup(step)} disabled={total === 0}>
          Add as one group
        </Button>
        <Button
          className="grow"
          variant="default"
          component={Link}
          href={`${entityPath(node.id)}?kind=${facet.kind || (kinds[0]?.[0] ?? "")}`}
        >
          Open as list
        </Button>
      </div>
      <Button
        variant="subtle"
        size="compact-sm"
        loading={csv.busy}
        disabled={total === 0 || facet.coShared > 0}
        title={facet.coShared > 0 ? "A file holds all or the flagged: choose Any above" : undefined}
        onClick={() => void csv.take("csv")}
      >
        {facet.flagged ? "All flagged as CSV" : `All ${facet.kind ? kindName(facet.kind, true) : "neighbours"} as CSV`}
      </Button>
      <div className="row wrap small dim" style={{ gap: 8 }}>
        {kinds.slice(0, 6).map(([kind, n]) => (
          <span key={kind} className="row" style={{ gap: 4 }}>
            <KindDot kind={kind} /> {compact(n)}
          </span>
        ))}
      </div>
    </div>
  );
}

function label(total: number | null, limit: number): string {
  if (total === null) return `Add up to ${limit}`;
  if (total === 0) return "Nothing matches";
  return total <= limit ? `Add ${plural(total, "entity", "entities")}` : `Add ${limit} of ${count(total)}`;
}

function flaggedOf(flagged: Record<string, number> | undefined): string {
  const n = flagged?.yes;
  return n === undefined ? "" : ` (${count(n)})`;
}

function tally(coShared: Record<string, number> | undefined, least: number): string {
  if (!coShared || Object.keys(coShared).length === 0) return "";
  const sum = Object.entries(coShared).reduce((held, [name, n]) => held + (Number.parseInt(name, 10) >= least ? n : 0), 0);
  return ` · ${compact(sum)}`;
}

/** The ring drawn: groups or every account, with the same selection, window and hidden kinds. */
import { ActionIcon, Button, SegmentedControl, Tooltip } from "@mantine/core";
import { type RefObject, useMemo } from "react";
import { Choice } from "../parts/Choice";
import { Drawn } from "../graph/Drawn";
import { FitIcon } from "../parts/icons";
import { KindDot } from "../parts/Pieces";
import { Failure, Loading, State, Truncated } from "../parts/States";
import type { GraphHandle } from "../graph/GraphView";
import { kindName } from "../pure/format";
import { pictureOf } from "../pure/picture";
import type { RingView } from "../pure/ringview";
import type { useGraph } from "./data";

interface Props {
  graph: ReturnType<typeof useGraph>;
  view: RingView;
  kinds: readonly string[];
  onView: (changes: Partial<RingView>, options?: { replace?: boolean }) => void;
  onSelect: (id: string | null, more: boolean) => void;
  onOpen: (id: string) => void;
  handle: RefObject<GraphHandle | null>;
}

export function GraphPane({ graph, view, kinds, onView, onSelect, onOpen, handle }: Props) {
  const data = graph.data;
  const hidden = view.hide;
  const picture = useMemo(() => (data ? pictureOf(data, hidden) : null), [data, hidden]);
  return (
    <section className="panel graph-pane" aria-label="Graph">
      <div className="panel-head">
        <SegmentedControl
          aria-label="Detail"
          value={view.all ? "all" : "grouped"}
          onChange={(detail) => onView({ all: detail === "all" })}
          data={[
            { value: "grouped", label: "Grouped" },
            { value: "all", label: "Every account" },
          ]}
        />
        {!view.all && <Least at={view.least} onAt={(least) => onView({ least })} />}
        <div className="aside">
          <Kinds kinds={kinds} hidden={hidden} onHide={(hide) => onView({ hide })} />
          <Tooltip label="Fit (f)">
            <ActionIcon aria-label="Fit the graph to its pane" onClick={() => handle.current?.fit()}>
              <FitIcon />
            </ActionIcon>
          </Tooltip>
        </div>
      </div>
      {graph.isFetching && data && <div className="thin-bar" />}
      <div className="graph-room">
        {!picture ? (
          graph.error ? (
            <Failure error={graph.error} what="graph" onRetry={() => void graph.refetch()} />
          ) : (
            <Loading rows={6} />
          )
        ) : picture.elements.length === 0 ? (
          <State
            title="Nothing to draw in this window"
            actions={
              <Button variant="default" onClick={() => onView({ from: null, to: null })}>
                Clear the window
              </Button>
            }
          />
        ) : (
          // Another moment is another picture: places of one make no sense in the other.
          <Drawn
            key={data?.as_of}
            instead="The table, the timeline and every action go on without it."
            picture={picture}
            selected={view.sel}
            isolated={view.iso}
            layout="preset"
            label={`Graph of the ring, ${picture.elements.length} shapes`}
            onSelect={onSelect}
            onOpen={onOpen}
            handle={handle}
          />
        )}
      </div>
      {data?.truncated && (
        <Truncated shown={data.nodes.length + (data.groups?.length ?? 0)} total={data.total} order="highest score" />
      )}
    </section>
  );
}

const SIZES = [2, 3, 5, 10, 20, 50];
const USUAL = 3;

/** From how many alike accounts on one shape stands for all of them. */
function Least({ at, onAt }: { at: number | null; onAt: (least: number | null) => void }) {
  const sizes = [...new Set([...SIZES, at ?? USUAL])].toSorted((a, b) => a - b);
  return (
    <Choice
      aria-label="Smallest group"
      title="How many accounts alike are drawn as one"
      w={100}
      value={String(at ?? USUAL)}
      data={sizes.map((size) => ({ value: String(size), label: `${size}+ alike` }))}
      onChange={(size) => onAt(Number(size) === USUAL ? null : Number(size))}
    />
  );
}

interface KindsProps {
  kinds: readonly string[];
  hidden: readonly string[];
  onHide: (hide: string[]) => void;
}

/** The legend is the filter: a kind is shown or hidden by its key. */
export function Kinds({ kinds, hidden, onHide }: KindsProps) {
  return (
    <div className="row wrap kinds" role="group" aria-label="Kinds shown">
      {kinds.map((kind, n) => {
        const off = hidden.includes(kind);
        return (
          <Tooltip key={kind} label={`${off ? "Show" : "Hide"} ${kindName(kind, true)}${n < 5 ? ` (${n + 1})` : ""}`}>
            <button
              type="button"
              className={`kind-toggle${off ? " off" : ""}`}
              aria-pressed={!off}
              onClick={() => onHide(toggledKind(hidden, kind))}
            >
              <KindDot kind={kind} />
              {kindName(kind, true)}
            </button>
          </Tooltip>
        );
      })}
    </div>
  );
}

/** The keys 1 to 5 show and hide the first kinds, in the legend's order. */
export function kindKeys(
  kinds: readonly string[],
  hidden: readonly string[],
  onHide: (hide: string[]) => void,
): Record<string, () => void> {
  return Object.fromEntries(kinds.slice(0, 5).map((kind, n) => [`kind-${n + 1}`, () => onHide(toggledKind(hidden, kind))]));
}

function toggledKind(hidden: readonly string[], kind: string): string[] {
  return hidden.includes(kind) ? hidden.filter((other) => other !== kind) : [...hidden, kind];
}

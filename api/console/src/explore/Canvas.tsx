/** The picture of an exploration, with its tools and the slider over time. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { type RefObject, useMemo } from "react";
import { Drawn } from "../graph/Drawn";
import type { GraphHandle } from "../graph/GraphView";
import { FitIcon, RedoIcon, UndoIcon } from "../parts/icons";
import { Failure, Loading, State } from "../parts/States";
import { count, plural } from "../pure/format";
import { pictureOf } from "../pure/picture";
import { secondAfter } from "../pure/versions";
import { CANVAS_WARN, type withGroups } from "../pure/scene";
import { Kinds } from "../ring/GraphPane";
import type { Edge, Node } from "../wire/types";
import type { Exploring } from "./address";
import { AsOf } from "./AsOf";
import type { usePicture, useScene } from "./data";
import type { StepHistory } from "../shell/stepHistory";

interface Props {
  scene: ReturnType<typeof useScene>;
  picture: ReturnType<typeof usePicture>;
  shown: ReturnType<typeof withGroups<Node, Edge>> | null;
  view: Exploring;
  kinds: string[];
  history: StepHistory;
  handle: RefObject<GraphHandle | null>;
  onView: (changes: Partial<Exploring>, options?: { replace?: boolean }) => void;
  onSelect: (id: string | null, more: boolean) => void;
  onOpen: (id: string) => void;
}

export function Canvas(props: Props) {
  const { scene, picture, shown, view, kinds, history, handle, onView, onSelect, onOpen } = props;
  const drawn = useMemo(() => {
    if (!shown) return null;
    return pictureOf(
      {
        nodes: shown.nodes.map((node) => ({ ...node, x: null, y: null })),
        groups: [],
        edges: shown.edges,
        bundles: picture.data?.bundles,
      },
      view.hide,
    );
  }, [shown, picture.data, view.hide]);
  const withGroup = useMemo(() => {
    if (!drawn || !shown) return drawn;
    const groups = shown.groups.map((group) => ({
      id: group.id,
      kind: "account",
      label: plural(group.members.length, "entity", "entities"),
      says: `a group of ${group.members.length}`,
      classes: ["group"],
      size: 24 + Math.sqrt(group.members.length) * 4,
      x: null,
      y: null,
    }));
    const ids = new Set([...drawn.elements.map((element) => element.id), ...groups.map((group) => group.id)]);
    const ties = shown.edges
      .filter((edge) => ids.has(edge.source) && ids.has(edge.target))
      .map((edge) => ({ id: edge.id, source: edge.source, target: edge.target, weak: edge.weak ?? false, width: 1 }));
    const rest = drawn.ties.filter((tie) => !ties.some((other) => other.id === tie.id));
    // In two columns accounts have their names to the left; here every name stands on the same side.
    const named = drawn.elements.map((one) => ({ ...one, classes: one.classes.flatMap(beside) }));
    return { elements: [...named, ...groups], ties: [...ties, ...rest] };
  }, [drawn, shown]);
  const last = picture.data ? Date.now() / 1000 : 0;
  const first = Math.min(...(picture.data?.nodes ?? []).map((node) => secondAfter(node.first_seen)), last);
  const many = (scene.data?.ids.length ?? 0) > CANVAS_WARN;
  return (
    <section className="panel" aria-label="Graph">
      <div className="panel-head">
        <Tool label="Undo a step (z)" off={!history.canUndo} onClick={history.undo}>
          <UndoIcon />
        </Tool>
        <Tool label="Redo a step (Shift+z)" off={!history.canRedo} onClick={history.redo}>
          <RedoIcon />
        </Tool>
        <AsOf first={Math.floor(first)} last={Math.floor(last)} at={view.asof} onAt={(asof) => onView({ asof })} />
        <div className="aside">
          <Kinds kinds={kinds} hidden={view.hide} onHide={(hide) => onView({ hide })} />
          <Tool label="Fit (f)" onClick={() => handle.current?.fit()}>
            <FitIcon />
          </Tool>
        </div>
      </div>
      {(scene.isFetching || picture.isFetching) && <div className="thin-bar" />}
      {picture.data && !picture.data.exact && (
        <div className="truncated" role="note">
          Of a past moment only existence is known: {count(picture.data.nodes.length)} of{" "}
          {count(picture.data.total)} had been seen by then.
        </div>
      )}
      {many && (
        <div className="truncated" role="note">
          Showing {count(CANVAS_WARN)} of {count(scene.data!.ids.length)}: group or hide some to see the rest.
        </div>
      )}
      <div className="graph-room">
        {scene.error || picture.error ? (
          <Failure error={scene.error ?? picture.error} what="picture" onRetry={() => void picture.refetch()} />
        ) : !withGroup ? (
          <Loading rows={6} />
        ) : withGroup.elements.length === 0 ? (
          <State title="Everything is hidden, or had not been seen by then" />
        ) : (
          <Drawn
            instead="The list beside it goes on without it."
            picture={withGroup}
            selected={view.sel}
            pinned={scene.data?.pinned}
            layout="force"
            label={`Graph of ${withGroup.elements.length} entities`}
            onSelect={onSelect}
            onOpen={onOpen}
            handle={handle}
          />
        )}
      </div>
    </section>
  );
}

const beside = (name: string): string[] => (name === "left" ? [] : name === "bundle" ? [name, "under"] : [name]);

function Tool({ label, off, onClick, children }: { label: string; off?: boolean; onClick: () => void; children: React.ReactNode }) {
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} disabled={off} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

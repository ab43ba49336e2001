/** Beside the graph: what can be done with the selection, and everything in the picture as a list. */
import { Button, Tooltip } from "@mantine/core";
import { useMemo } from "react";
import { CheckIcon, ExpandIcon, EyeOffIcon, GroupIcon, PathIcon, PinIcon } from "../parts/icons";
import { EntityName, Score } from "../parts/Pieces";
import { DataTable } from "../parts/DataTable";
import { compact, count, plural } from "../pure/format";
import { picked } from "../pure/matrix";
import type { Scene } from "../pure/scene";
import type { Step } from "../pure/steps";
import type { Node, Subgraph } from "../wire/types";
import { createColumnHelper, type ColumnDef } from "@tanstack/react-table";
import type { Exploring } from "./address";
import { useSession } from "../shell/session";
import { Expand } from "./Expand";
import { ViewMenu } from "./ViewMenu";

interface Props {
  scene: Scene | null;
  graph: Subgraph | null;
  view: Exploring;
  expanding: boolean;
  onExpanding: (open: boolean) => void;
  onStep: (...steps: Step[]) => void;
  onGroupStep: (step: Step) => void;
  onSelect: (ids: string[]) => void;
  act: { hide: () => void; pin: () => void; group: () => void; path: () => void };
  onCase: (accounts: string[]) => void;
}

const column = createColumnHelper<Node>();
const COLUMNS: ColumnDef<Node, any>[] = [
  column.accessor("label", {
    header: "Entity",
    cell: ({ row: { original } }) => <EntityName id={original.id} label={original.label} max={20} />,
    meta: { room: "wide" },
  }),
  column.accessor("score", {
    header: "Score",
    cell: ({ getValue }) => (getValue() == null ? null : <Score value={getValue()} />),
    meta: { width: 54 },
  }),
  column.accessor("degree", {
    header: "Ties",
    cell: ({ getValue }) => compact(getValue()),
    meta: { number: true, width: 48 },
  }),
];

export function Side({ scene, graph, view, expanding, onExpanding, onStep, onGroupStep, onSelect, act, onCase }: Props) {
  const nodes = useMemo(
    () => (graph?.nodes ?? []).filter((node) => !view.hide.includes(node.kind)),
    [graph, view.hide],
  );
  const chosen = nodes.find((node) => node.id === view.sel[0]);
  const several = view.sel.length;
  const { refusal } = useSession();
  const why = refusal("investigator");
  const accounts = view.sel.filter((id) => id.startsWith("account:"));
  const near = graph?.nodes.find((node) => view.seed.includes(node.id) && node.ring_id)?.ring_id;
  return (
    <div className="stack">
      <section className="panel" aria-label="Selection">
        <div className="panel-head">
          <h2>{several ? `${plural(several, "entity", "entities")} selected` : "Selection"}</h2>
          <div className="aside">
            <ViewMenu view={view} />
          </div>
        </div>
        <div className="panel-body row wrap" style={{ gap: 6 }}>
          <Act label="Expand" keys="e" icon={<ExpandIcon size={14} />} off={several !== 1} onClick={() => onExpanding(!expanding)} />
          <Act label="Hide" keys="h" icon={<EyeOffIcon size={14} />} off={several === 0} onClick={act.hide} />
          <Act label="Pin" keys="." icon={<PinIcon size={14} />} off={several !== 1} onClick={act.pin} />
          <Act label="Group" icon={<GroupIcon size={14} />} off={several < 2} onClick={act.group} />
          <Act label="Path" icon={<PathIcon size={14} />} off={several !== 2} onClick={act.path} />
          <Act
            label="Make a case"
            icon={<CheckIcon size={14} />}
            off={accounts.length < 2 || why !== null}
            says={why ?? "Two or more accounts: they stand in the queue as a ring does"}
            onClick={() => onCase(accounts)}
          />
        </div>
        {several === 0 && (
          <p className="dim small panel-body" style={{ paddingTop: 0 }}>
            Click an entity in the graph or the list; with Shift a second one, for a path, a group or a case.
          </p>
        )}
      </section>
      {expanding && chosen && (
        <section className="panel" aria-label="Expand">
          <div className="panel-head">
            <h2>Expand</h2>
            <div className="aside">
              <Button variant="subtle" size="compact-xs" onClick={() => onExpanding(false)}>
                Close
              </Button>
            </div>
          </div>
          <Expand
            key={chosen.id}
            node={chosen}
            near={near ? `ring:${near}` : view.seed[0]}
            onStep={onStep}
            onGroup={onGroupStep}
          />
        </section>
      )}
      <section className="panel" aria-label="In the picture">
        <div className="panel-head">
          <h2>In the picture</h2>
          <span className="dim small">{count(nodes.length)}</span>
          {scene && scene.pinned.length > 0 && <span className="pill accent">{scene.pinned.length} pinned</span>}
        </div>
        <DataTable
          label="Entities in the picture"
          columns={COLUMNS}
          rows={nodes}
          rowId={(node) => node.id}
          onOpen={(node) => onSelect(picked(view.sel, node.id, false))}
          ticked={new Set(view.sel)}
          onTick={(ids) => onSelect([...ids])}
          rowName={(node) => node.label}
          rowClass={(node) => (view.sel.includes(node.id) ? "picked" : "")}
          keys
          maxHeight={420}
        />
      </section>
    </div>
  );
}

interface ActProps {
  label: string;
  keys?: string;
  says?: string;
  icon: React.ReactNode;
  off: boolean;
  onClick: () => void;
}

function Act({ label, keys, says, icon, off, onClick }: ActProps) {
  return (
    <Tooltip label={says ?? (keys ? `${label} (${keys})` : label)}>
      <Button variant="default" size="compact-xs" leftSection={icon} disabled={off} onClick={onClick}>
        {label}
      </Button>
    </Tooltip>
  );
}

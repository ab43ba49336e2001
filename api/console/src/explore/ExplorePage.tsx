/**
 * Exploring: from what was searched, step by step, with a list beside the graph.
 *
 * The page is its URL: seed and steps are replayed for whoever opens the link, Back undoes a step,
 * and what was placed stays where it is when more comes.
 */
import { Button } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { GraphHandle } from "../graph/GraphView";
import { entityPath } from "../parts/Pieces";
import { PictureItem } from "../parts/PictureItem";
import { State } from "../parts/States";
import { FILES, Taking } from "../parts/Taking";
import { plural } from "../pure/format";
import { readFacet } from "../pure/facet";
import { picked } from "../pure/matrix";
import { type Scene, withGroups } from "../pure/scene";
import { LONG, readSteps, type Step, writeSteps } from "../pure/steps";
import { readParams } from "../pure/url";
import { kindKeys } from "../ring/GraphPane";
import { useAddress } from "../shell/address";
import { useKeys } from "../shell/keyboard";
import { Search } from "../shell/Search";
import { useStepHistory } from "../shell/stepHistory";
import { useToast } from "../shell/toasts";
import { saveView, viewNamed } from "../wire/cases";
import { EXPLORE } from "./address";
import { Canvas } from "./Canvas";
import { HOPS_MOST, neighboursOf, usePicture, useScene } from "./data";
import { MakeCase } from "./MakeCase";
import { Side } from "./Side";

export default function ExplorePage() {
  const [view, setView] = useAddress(EXPLORE);
  const [adding, setAdding] = useState(false);
  const [expanding, setExpanding] = useState(false);
  const [gathering, setGathering] = useState<string[] | null>(null);
  const [, go] = useLocation();
  const toast = useToast();
  const handle = useRef<GraphHandle>(null);
  const { steps, dropped } = useMemo(() => readSteps(view.do), [view.do]);
  const scene = useScene(view.seed, steps);
  const asOf = view.asof === null ? undefined : new Date(view.asof * 1000).toISOString();
  const picture = usePicture(scene.data?.ids ?? [], asOf);
  const history = useStepHistory(view.do, (text) => setView({ do: text }));
  const shown = useMemo(
    () => (picture.data ? withGroups(picture.data, scene.data?.groups ?? []) : null),
    [picture.data, scene.data],
  );
  useStored(view.v, (stored) => setView({ ...stored, v: "" }, { replace: true }));
  useEffect(() => {
    document.title = "Explore · Ringsight";
  }, []);
  useEffect(() => {
    if (dropped) toast(`${plural(dropped, "step")} of the link cannot be right and was left out`);
  }, [dropped, toast]);

  const addSteps = (...more: Step[]) => {
    // After the steps that the address has now: a group is asked for while others are taken.
    const now = readParams(EXPLORE, window.location.search).values;
    const text = writeSteps([...readSteps(now.do).steps, ...more]);
    if (text.length <= LONG) setView({ do: text });
    else void keep({ ...now, do: text }).then((id) => setView({ v: id, do: text.slice(0, 0) }));
  };
  const start = (ids: string[]) => {
    if (view.seed.length === 0) setView({ seed: ids.slice(0, 20), sel: ids.slice(0, 1) });
    else addSteps({ do: "add", ids });
  };
  const select = (sel: string[]) => setView({ sel }, { replace: true });
  const [first, second] = view.sel;
  const hide = () => {
    if (view.sel.length === 0) return;
    addSteps({ do: "hide", ids: view.sel });
    select([]);
  };
  const pin = () => first && addSteps({ do: "pin", id: first });
  const group = () => {
    if (view.sel.length > 1) addSteps({ do: "group", ids: view.sel });
  };
  const path = () => {
    if (first && second) addSteps({ do: "path", from: first, to: second });
  };
  const asGroup = async (step: Step) => {
    if (step.do !== "expand") return;
    const found = await neighboursOf(step.id, step.facet, step.limit);
    const ids = found.nodes.map((node) => node.id).filter((id) => id !== step.id);
    addSteps(step, { do: "group", ids });
  };
  const kinds = [...new Set((picture.data?.nodes ?? []).map((node) => node.kind))];
  useKeys({
    expand: () => first && setExpanding(true),
    hide,
    pin,
    fit: () => handle.current?.fit(),
    clear: () => select([]),
    "undo-step": history.undo,
    "redo-step": history.redo,
    "toggle-focus": () => document.getElementById("graph")?.focus(),
    ...kindKeys(kinds, view.hide, (hide) => setView({ hide })),
  });
  const last = steps.at(-1);
  const nothing = scene.isFetching || !last || !scene.data ? null : nothingOf(last, scene.data);
  return (
    <>
      <div className="page-head">
        <h1>Explore</h1>
        {view.seed.length > 0 && (
          <span className="dim">
            {plural(scene.data?.ids.length ?? 0, "entity", "entities")}, {plural(steps.length, "step")}
          </span>
        )}
        {nothing && (
          <span className="pill warn" role="status">
            {nothing}
          </span>
        )}
        <div className="grow" />
        {view.seed.length > 0 && (
          <Taking
            what={{ ids: (picture.data?.nodes ?? []).map((node) => node.id) }}
            name="exploration"
            formats={FILES}
            disabled={!picture.data}
          >
            <PictureItem graph={handle} name="exploration" />
          </Taking>
        )}
        <Button onClick={() => setAdding(true)} variant={view.seed.length ? "default" : "filled"}>
          {view.seed.length ? "Add…" : "Search to begin"}
        </Button>
      </div>
      {view.seed.length === 0 ? (
        <section className="panel">
          <State
            title="Begin with something you know"
            actions={<Button onClick={() => setAdding(true)}>Search</Button>}
          >
            An account, an e-mail address, an address, a card, a device; or paste a list. From there
            expand, hide, pin, group, and ask for the path between two.
          </State>
        </section>
      ) : (
        <div className="explore-grid">
          <Canvas
            scene={scene}
            picture={picture}
            shown={shown}
            view={view}
            kinds={kinds}
            history={history}
            handle={handle}
            onView={setView}
            onSelect={(id, more) => select(id === null ? [] : picked(view.sel, id, more))}
            onOpen={(id) => go(entityPath(id))}
          />
          <Side
            scene={scene.data ?? null}
            graph={picture.data ?? null}
            view={view}
            expanding={expanding}
            onExpanding={setExpanding}
            onStep={(...more) => {
              setExpanding(false);
              addSteps(...more);
            }}
            onGroupStep={(step) => {
              setExpanding(false);
              void asGroup(step);
            }}
            onSelect={select}
            act={{ hide, pin, group, path }}
            onCase={setGathering}
          />
        </div>
      )}
      {gathering && <MakeCase accounts={gathering} onClose={() => setGathering(null)} />}
      <Search
        opened={adding}
        onClose={() => setAdding(false)}
        onPick={(hits) => start(hits.map((hit) => hit.id))}
      />
    </>
  );
}

/** What a step that changed nothing says; null if it changed something. */
function nothingOf(last: Step, { added, found }: Scene): string | null {
  if (added > 0) return null;
  if (last.do === "expand") return `Nothing new: what matches ${readFacet(last.facet).kind || "this"} is in the picture`;
  if (last.do !== "path") return null;
  return found === 0
    ? `No path of at most ${HOPS_MOST} steps ties them; crowds are stepped over`
    : "Nothing new: the path is in the picture";
}

async function keep(state: Record<string, unknown>): Promise<string> {
  const view = await saveView("exploration", { screen: "explore", ...state }, true);
  return view.id;
}

/** A link that names a stored exploration becomes that exploration. */
function useStored(id: string, onState: (state: Record<string, unknown>) => void): void {
  const toast = useToast();
  const done = useRef<string | null>(null);
  useEffect(() => {
    if (!id || done.current === id) return;
    done.current = id;
    viewNamed(id).then(
      (view) => {
        const { seed, do: steps, hide, asof } = view.state;
        onState({ seed, do: steps, hide, asof });
      },
      () => toast("The view this link names is gone"),
    );
  }, [id, onState, toast]);
}

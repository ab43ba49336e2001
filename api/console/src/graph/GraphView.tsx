/**
 * The graph on a canvas: drawn by Cytoscape where the server (or a layout) put it.
 *
 * What was placed stays where it is when more comes; a selection lights what it touches. On the
 * focused pane the arrows walk to the nearest neighbour, Enter selects, and a live region says where
 * one is. `window.__graph` is a handle for tests: positions and order, plain values only.
 */
import { useComputedColorScheme } from "@mantine/core";
import cytoscape, { type Core, type ElementDefinition } from "cytoscape";
import { type KeyboardEvent, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState, type Ref } from "react";
import { type Direction, type Element, fitted, litBy, neighboursOf, type Picture, towards } from "../pure/picture";
import { placeNew } from "./layout";
import { DARK, LIGHT, styleOf } from "./style";

export interface GraphHandle {
  fit: () => void;
  png: () => string;
  positions: () => Record<string, { x: number; y: number }>;
}

interface Props {
  picture: Picture;
  selected: readonly string[];
  pinned?: readonly string[];
  onSelect: (id: string | null, more: boolean) => void;
  onOpen?: (id: string) => void;
  /** Only the selection and what it touches. */
  isolated?: boolean;
  layout: "preset" | "force";
  label: string;
  handle?: Ref<GraphHandle>;
}

declare global {
  interface Window {
    __graph?: {
      pos: (id: string) => { x: number; y: number } | null;
      order: () => string[];
    };
  }
}

export default function GraphView(props: Props) {
  const { picture, selected, pinned, onSelect, onOpen, isolated, layout, label, handle } = props;
  const host = useRef<HTMLDivElement>(null);
  const core = useRef<Core | null>(null);
  const [at, setAt] = useState<string | null>(null);
  // Which picture stands on the canvas: a newer one is not ready from the moment that it is known.
  const [drawn, setDrawn] = useState<Picture | null>(null);
  const ready = drawn === picture;
  const dark = useComputedColorScheme("light", { getInitialValueInEffect: false }) === "dark";
  const size = useRef(22);
  const calls = useRef({ onSelect, onOpen });
  useLayoutEffect(() => {
    calls.current = { onSelect, onOpen };
  });

  useEffect(() => {
    if (!host.current) return;
    needsCanvas();
    const cy = cytoscape({
      container: host.current,
      style: styleOf(dark ? DARK : LIGHT),
      minZoom: 0.08,
      maxZoom: 3,
      boxSelectionEnabled: false,
    });
    core.current = cy;
    cy.on("tap", "node", (event) => {
      const keys = event.originalEvent as MouseEvent;
      calls.current.onSelect(event.target.id(), keys.shiftKey || keys.ctrlKey || keys.metaKey);
    });
    cy.on("dbltap", "node", (event) => calls.current.onOpen?.(event.target.id()));
    cy.on("tap", (event) => {
      if (event.target === cy) calls.current.onSelect(null, false);
    });
    window.__graph = {
      pos: (id) => {
        const node = cy.getElementById(id);
        if (node.empty()) return null;
        const { x, y } = node.renderedPosition();
        return { x, y };
      },
      order: () => cy.nodes().map((node) => node.id()),
    };
    const watch = new ResizeObserver(() => cy.resize());
    watch.observe(host.current);
    return () => {
      watch.disconnect();
      cy.destroy();
      core.current = null;
      delete window.__graph;
    };
    // The style follows the scheme in an effect of its own.
    // oxlint-disable-next-line react/exhaustive-deps
  }, []);

  useEffect(() => {
    core.current?.style(styleOf(dark ? DARK : LIGHT, size.current));
  }, [dark]);

  useEffect(() => {
    const cy = core.current;
    if (!cy) return;
    let live = true;
    const room = host.current!.getBoundingClientRect();
    const shown = layout === "preset" ? fitted(picture.elements, room.width * (hasBundles(picture) ? 0.66 : 0.46), room.height - 56) : null;
    if (shown) cy.style(styleOf(dark ? DARK : LIGHT, shown.node));
    size.current = shown?.node ?? 22;
    const most = size.current * 1.7;
    cy.scratch("groupMost", most);
    const fresh = draw(cy, shown ? { ...picture, elements: shown.elements } : picture);
    const done = (fit: boolean) => {
      if (!live) return;
      if (fit && shown) centre(cy);
      else if (fit) {
        cy.fit(undefined, 36);
        if (cy.zoom() > 1) cy.zoom({ level: 1, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
      }
      setDrawn(picture);
    };
    if (layout === "preset") done(fresh > 0);
    else void placeNew(cy, picture).then(() => done(fresh > 0));
    return () => {
      live = false;
    };
    // The scheme has an effect of its own.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [picture, layout]);

  useEffect(() => {
    const cy = core.current;
    if (cy) light(cy, picture, selected, pinned ?? [], isolated ?? false);
  }, [picture, selected, pinned, isolated, ready]);

  useEffect(() => {
    const cy = core.current;
    if (!cy) return;
    cy.nodes().removeClass("at");
    if (at) cy.getElementById(at).addClass("at");
  }, [at]);

  useImperativeHandle(handle, () => ({
    fit: () => void core.current?.animate({ fit: { eles: core.current.elements(":visible"), padding: 36 }, duration: 180 }),
    png: () => core.current?.png({ full: true, scale: 2, bg: dark ? DARK.surface : LIGHT.surface }) ?? "",
    positions: () =>
      Object.fromEntries((core.current?.nodes() ?? []).map((node) => [node.id(), { ...node.position() }])),
  }));

  const walk = (event: KeyboardEvent) => {
    const cy = core.current;
    if (!cy) return;
    const direction = ARROWS[event.key];
    const here = at ?? selected[0] ?? picture.elements[0]?.id ?? null;
    if (direction && here) {
      const next = at === null ? here : step(cy, picture, here, direction);
      if (next) setAt(next);
    } else if (event.key === "Enter" && at) {
      calls.current.onSelect(at, event.shiftKey);
    } else if (event.key === "+" || event.key === "-") {
      cy.zoom({ level: cy.zoom() * (event.key === "+" ? 1.25 : 0.8), renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const spoken = picture.elements.find((element) => element.id === at);
  return (
    <div className="graph-host">
      <div
        id="graph"
        ref={host}
        className="graph"
        data-ready={ready}
        role="application"
        aria-label={label}
        aria-describedby="graph-keys"
        tabIndex={0}
        onKeyDown={walk}
      />
      <span id="graph-keys" className="visually-hidden">
        Arrow keys walk to the nearest neighbour, Enter selects. The same facts are in the table.
      </span>
      <span className="visually-hidden" aria-live="polite" data-said>
        {spoken && said(spoken, picture, selected)}
      </span>
    </div>
  );
}

const ARROWS: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

/** Cytoscape fails late and unclearly without a 2D context; the boundary tells it plainly. */
function needsCanvas(): void {
  if (!document.createElement("canvas").getContext("2d")) {
    throw new Error("this browser gives no canvas to draw on");
  }
}

/** Brings the canvas to `picture`; gives how many nodes are new. What stays keeps its place. */
function draw(cy: Core, picture: Picture): number {
  const wanted = new Set([...picture.elements.map((e) => e.id), ...picture.ties.map((t) => t.id)]);
  let fresh = 0;
  cy.batch(() => {
    cy.elements().filter((element) => !wanted.has(element.id())).remove();
    for (const element of picture.elements) {
      const held = cy.getElementById(element.id);
      if (held.nonempty()) held.data(dataOf(cy, element));
      else {
        fresh += 1;
        cy.add(definition(cy, element));
      }
    }
    const ties = picture.ties.filter((tie) => cy.getElementById(tie.id).empty());
    cy.add(
      ties.map((tie) => ({
        group: "edges" as const,
        data: { id: tie.id, source: tie.source, target: tie.target, width: tie.width },
        classes: tie.weak ? "weak" : "",
      })),
    );
  });
  return fresh;
}

const hasBundles = (picture: Picture): boolean =>
  picture.elements.some((element) => element.classes.includes("bundle"));

/** At its natural size, from the top: a long ring is scrolled, not shrunk until nothing is legible. */
function centre(cy: Core): void {
  const box = cy.elements().boundingBox({ includeLabels: true });
  cy.zoom(Math.min(1, Math.max(0.6, (cy.width() - 16) / box.w)));
  const zoom = cy.zoom();
  const tall = box.h * zoom > cy.height() - 16;
  cy.pan({
    x: (cy.width() - box.w * zoom) / 2 - box.x1 * zoom,
    y: tall ? 12 - box.y1 * zoom : (cy.height() - box.h * zoom) / 2 - box.y1 * zoom,
  });
}

const dataOf = (cy: Core, element: Element) => ({
  kind: element.kind,
  label: element.label,
  size: Math.min(element.size, (cy.scratch("groupMost") as number | undefined) ?? element.size),
});

function definition(cy: Core, element: Element): ElementDefinition {
  return {
    group: "nodes",
    data: { id: element.id, ...dataOf(cy, element) },
    classes: element.classes.join(" "),
    ...(element.x !== null && element.y !== null ? { position: { x: element.x, y: element.y } } : {}),
  };
}

function light(cy: Core, picture: Picture, selected: readonly string[], pinned: readonly string[], isolated: boolean): void {
  const lit = litBy(picture, selected);
  cy.batch(() => {
    cy.elements().removeClass("faded lit selected pinned").style("display", "element");
    for (const id of pinned) cy.getElementById(id).addClass("pinned");
    if (!lit) return;
    cy.nodes().forEach((node) => {
      if (lit.has(node.id())) return;
      if (isolated) node.style("display", "none");
      else node.addClass("faded");
    });
    cy.edges().forEach((edge) => {
      const touched = selected.includes(edge.data("source") as string) || selected.includes(edge.data("target") as string);
      edge.addClass(touched ? "lit" : "faded");
    });
    for (const id of selected) cy.getElementById(id).addClass("selected");
  });
}

function step(cy: Core, picture: Picture, from: string, direction: Direction): string | null {
  const all = cy.nodes(":visible").map((node) => ({ id: node.id(), ...node.position() }));
  const here = all.find((node) => node.id === from);
  if (!here) return all[0]?.id ?? null;
  return towards(here, all, direction, new Set(neighboursOf(from, picture.ties)));
}

function said(element: Element, picture: Picture, selected: readonly string[]): string {
  const around = neighboursOf(element.id, picture.ties).length;
  return `${element.says}, tied to ${around} here${selected.includes(element.id) ? ", selected" : ""}`;
}

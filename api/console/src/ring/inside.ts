/** Which accounts signed up or did something in the window, as the server's graph of it says. */
import { useMemo } from "react";
import { useGraph, type Window } from "./data";

const EVERYBODY = { all: true, least: null };

export function useInside(id: string, window: Window, asOf?: string): ReadonlySet<string> | null {
  const open = window.from !== null || window.to !== null;
  const graph = useGraph(id, EVERYBODY, open ? window : { from: null, to: null }, asOf, open);
  return useMemo(() => {
    if (!open || !graph.data) return null;
    return new Set(graph.data.nodes.filter((node) => node.member).map((node) => node.id));
  }, [open, graph.data]);
}

/** How the graph is drawn: kinds by colour and shape, groups by a count, weak ties by a dash. */
import type { StylesheetJson } from "cytoscape";
import { KIND_STYLE } from "../pure/kinds";

export interface Palette {
  text: string;
  surface: string;
  line: string;
  weak: string;
  accent: string;
  bad: string;
}

export const LIGHT: Palette = {
  text: "#16202c",
  surface: "#ffffff",
  line: "#a9b5c2",
  weak: "#ccd4dc",
  accent: "#155a9c",
  bad: "#b42318",
};
export const DARK: Palette = {
  text: "#e3e9ef",
  surface: "#151c23",
  line: "#4d5b69",
  weak: "#323d48",
  accent: "#8fc1ff",
  bad: "#ff9d94",
};

export function styleOf(palette: Palette, size = 22): StylesheetJson {
  const kinds = Object.entries(KIND_STYLE).map(([kind, { color, shape }]) => ({
    selector: `node[kind = "${kind}"]`,
    style: { "background-color": color, shape },
  }));
  return [
    {
      selector: "node",
      style: {
        width: size,
        height: size,
        label: "data(label)",
        color: palette.text,
        "font-size": 10,
        "font-family": "ui-monospace, Menlo, Consolas, monospace",
        "text-valign": "center",
        "text-halign": "right",
        "text-margin-x": 5,
        "min-zoomed-font-size": 7,
        "border-width": Math.min(1.5, size / 12),
        "border-color": palette.surface,
        "text-background-color": palette.surface,
        "text-background-opacity": 0.75,
        "text-background-padding": "1px",
      },
    },
    ...kinds,
    { selector: "node.left", style: { "text-halign": "left", "text-margin-x": -5 } },
    {
      selector: "node.group",
      style: {
        width: "data(size)",
        height: "data(size)",
        shape: "ellipse",
        "background-color": KIND_STYLE.account!.color,
        "border-width": 4,
        "border-style": "double",
        "border-color": palette.surface,
      },
    },
    {
      selector: "node.bundle",
      style: {
        width: 26,
        height: 16,
        shape: "round-rectangle",
        "background-color": palette.weak,
        "border-width": 1,
        "border-style": "dashed",
        "border-color": palette.line,
        "font-size": 9,
      },
    },
    { selector: "node.under", style: { "text-halign": "center", "text-valign": "bottom", "text-margin-x": 0, "text-margin-y": 3 } },
    {
      selector: "node.super",
      style: { "border-width": 5, "border-style": "double", "border-color": palette.line },
    },
    { selector: "node.flagged", style: { "border-width": Math.min(2.5, size / 6), "border-color": palette.bad } },
    { selector: "node.banned", style: { "background-opacity": 0.35, "border-width": 2, "border-color": palette.bad, "border-style": "solid" } },
    { selector: "node.pinned", style: { "overlay-color": palette.accent, "overlay-opacity": 0.12, "overlay-padding": 4 } },
    {
      selector: "edge",
      style: {
        width: "data(width)",
        "line-color": palette.line,
        "curve-style": "haystack",
        opacity: 0.55,
      },
    },
    { selector: "edge.weak", style: { "line-style": "dashed", "line-color": palette.weak, "curve-style": "straight" } },
    { selector: ".faded", style: { opacity: 0.14, "text-opacity": 0.25 } },
    { selector: "edge.lit", style: { "line-color": palette.accent, width: 2, opacity: 1 } },
    {
      selector: "node.selected",
      style: { "border-width": 3.5, "border-style": "solid", "border-color": palette.accent, "font-weight": "bold" },
    },
    { selector: "node.at", style: { "overlay-color": palette.accent, "overlay-opacity": 0.22, "overlay-padding": 6 } },
  ] as unknown as StylesheetJson;
}

/** How each kind of entity looks: a colour that reads in both schemes, and a shape, never colour alone. */

export interface KindStyle {
  color: string;
  shape: "ellipse" | "round-rectangle" | "diamond" | "hexagon" | "round-tag" | "triangle" | "octagon";
}

export const KIND_STYLE: Record<string, KindStyle> = {
  account: { color: "#4a90d9", shape: "ellipse" },
  payment_method: { color: "#d98a1f", shape: "round-rectangle" },
  issuer: { color: "#b3742a", shape: "round-rectangle" },
  ip: { color: "#7b6bd6", shape: "diamond" },
  subnet: { color: "#9a7fe0", shape: "diamond" },
  asn: { color: "#8a8fb0", shape: "diamond" },
  device: { color: "#2f9e77", shape: "hexagon" },
  mailbox: { color: "#c2579b", shape: "round-tag" },
  email_domain: { color: "#d07fb5", shape: "round-tag" },
  phone: { color: "#5f9ea0", shape: "octagon" },
  organisation: { color: "#a08050", shape: "octagon" },
  prompt_cluster: { color: "#d4544a", shape: "triangle" },
  ring: { color: "#6b7785", shape: "ellipse" },
  other: { color: "#8a95a1", shape: "ellipse" },
};

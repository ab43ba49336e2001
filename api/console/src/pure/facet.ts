/** What an expansion asks for, as the short text that stands in a step: `account,f,2,score`. */

export interface Facet {
  kind: string;
  flagged: boolean;
  /** With how many things a neighbour must be tied to the ring or account in view; 0 asks nothing. */
  coShared: number;
  order: "recent" | "score" | "degree";
  /** `ring:ID` or an account that `coShared` is about. */
  near: string;
}

export const ORDERS = ["recent", "score", "degree"] as const;
export const ANY: Facet = { kind: "", flagged: false, coShared: 0, order: "recent", near: "" };

export function writeFacet({ kind, flagged, coShared, order, near }: Facet): string {
  const parts = [kind, flagged ? "f" : "", coShared || "", order === "recent" ? "" : order];
  return [...parts, coShared ? near : ""].join(",").replace(/,+$/, "");
}

export function readFacet(text: string | undefined): Facet {
  const [kind = "", flagged = "", coShared = "", order = "", ...near] = (text ?? "").split(",");
  const least = Number(coShared);
  return {
    kind: /^[a-z_]*$/.test(kind) ? kind : "",
    flagged: flagged === "f",
    coShared: Number.isInteger(least) && least > 0 && least <= 20 ? least : 0,
    order: ORDERS.find((name) => name === order) ?? "recent",
    near: near.join(","),
  };
}

/** What is not asked for accounts first: an account holds things, an operator has addresses, an issuer cards. */
const WITHOUT_ACCOUNTS = ["account", "asn", "issuer"];

/** What a hub is first asked for: neighbours that share something else, never all of them. */
export function firstFacet(node: { kind: string; supernode?: boolean }, near: string): Facet {
  const kind = WITHOUT_ACCOUNTS.includes(node.kind) ? "" : "account";
  return { ...ANY, kind, near, coShared: node.supernode && near ? 2 : 0 };
}

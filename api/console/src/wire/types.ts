/** Short names for the wire types that the screens use; `api.d.ts` is generated from the service. */
import type { components } from "./api";

type Schemas = components["schemas"];

export type RingSummary = Schemas["RingSummary"];
export type RingDetail = Schemas["RingDetail"];
export type Reason = Schemas["ReasonOut"];
export type Member = Schemas["MemberOut"];
export type SharedTable = Schemas["SharedTable"];
export type SharedRow = Schemas["SharedRow"];
export type Timeline = Schemas["Timeline"];
export type Node = Schemas["NodeOut"];
export type Edge = Schemas["EdgeOut"];
export type Group = Schemas["GroupOut"];
export type Bundle = Schemas["BundleOut"];
export type Subgraph = Schemas["Subgraph"];
export type Neighbours = Schemas["Neighbours"];
export type Facets = Schemas["Facets"];
export type Entity = Schemas["EntityOut"];
export type Happening = Schemas["HappeningOut"];
export type Hit = Schemas["HitOut"];
export type WhatIf = Schemas["WhatIfOut"];
export type Me = { user: string; role: string; csrf_token?: string | null; limits: Record<string, number>; features: string[] };

// The case side, until the service describes it itself.
export type Role = "viewer" | "investigator" | "lead" | "admin";
export interface DecisionIn {
  action: string;
  reason: string;
  account_ids?: string[];
  block_identifiers?: string[];
  expected_version: number;
  snooze_until?: string;
  dry_run: boolean;
}
export interface Named {
  id: string;
  why: string;
}
export interface Decision {
  id?: string | null;
  state?: string;
  affected: number;
  already: number;
  protected: Named[];
  honest_looking?: Named[];
  blocked_identifiers: string[];
  undo_until?: string | null;
  version: number;
}
export interface RingPatch {
  assignee?: string | null;
  status?: string;
  snooze_until?: string | null;
}
export interface AuditRow {
  seq: number;
  at: string;
  actor: string;
  action: string;
  subject?: string | null;
  detail?: Record<string, unknown> | null;
}

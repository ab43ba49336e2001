/** Short names for the wire types that the screens use; `api.d.ts` is generated from the service. */
import type { components } from "./api";

type Schemas = components["schemas"];

export type RingSummary = Schemas["RingSummary"];
export type RingDetail = Schemas["RingDetail"];
export type Reason = Schemas["ReasonOut"];
export type Pool = Schemas["PoolOut"];
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
export type Me = Schemas["Me"];
export type CoShared = Schemas["CoShared"];
export type Paths = Schemas["PathOut"];

export type DecisionIn = Schemas["DecisionIn"];
export type Decision = Schemas["DecisionOut"];
export type Decided = Schemas["RingDecisionOut"];
export type IdentifierOut = Decision["identifiers"][number];
export type RingPatch = Schemas["CasePatch"];
export type AuditRow = Schemas["AuditOut"];
export type Note = Schemas["NoteOut"];
export type View = Schemas["ViewOut"];
export type Appeal = Schemas["AppealOut"];
export type Drawn = Schemas["DrawnOut"];
export type ListEntry = Schemas["ListEntryOut"];

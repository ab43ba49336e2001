/**
 * The case side of the service: decisions, undo, notes, audit, appeals, lists and saved views.
 *
 * Kept in one file, apart from what is only read: each call here changes something or tells who did.
 */
import { client, got, idempotencyKey } from "./client";
import type { components } from "./api";
import type { DecisionIn, RingPatch, RingSummary } from "./types";

const at = (ring_id: string) => ({ path: { ring_id } });

export function changeRing(ring: Pick<RingSummary, "id" | "case_version">, change: RingPatch) {
  return got(
    client.PATCH("/v1/rings/{ring_id}", {
      params: { ...at(ring.id), header: { "If-Match": `"${ring.case_version}"` } },
      body: change,
    }),
  );
}

export function decide(ringId: string, body: DecisionIn, key: string = idempotencyKey()) {
  return got(
    client.POST("/v1/rings/{ring_id}/decisions", {
      params: { ...at(ringId), header: { "Idempotency-Key": key } },
      body,
    }),
  );
}

export function undoDecision(decision_id: string, reason: string) {
  return got(
    client.POST("/v1/decisions/{decision_id}/undo", {
      params: { path: { decision_id } },
      body: { reason },
    }),
  );
}

/** A case made by hand of chosen accounts (node ids). */
export function gatherCase(account_ids: string[], reason: string) {
  return got(client.POST("/v1/cases", { body: { account_ids, reason } }));
}

export function notesOf(ring_id: string) {
  return got(client.GET("/v1/rings/{ring_id}/notes", { params: at(ring_id) }));
}

export function addNote(ring_id: string, text: string) {
  return got(client.POST("/v1/rings/{ring_id}/notes", { params: at(ring_id), body: { text } }));
}

export interface AuditFilters {
  subject?: string;
  actor?: string;
  action?: string;
}

export function auditPage(filters: AuditFilters, cursor: string | null, signal?: AbortSignal) {
  return got(
    client.GET("/v1/audit", {
      params: { query: { ...filters, limit: 100, cursor: cursor ?? undefined } },
      signal,
    }),
  );
}

export function decisionsOf(ring_id: string) {
  return got(client.GET("/v1/rings/{ring_id}/decisions", { params: at(ring_id) }));
}

export function waitingDecisions() {
  return got(client.GET("/v1/decisions/waiting"));
}

export function secondDecision(decision_id: string, approve: boolean, reason: string) {
  return got(
    client.POST("/v1/decisions/{decision_id}/approval", {
      params: { path: { decision_id } },
      body: { approve, reason },
    }),
  );
}

export function editNote(note_id: string, text: string) {
  return got(client.PATCH("/v1/notes/{note_id}", { params: { path: { note_id } }, body: { text } }));
}

export function views() {
  return got(client.GET("/v1/views"));
}

export function saveView(name: string, state: Record<string, unknown>, shared = false) {
  return got(client.POST("/v1/views", { body: { name, state, shared } }));
}

export function viewNamed(view_id: string) {
  return got(client.GET("/v1/views/{view_id}", { params: { path: { view_id } } }));
}

export function dropView(view_id: string) {
  return got(client.DELETE("/v1/views/{view_id}", { params: { path: { view_id } } }));
}

export function appealsPage(open: boolean, cursor: string | null) {
  return got(
    client.GET("/v1/appeals", { params: { query: { open, limit: 50, cursor: cursor ?? undefined } } }),
  );
}

export function openAppeal(account_id: string, statement: string) {
  return got(client.POST("/v1/appeals", { body: { account_id, statement } }));
}

export function decideAppeal(appeal_id: string, outcome: "uphold" | "overturn", reason: string) {
  return got(
    client.POST("/v1/appeals/{appeal_id}/decision", {
      params: { path: { appeal_id } },
      body: { outcome, reason },
    }),
  );
}

export function sample() {
  return got(client.GET("/v1/audit-sample", { params: { query: { limit: 100 } } }));
}

export function drawSample(size: number) {
  return got(client.POST("/v1/audit-sample", { body: { size } }));
}

export function judgeDrawn(account_id: string, verdict: "fraud" | "legitimate", reason: string) {
  return got(
    client.POST("/v1/audit-sample/{account_id}/decision", {
      params: { path: { account_id } },
      body: { verdict, reason },
    }),
  );
}

export type ListName = components["schemas"]["ListName"];
export type ListEntryIn = components["schemas"]["ListEntryIn"];

export function listPage(list: ListName, cursor: string | null) {
  return got(
    client.GET("/v1/lists", { params: { query: { list, limit: 100, cursor: cursor ?? undefined } } }),
  );
}

export function addToList(body: ListEntryIn) {
  return got(client.POST("/v1/lists", { body }));
}

export function takeOffList(entry_id: string) {
  return got(client.DELETE("/v1/lists/{entry_id}", { params: { path: { entry_id } } }));
}

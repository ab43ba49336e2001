/**
 * The case side of the service: decisions, undo, notes, audit, appeals, lists and saved views.
 *
 * Kept in one file, apart from what is only read: each call here changes something or tells who did.
 */
import { client, got, idempotencyKey } from "./client";
import type { DecisionIn, RingDetail, RingPatch, Role } from "./types";

export type { Role };

const at = (ring_id: string) => ({ path: { ring_id } });

export function changeRing(ring: Pick<RingDetail, "id" | "case_version">, change: RingPatch) {
  return got(
    client.PATCH("/v1/rings/{ring_id}", {
      params: { ...at(ring.id), header: { "if-match": `"${ring.case_version}"` } },
      body: change,
    }),
  );
}

export function decide(ringId: string, body: DecisionIn, key: string = idempotencyKey()) {
  return got(
    client.POST("/v1/rings/{ring_id}/decisions", {
      params: { ...at(ringId), header: { "idempotency-key": key } },
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

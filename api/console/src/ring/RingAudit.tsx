/** Who did what to this ring, latest first. */
import { AuditTable } from "../audit/AuditTable";

export function RingAudit({ ringId }: { ringId: string }) {
  return <AuditTable filters={{ subject: `ring:${ringId}` }} what="ring" />;
}

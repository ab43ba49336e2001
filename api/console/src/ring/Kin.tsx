/** Rings that stand near this one: other pools of its operator, customers, users of its toolkit. */
import { Link } from "wouter";
import type { RingDetail } from "../wire/types";
import { Section } from "./Why";

export function Kin({ ring }: { ring: RingDetail }) {
  const { relatives = [] } = ring;
  if (relatives.length === 0) return null;
  return (
    <Section title="Other rings">
      <div className="panel-body stack">
        {relatives.map((other) => (
          <div key={`${other.kind} ${other.ring_id}`}>
            <Link href={`/rings/${other.ring_id}`} className="mono">
              {other.ring_id}
            </Link>
            , {other.says}
            {other.reasons.map((reason) => (
              <div key={reason.code} className="small dim">
                {reason.text}
              </div>
            ))}
          </div>
        ))}
      </div>
    </Section>
  );
}

/** Rings that stand near this one, and what its accounts carry: its operator's work or others'. */
import { Link } from "wouter";
import type { RingDetail } from "../wire/types";
import { Section } from "./Why";

const KINDS = {
  same_operator: "same operator",
  customer: "its customer",
  provider: "its provider",
  same_toolkit: "same toolkit",
  shared_things: "things in common",
} as const;

const ROLES = [
  ["operator", "of the ring's own kit"],
  ["both", "of both"],
  ["resold", "of others' traffic"],
] as const;

export function Kin({ ring }: { ring: RingDetail }) {
  const { relatives = [], roles = {} } = ring;
  const held = Object.values(roles);
  const resells = held.some((one) => one.role !== "operator");
  const carried = ROLES.map(([role, of]) => [held.filter((one) => one.role === role).length, of] as const);
  if (relatives.length === 0 && !resells) return null;
  return (
    <Section title="Other rings">
      <div className="panel-body stack">
        {relatives.map((other) => (
          <div key={`${other.kind} ${other.ring_id}`}>
            <Link href={`/rings/${other.ring_id}`} className="mono">
              {other.ring_id}
            </Link>
            <span className="pill" style={{ marginLeft: 6 }}>
              {KINDS[other.kind]}
            </span>
            {other.reasons.map((reason) => (
              <div key={reason.code} className="small dim">
                {reason.text}
              </div>
            ))}
          </div>
        ))}
        {resells && (
          <div className="small">
            What accounts carry:{" "}
            {carried
              .filter(([count]) => count > 0)
              .map(([count, of]) => `${count} ${of}`)
              .join(", ")}
          </div>
        )}
      </div>
    </Section>
  );
}

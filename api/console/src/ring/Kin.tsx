/** Rings that stand near this one, and what its accounts carry: its operator's work or others'. */
import { Link } from "wouter";
import { plural } from "../pure/format";
import type { RingDetail } from "../wire/types";
import { Section } from "./Why";

export function Kin({ ring }: { ring: RingDetail }) {
  const { relatives = [], roles = {} } = ring;
  const held = Object.values(roles);
  const resells = held.some((one) => one.role !== "operator");
  const carried = new Map<string, number>();
  for (const { says } of held) carried.set(says, (carried.get(says) ?? 0) + 1);
  if (relatives.length === 0 && !resells) return null;
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
        {resells && (
          <div className="small">
            What its accounts carry:{" "}
            {[...carried]
              .toSorted((a, b) => b[1] - a[1])
              .map(([what, held]) => `${what} (${plural(held, "account")})`)
              .join("; ")}
          </div>
        )}
      </div>
    </Section>
  );
}

/** The parts of a ring that are known: its operator's accounts, those sold on, those of customers. */
import { Link } from "wouter";
import { EntityName } from "../parts/Pieces";
import { plural } from "../pure/format";
import { percent } from "../pure/plot";
import type { Pool, RingDetail } from "../wire/types";
import { MARKED_MAX, Marker, type Marking } from "./Marker";
import { Section } from "./Why";

export function Parts({ ring, ...marking }: Marking & { ring: RingDetail }) {
  const { pools = [] } = ring;
  if (pools.length === 0) return null;
  return (
    <Section title="Its parts">
      <ul className="reasons">
        {pools.map((pool) => (
          <PoolLine
            key={`${pool.part} ${pool.ring_id ?? ""}`}
            pool={pool}
            of={ring.accounts}
            {...marking}
          />
        ))}
      </ul>
    </Section>
  );
}

function PoolLine({ pool, of, ...marking }: Marking & { pool: Pool; of: number }) {
  const ids = pool.accounts.map((account) => `account:${account}`);
  const named = ids.slice(0, MARKED_MAX);
  return (
    <li>
      <Marker ids={ids} {...marking}>
        <span className="reason-text">Accounts {pool.says}</span>
        <span className="reason-facts small tnum">
          <strong>{plural(ids.length, "account")}</strong>
          <span className="dim">{percent(ids.length / Math.max(of, 1))} of the ring</span>
        </span>
      </Marker>
      <div className="panel-body stack small">
        {pool.ring_id && (
          <span>
            The customer: <Link href={`/rings/${pool.ring_id}`} className="mono">{pool.ring_id}</Link>
          </span>
        )}
        <details>
          <summary>Which</summary>
          <div className="row wrap">
            {named.map((id) => (
              <EntityName key={id} id={id} />
            ))}
            {ids.length > named.length && <span className="dim">and {ids.length - named.length} more</span>}
          </div>
        </details>
      </div>
    </li>
  );
}

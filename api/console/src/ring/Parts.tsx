/** The parts of a ring that are known: its operator's accounts, those sold on, those of customers. */
import { Link } from "wouter";
import { EntityName } from "../parts/Pieces";
import { plural } from "../pure/format";
import { percent } from "../pure/plot";
import type { Pool, RingDetail } from "../wire/types";
import { Section } from "./Why";

/** Accounts of a part that the picture marks, and that are named. */
const MARKED_MAX = 50;

interface Props {
  ring: RingDetail;
  selected: readonly string[];
  onSelect: (ids: string[]) => void;
}

export function Parts({ ring, selected, onSelect }: Props) {
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
            selected={selected}
            onSelect={onSelect}
          />
        ))}
      </ul>
    </Section>
  );
}

interface LineProps {
  pool: Pool;
  of: number;
  selected: readonly string[];
  onSelect: (ids: string[]) => void;
}

function PoolLine({ pool, of, selected, onSelect }: LineProps) {
  const ids = pool.accounts.map((account) => `account:${account}`);
  const marked = ids.slice(0, MARKED_MAX);
  const on = marked.length === selected.length && marked.every((id) => selected.includes(id));
  return (
    <li>
      <button
        type="button"
        className={`reason${on ? " on" : ""}`}
        aria-pressed={on}
        onClick={() => onSelect(on ? [] : marked)}
      >
        <span className="reason-text">Accounts {pool.says}</span>
        <span className="reason-facts small tnum">
          <strong>{plural(ids.length, "account")}</strong>
          <span className="dim">{percent(ids.length / Math.max(of, 1))} of the ring</span>
        </span>
      </button>
      <div className="panel-body stack small">
        {pool.ring_id && (
          <span>
            The customer: <Link href={`/rings/${pool.ring_id}`} className="mono">{pool.ring_id}</Link>
          </span>
        )}
        <details>
          <summary>Which</summary>
          <div className="row wrap">
            {marked.map((id) => (
              <EntityName key={id} id={id} />
            ))}
            {ids.length > marked.length && <span className="dim">and {ids.length - marked.length} more</span>}
          </div>
        </details>
      </div>
    </li>
  );
}

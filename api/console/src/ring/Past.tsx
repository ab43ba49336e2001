/** The ring's life: where it came from, what it resembles, and the clock of the campaign. */
import { Link } from "wouter";
import { EntityName } from "../parts/Pieces";
import { compact, minute, sentence, span, words } from "../pure/format";
import { turnText } from "../pure/news";
import type { RingDetail } from "../wire/types";
import { Section } from "./Why";

export function Past({ ring }: { ring: RingDetail }) {
  const { precedents = [], lineage = [] } = ring;
  return (
    <>
      <Clock ring={ring} />
      {(precedents.length > 0 || lineage.length > 0) && (
        <Section title="Seen before">
          <div className="panel-body stack">
            {precedents.map((precedent) => (
              <div key={precedent.ring}>
                <Link href={`/rings/${precedent.ring}`}>{precedent.title || precedent.ring}</Link>
                <span className="pill" style={{ marginLeft: 6 }}>
                  {words(precedent.outcome)}
                </span>
                <div className="row wrap small" style={{ gap: 8 }}>
                  <span className="dim">shares</span>
                  {precedent.shared.slice(0, 4).map((id) => (
                    <EntityName key={id} id={id} max={12} />
                  ))}
                </div>
              </div>
            ))}
            {lineage.map((turn) => (
              <div key={`${turn.at} ${turn.change}`} className="row wrap small">
                <span className="dim tnum">{minute(turn.at)}</span>
                <span>{sentence(turnText(turn, false))}</span>
                {(turn.others ?? []).map((other) => (
                  <Link key={other} href={`/rings/${other}`} className="mono">
                    {other}
                  </Link>
                ))}
              </div>
            ))}
          </div>
        </Section>
      )}
    </>
  );
}

const STEPS = [
  ["first_signup", "First sign-up"],
  ["first_flag", "First account flagged"],
  ["ring_flag", "Ring flagged"],
  ["action", "Action"],
] as const;

function Clock({ ring }: { ring: RingDetail }) {
  const clock = ring.campaign_clock;
  const began = clock?.first_signup ? Date.parse(clock.first_signup) : null;
  if (!clock || began === null) return null;
  const exchanges = clock.exchanges_before_each ?? {};
  return (
    <Section title="Campaign clock">
      <ol className="clock">
        {STEPS.map(([name, label]) => {
          const at = clock[name];
          return (
            <li key={name} className={at ? "done" : ""}>
              <span className="strong">{label}</span>
              <span className="dim tnum small">{at ? minute(at) : "not yet"}</span>
              <span className="small tnum">
                {at && name !== "first_signup" && `after ${span((Date.parse(at) - began) / 1000)}`}
              </span>
              <span className="dim small tnum num">
                {exchanges[name] !== undefined && `${compact(exchanges[name])} exchanges before`}
              </span>
            </li>
          );
        })}
      </ol>
    </Section>
  );
}

/** Why the ring is flagged and what speaks against that; a click shows whom a reason is about. */
import { Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { figure, sentence, words } from "../pure/format";
import type { Reason, RingDetail } from "../wire/types";
import { Marker, type Marking } from "./Marker";

export function Why({ ring, ...marking }: Marking & { ring: RingDetail }) {
  const { triage = [] } = ring;
  const accusing = ring.reasons.filter((reason) => reason.weight > 0);
  const weightless = ring.reasons.filter((reason) => reason.weight <= 0);
  const most = Math.max(1, ...ring.reasons.map((reason) => Math.abs(reason.weight)));
  const show = (reasons: Reason[], tone: string) => (
    <ul className="reasons">
      {reasons.map((reason, n) => (
        <ReasonLine
          key={`${reason.code} ${n}`}
          reason={reason}
          most={most}
          tone={tone}
          {...marking}
        />
      ))}
    </ul>
  );
  return (
    <>
      <Section title={ring.flagged ? "Why it is flagged" : "What is suspicious"} aside={<Families ring={ring} />}>
        {accusing.length > 0 ? show(accusing, "bad") : <p className="dim panel-body">Nothing.</p>}
        {weightless.length > 0 && (
          <>
            <h3 className="dim reasons-head">Not counted</h3>
            {show(weightless, "none")}
          </>
        )}
      </Section>
      <Section title="What speaks against it">
        {ring.counter_evidence.length > 0 ? (
          show(ring.counter_evidence, "good")
        ) : (
          <p className="dim panel-body">
            Nothing was found that acquits: no established members, no organisation, no ordinary use.
          </p>
        )}
      </Section>
      {triage.length > 0 && (
        <Section title="Triage">{show(triage, "none")}</Section>
      )}
    </>
  );
}

export function Section({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="panel" aria-label={title}>
      <div className="panel-head">
        <h2>{title}</h2>
        {aside && <div className="aside">{aside}</div>}
      </div>
      {children}
    </section>
  );
}

const WEIGHS = "How much this counts: 0.7 doubles the odds that this is a ring, 2.3 makes them ten times as high";

interface LineProps extends Marking {
  reason: Reason;
  most: number;
  tone: string;
}

function ReasonLine({ reason, most, tone, ...marking }: LineProps) {
  const ids = reason.entity_ids ?? [];
  const body = (
    <>
      <span className="reason-text">{sentence(reason.text)}</span>
      <span className="reason-facts">
        <Observed reason={reason} />
        <span className="grow" />
        {tone !== "none" && (
          <Tooltip label={WEIGHS}>
            <span className={`weight ${tone}`}>
              <i style={{ width: `${Math.max(4, (Math.abs(reason.weight) / most) * 46)}px` }} />
              <span className="tnum">
                {reason.weight > 0 ? "+" : "−"}
                {Math.abs(reason.weight).toFixed(1)}
              </span>
            </span>
          </Tooltip>
        )}
      </span>
    </>
  );
  if (ids.length === 0) return <li className="reason">{body}</li>;
  return (
    <li>
      <Marker ids={ids} {...marking}>
        {body}
      </Marker>
    </li>
  );
}

function Observed({ reason }: { reason: Reason }) {
  if (reason.observed === null || reason.observed === undefined) {
    return <span className="dim small">{reason.family ? words(reason.family) : ""}</span>;
  }
  const unit = reason.unit ? ` ${reason.unit}` : "";
  return (
    <span className="small tnum">
      <strong>{figure(reason.observed, reason.text)}</strong>
      {unit}
      {reason.baseline !== null && reason.baseline !== undefined && (
        <span className="dim"> · usually {figure(reason.baseline, reason.text)}{unit}</span>
      )}
    </span>
  );
}

function Families({ ring }: { ring: RingDetail }) {
  const held = Object.entries(ring.families).filter(([, weight]) => weight > 0);
  return (
    <Tooltip label={held.map(([name, weight]) => `${words(name)} ${weight.toFixed(1)}`).join(", ") || "none"}>
      <span className="dim small" tabIndex={0} role="note">
        {held.length} {held.length === 1 ? "kind" : "kinds"} of evidence
      </span>
    </Tooltip>
  );
}

/** What is watched between runs: calibration, late labels, honest people, drift, prompts, stale weights. */
import { type ReactNode, useState } from "react";
import { dayOf, days, index, known, percent, type Value } from "../pure/plot";
import type { components } from "../wire/api";
import { Bars, Lines, type LinesProps, Plot, Reliability } from "./Plots";

type Monitor = components["schemas"]["MonitorOut"];
type Past = components["schemas"]["PastOut"];
type Look = components["schemas"]["LookOut"];

const SHOWN_COLUMNS = 12;
const SLICES = { source: "who said it", country: "country", pathway: "pathway", ip_class: "network" } as const;
/** An index of population stability from which a column is looked at. */
const LOOKED_AT = 0.1;

export function Watched({ monitor }: { monitor: Monitor }) {
  const past = monitor.past ?? [];
  const looks = monitor.looks ?? [];
  return (
    <>
      <Calibration past={past} />
      <LateLabels past={past} monitor={monitor} />
      <HonestPeople monitor={monitor} looks={looks} />
      <Drift monitor={monitor} looks={looks} />
      <Staleness monitor={monitor} looks={looks} />
      <Figures monitor={monitor} />
    </>
  );
}

/** One thing that is watched: a heading and its plots. */
function Watch({ label, title, aside, children }: { label: string; title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="panel" aria-label={label}>
      <div className="panel-head">
        <h2>{title}</h2>
        {aside && <span className="dim">{aside}</span>}
      </div>
      <div className="plots">{children}</div>
    </section>
  );
}

interface OverRunsProps<Run> extends Pick<LinesProps, "label" | "format" | "least" | "limit"> {
  title: string;
  said: ReactNode;
  runs: readonly Run[];
  /** Which figures of a run are drawn, and the ends of an interval around each. */
  lines: readonly { name: string; of: keyof Run; low?: keyof Run; high?: keyof Run }[];
}

/** Figures of each run as lines, over the days of the runs. */
function OverRuns<Run extends { as_of: string }>({ title, said, runs, lines, ...more }: OverRunsProps<Run>) {
  const all = (name: keyof Run | undefined) => name && runs.map((run) => run[name] as Value);
  return (
    <Plot title={title} said={said}>
      <Lines
        names={runs.map((run) => dayOf(run.as_of))}
        series={lines.map(({ name, of, low, high }) => ({ name, values: all(of) ?? [], low: all(low), high: all(high) }))}
        {...more}
      />
    </Plot>
  );
}

function Calibration({ past }: { past: Past[] }) {
  const newest = past.at(-1);
  const oldest = past[0];
  if (!newest || !oldest) return null;
  return (
    <Watch
      label="Calibration"
      title="Calibration over time"
      aside="Every run's examined days, by the labels of today"
    >
      <OverRuns
        runs={past}
        title="Fraud expected and found"
        said="Expected is the mean score. Found is what labels say so far: it is low while they are few, and rises with them."
        label="Share of accounts that are fraud, expected and found"
        least={0.1}
        lines={[
          { name: "expected", of: "expected_fraud" },
          { name: "found", of: "observed_fraud", low: "observed_low", high: "observed_high" },
        ]}
      />
      <OverRuns
        runs={past}
        title="Calibration error"
        said="Mean distance between score and share of known fraud over ten bands of the score."
        label="Calibration error"
        least={0.1}
        lines={[{ name: "error", of: "calibration_error" }]}
      />
      {[newest, oldest].map(
        (run, place) =>
          (place === 0 || run !== newest) && (
            <Plot
              key={run.run}
              title={`${place ? "Oldest" : "Newest"} run shown, ${dayOf(run.as_of)}: score against what was found`}
              said="On the dotted line a score means what it says; thin bars are 95 % intervals."
            >
              <Reliability label={`Calibration of the run of ${dayOf(run.as_of)}`} bands={run.bands ?? []} />
            </Plot>
          ),
      )}
    </Watch>
  );
}

function LateLabels({ past, monitor }: { past: Past[]; monitor: Monitor }) {
  const delays = (monitor.labels ?? []).filter((row) => known(row.median_days));
  if (!past.length && !delays.length) return null;
  return (
    <Watch label="Late labels" title="Label delay, and what late labels change">
      <Plot
        title="Days from sign-up to an account's first verdict"
        said="Median; the thin line holds the middle half. In grey, how many accounts it was seen on. Verdicts still to come are in none of them."
      >
        <Bars
          label="Label delay by source"
          least={7}
          format={days}
          bars={delays.map((row) => ({
            name: row.source,
            seen: `${row.labels}`,
            value: row.median_days ?? 0,
            low: row.low_days ?? row.median_days ?? 0,
            high: row.high_days ?? row.median_days ?? 0,
            marked: false,
          }))}
        />
      </Plot>
      <OverRuns
        runs={past}
        title="Known fraud in the examined days"
        said="Then: by the labels of the run's own day. Now: by those of today. The distance is what labels brought late."
        label="Accounts of known fraud, then and now"
        least={10}
        format={(value) => value.toFixed(0)}
        lines={[
          { name: "known now", of: "known_fraud_now" },
          { name: "known then", of: "known_fraud_then" },
        ]}
      />
      <OverRuns
        runs={past}
        title="Exchanges of known fraud prevented"
        said="The share each run's model prevented, judged then and judged again by today's labels."
        label="Share prevented, judged then and now"
        lines={[
          { name: "judged now", of: "prevented_now" },
          { name: "judged then", of: "prevented_then" },
        ]}
      />
    </Watch>
  );
}

function HonestPeople({ monitor, looks }: { monitor: Monitor; looks: Look[] }) {
  const [by, setBy] = useState<keyof typeof SLICES>("source");
  const back = monitor.overturned ?? [];
  const every = back.find((row) => row.by === "every");
  const rows = back.filter((row) => row.by === by).toSorted((a, b) => b.share - a.share);
  const audited = monitor.audited;
  if (!back.length && !audited?.audited) return null;
  return (
    <Watch label="Honest people" title="Honest people: verdicts taken back, and who is flagged wrongly">
      <Plot
        title="Overturned verdicts and bans, by slice"
        said={
          every
            ? `${every.overturned} of ${every.verdicts} were taken back (${percent(every.share)}, the dotted line). Red: more often than the rest, beyond chance over all slices together.`
            : "Too few verdicts of fraud to tell."
        }
      >
        <div role="group" aria-label="Slices by" className="plot-choice">
          {Object.entries(SLICES).map(([name, told]) => (
            <button
              key={name}
              type="button"
              className="link-button"
              aria-pressed={name === by}
              onClick={() => setBy(name as keyof typeof SLICES)}
            >
              {told}
            </button>
          ))}
        </div>
        <Bars
          label={`Share of verdicts taken back by ${SLICES[by]}`}
          format={percent}
          limit={every?.share}
          bars={rows.map((row) => ({
            name: row.name,
            seen: `${row.overturned} of ${row.verdicts}`,
            value: row.share,
            low: row.low,
            high: row.high,
            marked: row.apart ?? false,
          }))}
        />
      </Plot>
      <OverRuns
        runs={looks}
        title="Honest accounts flagged, from the random audit"
        said={auditSaid(audited)}
        label="Share of honest accounts flagged, estimated from the random audit"
        least={0.1}
        lines={[
          { name: "flagged among honest accounts drawn at random", of: "audit_share", low: "audit_low", high: "audit_high" },
        ]}
      />
      <OverRuns
        runs={looks}
        title="Share of verdicts taken back, run by run"
        said="All verdicts of fraud and bans up to the run's day, with 95 % intervals."
        label="Share of verdicts taken back"
        least={0.1}
        lines={[
          { name: "taken back", of: "overturned_share", low: "overturned_low", high: "overturned_high" },
        ]}
      />
    </Watch>
  );
}

function auditSaid(audited: Monitor["audited"]): string {
  if (!audited?.honest) return "No honest account that was drawn at random was active in the examined days yet.";
  const { audited: drawn = 0, honest, flagged = 0, share, low, high } = audited;
  return (
    `${drawn} accounts were drawn at random so far; of ${honest} honest ones active in the examined days ` +
    `${flagged} were flagged: ${percent(share)}, by chance ${percent(low)} to ${percent(high)}.`
  );
}

function Drift({ monitor, looks }: { monitor: Monitor; looks: Look[] }) {
  const rows = (monitor.features ?? []).slice(0, SHOWN_COLUMNS);
  const prompts = monitor.prompts;
  const lengths = prompts?.lengths ?? [];
  const mixes = [
    { name: "templates", mix: prompts?.templates },
    { name: "models asked", mix: prompts?.models },
  ].flatMap(({ name, mix }) => (known(mix?.psi) ? [`${name} ${index(mix.psi)}`] : []));
  const moved = [...mixes, ...lengths.map((row) => `${row.name.replaceAll("_", " ")} ${index(row.psi)}`)];
  return (
    <Watch label="Drift" title="Drift against the champion's training" aside={monitor.summary}>
      <Plot
        title="Columns that moved most"
        said="Population stability index with its interval; red moved beyond chance, the dotted line is 0.1."
      >
        <Bars
          label="Population stability index of the columns that moved most"
          limit={LOOKED_AT}
          bars={rows.map(({ name, psi, low, high, drifted }) => ({ name, value: psi, low, high, marked: drifted }))}
        />
      </Plot>
      <OverRuns
        runs={looks}
        title="Drift of scores, run by run"
        said="The same index, of the score alone, against the champion's."
        label="Drift of scores"
        format={index}
        least={0.2}
        limit={LOOKED_AT}
        lines={[
          { name: "score", of: "score_psi", low: "score_psi_low", high: "score_psi_high" },
        ]}
      />
      <OverRuns
        runs={looks}
        title="Drift of prompts, run by run"
        said={`Each run's examined days against as many before.${moved.length ? ` Last: ${moved.join(", ")}.` : ""}`}
        label="Drift of prompts"
        format={index}
        least={0.2}
        limit={LOOKED_AT}
        lines={[
          { name: "mix of templates", of: "template_psi" },
          { name: "mix of models", of: "model_psi" },
        ]}
      />
      <OverRuns
        runs={looks}
        title="Prompts without a known template"
        said="What the clusters of the last refresh do not hold. A rise says that they, and what reads them, are going stale."
        label="Share of prompts without a known template"
        lines={[{ name: "without", of: "without_template" }]}
      />
    </Watch>
  );
}

function Staleness({ monitor, looks }: { monitor: Monitor; looks: Look[] }) {
  const { champion_age_days: age, rank_agreement: agreed } = monitor.staleness ?? {};
  if (!looks.length && !known(age)) return null;
  return (
    <Watch
      label="Staleness"
      title="How stale the weights in use are"
      aside={known(age) ? `The champion learnt what was known ${days(age)} before the last run.` : "No champion yet."}
    >
      <OverRuns
        runs={looks}
        title="Age of the champion at each run"
        said="Days since the moment up to which it learnt."
        label="Age of the champion in days"
        format={days}
        least={14}
        lines={[{ name: "age", of: "champion_age_days" }]}
      />
      <OverRuns
        runs={looks}
        title="Agreement with fresh weights"
        said={`Rank correlation of champion and challenger on the same accounts${known(agreed) ? `, last ${index(agreed)}` : ""}: where it falls, a week's learning changed who looks guilty.`}
        label="Rank agreement of champion and challenger"
        format={index}
        lines={[{ name: "agreement", of: "rank_agreement" }]}
      />
    </Watch>
  );
}

function Figures({ monitor }: { monitor: Monitor }) {
  const figures = Object.entries(monitor.metrics ?? {});
  if (!figures.length) return null;
  return (
    <section className="panel" aria-label="Figures">
      <details>
        <summary className="panel-head">All {figures.length} figures, as GET /metrics tells them</summary>
        <dl className="facts-list plot-figures">
          {figures.map(([name, value]) => (
            <div key={name}>
              <dt>{name.replaceAll("_", " ")}</dt>
              <dd>{value.toPrecision(3)}</dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  );
}

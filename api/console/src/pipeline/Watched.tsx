/** What is watched between runs: calibration, late labels, honest people, drift, prompts, stale weights. */
import { useState } from "react";
import { dayOf, days, index, known, percent } from "../pure/plot";
import type { components } from "../wire/api";
import { Bars, Lines, Plot, Reliability } from "./Plots";

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

function Calibration({ past }: { past: Past[] }) {
  const newest = past.at(-1);
  const oldest = past[0];
  if (!newest || !oldest) return null;
  const names = past.map((run) => dayOf(run.as_of));
  return (
    <section className="panel" aria-label="Calibration">
      <div className="panel-head">
        <h2>Calibration over time</h2>
        <span className="dim">Every run&apos;s examined days, by the labels of today</span>
      </div>
      <div className="plots">
        <Plot
          title="Fraud expected and found"
          said="Expected is the mean score. Found is what labels say so far: it is low while they are few, and rises with them."
        >
          <Lines
            label="Share of accounts that are fraud, expected and found"
            names={names}
            least={0.1}
            series={[
              { name: "expected", values: past.map((run) => run.expected_fraud) },
              {
                name: "found",
                values: past.map((run) => run.observed_fraud),
                low: past.map((run) => run.observed_low),
                high: past.map((run) => run.observed_high),
              },
            ]}
          />
        </Plot>
        <Plot
          title="Calibration error"
          said="Mean distance between score and share of known fraud over ten bands of the score."
        >
          <Lines
            label="Calibration error"
            names={names}
            least={0.1}
            series={[{ name: "error", values: past.map((run) => run.calibration_error) }]}
          />
        </Plot>
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
      </div>
    </section>
  );
}

function LateLabels({ past, monitor }: { past: Past[]; monitor: Monitor }) {
  const delays = (monitor.labels ?? []).filter((row) => known(row.median_days));
  if (!past.length && !delays.length) return null;
  const names = past.map((run) => dayOf(run.as_of));
  return (
    <section className="panel" aria-label="Late labels">
      <div className="panel-head">
        <h2>Label delay, and what late labels change</h2>
      </div>
      <div className="plots">
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
        <Plot
          title="Known fraud in the examined days"
          said="Then: by the labels of the run's own day. Now: by those of today. The distance is what labels brought late."
        >
          <Lines
            label="Accounts of known fraud, then and now"
            names={names}
            least={10}
            format={(value) => value.toFixed(0)}
            series={[
              { name: "known now", values: past.map((run) => run.known_fraud_now) },
              { name: "known then", values: past.map((run) => run.known_fraud_then) },
            ]}
          />
        </Plot>
        <Plot
          title="Exchanges of known fraud prevented"
          said="The share each run's model prevented, judged then and judged again by today's labels."
        >
          <Lines
            label="Share prevented, judged then and now"
            names={names}
            series={[
              { name: "judged now", values: past.map((run) => run.prevented_now) },
              { name: "judged then", values: past.map((run) => run.prevented_then) },
            ]}
          />
        </Plot>
      </div>
    </section>
  );
}

function HonestPeople({ monitor, looks }: { monitor: Monitor; looks: Look[] }) {
  const [by, setBy] = useState<keyof typeof SLICES>("source");
  const back = monitor.overturned ?? [];
  const every = back.find((row) => row.by === "every");
  const rows = back.filter((row) => row.by === by).toSorted((a, b) => b.share - a.share);
  const audited = monitor.audited;
  if (!back.length && !audited?.audited) return null;
  const names = looks.map((look) => dayOf(look.as_of));
  return (
    <section className="panel" aria-label="Honest people">
      <div className="panel-head">
        <h2>Honest people: verdicts taken back, and who is flagged wrongly</h2>
      </div>
      <div className="plots">
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
        <Plot title="Honest accounts flagged, from the random audit" said={auditSaid(audited)}>
          <Lines
            label="Share of honest accounts flagged, estimated from the random audit"
            names={names}
            least={0.1}
            series={[
              {
                name: "flagged among honest accounts drawn at random",
                values: looks.map((look) => look.audit_share),
                low: looks.map((look) => look.audit_low),
                high: looks.map((look) => look.audit_high),
              },
            ]}
          />
        </Plot>
        <Plot
          title="Share of verdicts taken back, run by run"
          said="All verdicts of fraud and bans up to the run's day, with 95 % intervals."
        >
          <Lines
            label="Share of verdicts taken back"
            names={names}
            least={0.1}
            series={[
              {
                name: "taken back",
                values: looks.map((look) => look.overturned_share),
                low: looks.map((look) => look.overturned_low),
                high: looks.map((look) => look.overturned_high),
              },
            ]}
          />
        </Plot>
      </div>
    </section>
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
  const names = looks.map((look) => dayOf(look.as_of));
  return (
    <section className="panel" aria-label="Drift">
      <div className="panel-head">
        <h2>Drift against the champion&apos;s training</h2>
        <span className="dim">{monitor.summary}</span>
      </div>
      <div className="plots">
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
        <Plot title="Drift of scores, run by run" said="The same index, of the score alone, against the champion's.">
          <Lines
            label="Drift of scores"
            names={names}
            format={index}
            least={0.2}
            limit={LOOKED_AT}
            series={[
              {
                name: "score",
                values: looks.map((look) => look.score_psi),
                low: looks.map((look) => look.score_psi_low),
                high: looks.map((look) => look.score_psi_high),
              },
            ]}
          />
        </Plot>
        <Plot
          title="Drift of prompts, run by run"
          said={`Each run's examined days against as many before.${moved.length ? ` Last: ${moved.join(", ")}.` : ""}`}
        >
          <Lines
            label="Drift of prompts"
            names={names}
            format={index}
            least={0.2}
            limit={LOOKED_AT}
            series={[
              { name: "mix of templates", values: looks.map((look) => look.template_psi) },
              { name: "mix of models", values: looks.map((look) => look.model_psi) },
            ]}
          />
        </Plot>
        <Plot
          title="Prompts without a known template"
          said="What the clusters of the last refresh do not hold. A rise says that they, and what reads them, are going stale."
        >
          <Lines
            label="Share of prompts without a known template"
            names={names}
            series={[{ name: "without", values: looks.map((look) => look.without_template) }]}
          />
        </Plot>
      </div>
    </section>
  );
}

function Staleness({ monitor, looks }: { monitor: Monitor; looks: Look[] }) {
  const { champion_age_days: age, rank_agreement: agreed } = monitor.staleness ?? {};
  if (!looks.length && !known(age)) return null;
  const names = looks.map((look) => dayOf(look.as_of));
  return (
    <section className="panel" aria-label="Staleness">
      <div className="panel-head">
        <h2>How stale the weights in use are</h2>
        <span className="dim">
          {known(age) ? `The champion learnt what was known ${days(age)} before the last run.` : "No champion yet."}
        </span>
      </div>
      <div className="plots">
        <Plot title="Age of the champion at each run" said="Days since the moment up to which it learnt.">
          <Lines
            label="Age of the champion in days"
            names={names}
            format={days}
            least={14}
            series={[{ name: "age", values: looks.map((look) => look.champion_age_days) }]}
          />
        </Plot>
        <Plot
          title="Agreement with fresh weights"
          said={`Rank correlation of champion and challenger on the same accounts${known(agreed) ? `, last ${index(agreed)}` : ""}: where it falls, a week's learning changed who looks guilty.`}
        >
          <Lines
            label="Rank agreement of champion and challenger"
            names={names}
            format={index}
            series={[{ name: "agreement", values: looks.map((look) => look.rank_agreement) }]}
          />
        </Plot>
      </div>
    </section>
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

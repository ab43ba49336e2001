/** The weekly pipeline: which model serves and why, what every run found, drift, labels, the shadow. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Loading, State } from "../parts/States";
import { client, got } from "../wire/client";
import type { components } from "../wire/api";
import { dayOf, percent } from "../pure/plot";
import { Lines } from "./Plots";
import { Watched } from "./Watched";
import "./plots.css";

type Pipeline = components["schemas"]["PipelineOut"];
type Run = components["schemas"]["RunOut"];

const RECENT = "last weeks: prevented";

export default function PipelinePage() {
  const { data, error } = useQuery({
    queryKey: ["pipeline"],
    queryFn: ({ signal }) => got(client.GET("/v1/pipeline", { signal })),
    refetchInterval: 60_000,
  });
  if (error) return <State title="The pipeline could not be read" />;
  if (!data) return <Loading />;
  return (
    <>
      <div className="page-head">
        <h1>Pipeline</h1>
        <span className="dim">
          In use: <code>{data.serving ?? "no model"}</code>
          {data.before?.[0] && (
            <>
              , before it <code>{data.before[0]}</code>
            </>
          )}
        </span>
      </div>
      {data.trouble && <p role="alert">A newer model was not taken up: {data.trouble}</p>}
      <Runs runs={data.runs ?? []} />
      {data.monitor && <Watched monitor={data.monitor} />}
      <Shadow shadow={data.shadow} />
      <Labels pipeline={data} />
      <Turns pipeline={data} />
    </>
  );
}

function Runs({ runs }: { runs: Run[] }) {
  const [open, setOpen] = useState<string | null>(runs.at(-1)?.run ?? null);
  if (!runs.length) {
    return (
      <section className="panel" aria-label="Runs">
        <p className="panel-body">No weekly run yet: ringsight retrain makes one.</p>
      </section>
    );
  }
  const shares = {
    name: "prevented",
    values: runs.map((run) => run.findings.find((finding) => finding.rule === RECENT)?.figures?.challenger),
    marked: runs.map((run) => !run.passed),
  };
  const chosen = runs.find((run) => run.run === open);
  return (
    <section className="panel" aria-label="Runs">
      <div className="panel-head">
        <h2>Exchanges of known fraud prevented in the examined days, run by run</h2>
      </div>
      <Lines
        label="Share prevented by each run's challenger; red were refused"
        names={runs.map((run) => dayOf(run.as_of))}
        series={[shares]}
      />
      <table className="data pipeline-runs">
        <thead>
          <tr>
            <th scope="col">As of</th>
            <th scope="col">Model</th>
            <th scope="col">Became</th>
            <th scope="col">Labels left out</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {runs.toReversed().map((run) => (
            <tr key={run.run}>
              <td>
                <button type="button" className="link-button" aria-expanded={run.run === open} onClick={() => setOpen(run.run)}>
                  {run.as_of.slice(0, 10)}
                </button>
              </td>
              <td>
                <code>{run.version}</code>
              </td>
              <td>
                <span className={`pill ${run.passed ? "good" : "bad"}`}>{run.became}</span>
              </td>
              <td>{run.labels.quarantined}</td>
              <td>{run.passed ? "no rule spoke against it" : run.reasons.join("; ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {chosen && <Findings run={chosen} />}
    </section>
  );
}

function Findings({ run }: { run: Run }) {
  return (
    <div className="panel-body">
      <h3>What every rule found in the run of {run.as_of.slice(0, 10)}</h3>
      <ul className="plot-list">
        {run.findings.map((finding) => (
          <li key={finding.rule}>
            <span className={`pill ${finding.passed ? "good" : "bad"}`}>{finding.passed ? "passed" : "against"}</span>{" "}
            {finding.sentence}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Shadow({ shadow }: { shadow: Pipeline["shadow"] }) {
  if (!shadow) return null;
  const { scored = 0, changed = 0, dropped = 0, failed = 0, decisions = {} } = shadow;
  return (
    <section className="panel" aria-label="Shadow">
      <div className="panel-head">
        <h2>
          Beside it, in the shadow: <code>{shadow.version}</code>
        </h2>
      </div>
      <p className="panel-body">
        Scored {scored} live sign-ups; decided otherwise on {changed}
        {scored > 0 && ` (${percent(changed / scored)})`}. {dropped} were passed over, {failed} failed.
      </p>
      <ul className="panel-body plot-list">
        {Object.entries(decisions).map(([turn, times]) => (
          <li key={turn}>
            {turn}: {times}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Labels({ pipeline }: { pipeline: Pipeline }) {
  const last = pipeline.runs?.at(-1);
  if (!last) return null;
  const doubts = last.labels.doubts ?? [];
  return (
    <section className="panel" aria-label="Labels">
      <div className="panel-head">
        <h2>Labels</h2>
        <span className="dim">
          {last.labels.kept} believed, {last.labels.quarantined} left out,{" "}
          {last.labels.reweighted} accounts count more after an appeal
        </span>
      </div>
      {doubts.length > 0 && (
        <ul className="panel-body plot-list">
          {doubts.map((doubt) => (
            <li key={doubt.reason}>{doubt.reason}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Turns({ pipeline }: { pipeline: Pipeline }) {
  const turns = (pipeline.history ?? []).toReversed();
  if (!turns.length) return null;
  return (
    <section className="panel" aria-label="Promotions">
      <div className="panel-head">
        <h2>Promotions and rollbacks</h2>
      </div>
      <ul className="panel-body plot-list">
        {turns.map((turn) => (
          <li key={`${turn.at}-${turn.version}-${turn.what}`}>
            {turn.at.slice(0, 16).replace("T", " ")} <b>{turn.what}</b> <code>{turn.version}</code>
            {turn.before && (
              <>
                {" "}
                after <code>{turn.before}</code>
              </>
            )}
            : {turn.why} ({turn.author})
          </li>
        ))}
      </ul>
    </section>
  );
}

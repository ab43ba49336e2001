"""Canaries: two cheats that a training could commit unseen, tried on purpose before every gate.

*The future*: scores as of a moment are computed twice, once from a timeline that ends there and
once from one in which events, bans and labels of later are present, some of them planted to tie
honest accounts to known fraud. A difference means that something read ahead. *Shuffled labels*: a
model is fitted on verdicts dealt out at random; if it still tells held-out ones apart, a column
knows the label. It knows nothing of the gate's limits.
"""

import time
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from etl.exam import beginning
from etl.gate import Cost
from etl.lazily import LazyStore
from etl.refresh import FitsClusters, Job, RefreshConfig, refresh
from etl.timeline import TABLES, Timeline
from etl.unrolled import unroll
from gnn.bundle import Bundle
from gnn.features import SIGNUP_COLUMNS
from gnn.scorer import Scorer
from gnn.second_opinion import last_rows, opinion
from gnn.training_rows import TrainingRows
from graph.stores import open_store

PLANTED = 20
LEAST_SHUFFLED = 10


def future_gap(timeline: Timeline, fit: FitsClusters, bundle: Bundle, at: int) -> float:
    """The largest change of any account's score as of ``at`` (us) that later events bring; 0..1.

    Accounts that are seen in one of the two only count as a change of 1.
    """
    known = _scores(timeline.known_by(at), fit, bundle, at)
    more = _scores(_planted(timeline, at), fit, bundle, at)
    if known.keys() != more.keys():
        return 1.0
    return max((abs(score - more[key]) for key, score in known.items()), default=0.0)


def _scores(timeline: Timeline, fit: FitsClusters, bundle: Bundle, at: int) -> dict[str, float]:
    with LazyStore(open_store("sqlite://"), unroll(timeline)) as store:
        store.advance(at + 1)
        job = Job(timeline, store, fit, RefreshConfig(keep_asked=False))
        report = refresh(job, Scorer(bundle), at, beginning())
    assert report.scores is not None
    return dict(zip(report.scores.keys, report.score.tolist(), strict=True))


def _planted(timeline: Timeline, at: int) -> Timeline:
    """The timeline with later payments, bans and verdicts that tie the honest to known fraud."""
    labels = timeline.read("labels", until=at).to_pylist()
    guilty = {row["account_id"] for row in labels if row["verdict"] == "fraud"}
    paid = timeline.read("payments", until=at)
    of_guilty = [row for row in paid.to_pylist() if row["account_id"] in guilty][:1]
    signups = timeline.read("signups", until=at)["account_id"].to_pylist()
    victims = [account for account in signups if account not in guilty][-PLANTED:]
    tables = {name: timeline.read(name) for name in TABLES}
    rows = [
        {**row, "account_id": victim, "event_id": f"planted {victim}", "at": at + 1}
        for row in of_guilty
        for victim in victims
    ]
    verdicts = [
        {"account_id": victim, "at": at + 1, "verdict": "fraud", "source": "investigator",
         "campaign_id": "planted"}
        for victim in victims
    ]  # fmt: skip
    bans = [
        {"event_id": f"planted {v}", "account_id": v, "at": at + 1, "action": "ban"}
        for v in victims
    ]
    more = {"payments": rows, "labels": verdicts, "enforcements": bans}
    return Timeline({name: _with(tables[name], more.get(name, [])) for name in TABLES})


def _with(table: pa.Table, rows: Sequence[dict[str, object]]) -> pa.Table:
    if not rows:
        return table
    return pa.concat_tables([table, pa.Table.from_pylist(list(rows), schema=table.schema)])


def shuffled_auc(rows: TrainingRows, rng: np.random.Generator) -> tuple[float, float]:
    """AUC (0..1) of held-out verdicts dealt out at random, and what chance alone spreads it by.

    About .5 unless labels leak; the spread is the standard deviation of Mann and Whitney's
    statistic (1947), for ten labels say little. (.5, .5) where there are too few of either kind.
    """
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415

    keys, matrix = last_rows(rows, rows.known.fraud)
    fraud = rng.permutation(np.array([key in rows.known.fraud for key in keys], bool))
    guilty, others = int(fraud.sum()), int((~fraud).sum())
    if min(guilty, others) < LEAST_SHUFFLED:
        return 0.5, 0.5
    spread = float(np.sqrt((guilty + others + 1) / (12.0 * guilty * others)))
    return float(roc_auc_score(fraud, opinion(matrix, fraud, rng))), spread


def costs(bundles: Sequence[Bundle], sizes: Sequence[int], rounds: int = 400) -> list[Cost]:
    """What one sign-up's score costs each bundle, measured in turns so that load hits all alike."""
    scorers = [Scorer(bundle) for bundle in bundles]
    rng = np.random.default_rng(1)
    table = rng.normal(size=(rounds, len(SIGNUP_COLUMNS))).astype(np.float32)
    spent = np.zeros((rounds, len(scorers)))
    for number, row in enumerate(table):
        for place, scorer in enumerate(scorers):
            if not scorer.knows_signups:
                continue
            began = time.perf_counter_ns()
            scorer.signup(row)
            spent[number, place] = (time.perf_counter_ns() - began) / 1e3
    warm = spent[rounds // 4 :]
    return [
        Cost(float(np.median(column)), float(np.quantile(column, 0.99)), size)
        for column, size in zip(warm.T, sizes, strict=True)
    ]

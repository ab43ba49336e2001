"""Canaries: three cheats that a training could commit unseen, tried on purpose before every gate.

*The future*: scores, rows of sign-ups and verdicts as of a moment are made twice, once from a
timeline that ends there and once from one in which events, bans and labels of later are present,
some of them planted to tie honest accounts to known fraud. A difference means that something read
ahead. *Shuffled labels*: verdicts are dealt out at random among accounts before any column is made;
if a model still tells held-out ones apart, a column knows the label. *Torn rings*: a campaign on
both sides of a fold. It knows nothing of the gate's limits.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from etl.asked import DAY_US
from etl.refresh import FitsClusters, Job, RefreshConfig, refresh
from etl.replay.lazily import LazyStore
from etl.replay.timeline import TABLES, Timeline
from etl.replay.unrolled import unroll
from etl.replay.walk import Applied, Replay
from etl.train import known_at, seen
from etl.weekly.exam import beginning
from etl.weekly.gate import Cost
from gnn.bundle import Bundle
from gnn.features import SIGNUP_COLUMNS, row_of
from gnn.known import Known
from gnn.scorer import Scorer
from gnn.second_opinion import last_rows, opinion
from gnn.training_rows import AccountMoment, TrainingRows
from graph.stores import open_store

PLANTED = 20
PER_ENTITY = 100
LEAST_SHUFFLED = 10


@dataclass(frozen=True)
class _Told:
    """All that a training and a refresh make of a timeline as of a moment."""

    scores: Mapping[str, float]
    signups: Mapping[str, bytes]
    verdicts: Known


def future_gap(timeline: Timeline, fit: FitsClusters, bundle: Bundle, at: int) -> float:
    """The largest change of any account's score as of ``at`` (us) that later events bring; 0..1.

    It is 1 where accounts are seen in one of the two only, where the row of a sign-up of the day
    before differs, or a verdict.
    """
    known = _told(timeline.known_by(at), fit, bundle, at)
    more = _told(_planted(timeline, at), fit, bundle, at)
    if known.scores.keys() != more.scores.keys():
        return 1.0
    if (known.signups, known.verdicts) != (more.signups, more.verdicts):
        return 1.0
    pairs = [(score, more.scores[key]) for key, score in known.scores.items()]
    return max((abs(score - other) for score, other in pairs), default=0.0)


def _told(timeline: Timeline, fit: FitsClusters, bundle: Bundle, at: int) -> _Told:
    with LazyStore(open_store("sqlite://"), unroll(timeline)) as store:
        signups = {
            step.event.account_id: row_of(seen(step, store, PER_ENTITY)).tobytes()
            for step in Replay(timeline, store).steps(at - DAY_US, at, ())
            if isinstance(step, Applied)
        }
        store.advance(at + 1)
        job = Job(timeline, store, fit, RefreshConfig(keep_asked=False))
        report = refresh(job, Scorer(bundle), at, beginning())
    assert report.scores is not None
    scores = dict(zip(report.scores.keys, report.score.tolist(), strict=True))
    return _Told(scores, signups, known_at(timeline, at))


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


def shuffled_auc(
    timeline: Timeline, fit: FitsClusters, at: int, rng: np.random.Generator
) -> tuple[float, float]:
    """AUC (0..1) of held-out verdicts dealt out at random, and what chance alone spreads it by.

    About .5 unless labels leak into what is made of the timeline as of ``at`` (us); the spread is
    the standard deviation of Mann and Whitney's statistic (1947), for ten labels say little.
    (.5, .5) where there are too few of either kind.
    """
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415

    rows = _one_moment(dealt(timeline.known_by(at), rng), fit, at)
    # Of accounts that were found out the last moment is asked, too: it is what would know.
    keys, matrix = last_rows(rows, {})
    fraud = np.array([key in rows.known.fraud for key in keys], bool)
    guilty, others = int(fraud.sum()), int((~fraud).sum())
    if min(guilty, others) < LEAST_SHUFFLED:
        return 0.5, 0.5
    spread = float(np.sqrt((guilty + others + 1) / (12.0 * guilty * others)))
    return float(roc_auc_score(fraud, opinion(matrix, fraud, rng))), spread


def _one_moment(timeline: Timeline, fit: FitsClusters, at: int) -> TrainingRows:
    with LazyStore(open_store("sqlite://"), unroll(timeline)) as store:
        store.advance(at + 1)
        job = Job(timeline, store, fit, RefreshConfig(keep_asked=False))
        report = refresh(job, None, at, beginning())
    return TrainingRows(at, known_at(timeline, at), [AccountMoment.of(report.snapshot)])


def dealt(timeline: Timeline, rng: np.random.Generator) -> Timeline:
    """The timeline with all labels and enforcements of each account dealt to another one."""
    names = sorted(set(timeline.read("signups")["account_id"].to_pylist()))
    other = dict(zip(names, rng.permutation(np.array(names, object)).tolist(), strict=True))
    for name in ("labels", "enforcements"):
        table = timeline.read(name)
        place = table.column_names.index("account_id")
        given = [other.get(key, key) for key in table["account_id"].to_pylist()]
        column = pa.array(given, table.schema.field(place).type)
        timeline = timeline.with_table(
            name, table.set_column(place, table.schema.field(place), column)
        )
    return timeline


def torn_rings(bundle: Bundle, known: Known) -> int:
    """How many campaigns that labels name have accounts in several folds of the training.

    A training that knows of a single campaign has to split it, and is not held to this.
    """
    members: dict[str, list[str]] = {}
    for account, campaign in known.campaign.items():
        members.setdefault(campaign, []).append(account)
    if len(members) < 2:
        return 0
    folds = [set(bundle.seats.fold_of(mates).tolist()) - {-1} for mates in members.values()]
    return sum(len(fold) > 1 for fold in folds)


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

"""`ringsight bench fraud-ecom PATH`: real sign-ups, each scored with what was known at its moment.

Three rows side by side: XGBoost on what an applicant says of itself, the same with counts of the
device and the address so far, and Ringsight: the file through the mapping, the door, a journal and
a replay, with the columns, forest and scorer that serve. Two more look back from the end, as a
batch job may: counts over the whole file, and Ringsight with each sign-up's row of today beside
that of its moment. Labels of one half train, the other half is judged; the split is random, for
comparison with others, and once by time inside the attack.
The data is the caller's: Ringsight ships none of it.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import roc_auc_score

from etl.load import BuildOptions, build
from etl.mapping import load_mapping
from gnn import evaluate
from gnn.booster import Booster, TreeConfig
from gnn.features import SIGNUP_COLUMNS, row_of
from gnn.features_signup import Moment
from gnn.train_signups import SIGNUP_TREES
from gnn.vicinity import Vicinity, ids_of
from graph.door import Door
from graph.errors import SourceError
from graph.facts import Signup, facts_of
from graph.journal.journal import Journal
from graph.stores import open_store
from graph.velocity import Velocity

Progress = Callable[[str, int, int], None]
Rows = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# Fixed, so that sign-ups of one minute stand in the same order in every run; nothing is kept.
_KEY = b"a benchmark keeps nothing it reads"
SPLITS = 5  # random halves; the figures are means over them
ATTACK_BEGINS, ATTACK_DAYS = datetime(2015, 1, 1), 11  # noqa: DTZ001 - as in the file; all ring fraud of the set lies in here
BASELINE_TREES = TreeConfig(trees=200, depth=4, rate=0.05, child_weight=5.0, column_share=0.8)


# Counters that fade tell of a moment and its past; looking back adds nothing to them.
_PACES = next(n for n, name in enumerate(SIGNUP_COLUMNS) if "_pace_" in name)
_BATCH_COLUMNS = (*SIGNUP_COLUMNS, *(f"{name}_today" for name in SIGNUP_COLUMNS[:_PACES]))


@dataclass(frozen=True)
class Table:
    """One way of describing every sign-up: rows [N, F] in the order of time."""

    columns: tuple[str, ...]
    rows: Rows
    trees: TreeConfig


@dataclass(frozen=True)
class Signups:
    """The set in the order of time: ``fraud`` [N], ``day`` [N] since the attack began."""

    tables: Mapping[str, Table]
    fraud: Mask
    day: npt.NDArray[np.float64]


def bench_fraud_ecom(
    path: Path, progress: Progress = lambda step, done, total: None
) -> dict[str, object]:
    """``own``, ``causal_counts`` and ``product``: three figures each on random halves.

    ``batch_counts`` and ``product_batch`` are the same with the whole file known. The figures are
    ``auroc``, ``average_precision`` and ``recall_at_1pct_fpr``; under ``time_split`` they stand
    once more for the attack's first half against its second.

    Args:
        path: the ``accounts.csv.gz`` of the set.
        progress: told how many sign-ups were replayed.

    Raises:
        SourceError: if the file cannot be read or is no such set.
    """
    signups = _read(path, progress)
    halves = [
        np.random.default_rng(seed).random(len(signups.fraud)) < 0.5 for seed in range(SPLITS)
    ]
    random = {
        name: _mean([_figures(signups, name, half, ~half) for half in halves])
        for name in signups.tables
    }
    attack = (signups.day >= 0) & (signups.day < ATTACK_DAYS)
    first = attack & (signups.day < ATTACK_DAYS / 2)
    later = {name: _figures(signups, name, first, attack & ~first) for name in signups.tables}
    return {**random, "time_split": later, "splits": SPLITS, "signups": len(signups.fraud)}


def _figures(signups: Signups, name: str, train: Mask, test: Mask) -> dict[str, float]:
    table, fraud = signups.tables[name], signups.fraud
    forest = Booster.fit(
        table.rows,
        fraud,
        train.astype(np.float64),
        columns=table.columns,
        config=table.trees,
        seed=1,
    )
    score, truth = forest.margin(table.rows[test]), fraud[test]
    return {
        "auroc": float(roc_auc_score(truth, score)),
        "average_precision": evaluate.average_precision(truth, score),
        "recall_at_1pct_fpr": evaluate.recall_at_fpr(truth, score, 0.01),
    }


def _mean(figures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([f[name] for f in figures])) for name in figures[0]}


def _read(path: Path, progress: Progress) -> Signups:
    try:
        raw = pl.read_csv(path, schema_overrides={"user_id": pl.String})
        timed = raw.with_columns(
            pl.col("signup_time").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us")
        ).sort("signup_time", "user_id")
        accounts = timed["user_id"].to_list()
        then, now = _product_rows(path, progress)
        product = np.stack([then[account] for account in accounts])
        looked_back = np.stack([now[account] for account in accounts])
    except (OSError, pl.exceptions.PolarsError, KeyError) as error:
        raise SourceError(f"{path.name} is not the sign-up table of the set: {error}") from error
    since = (timed["signup_time"] - ATTACK_BEGINS).dt.total_seconds() / 86_400
    own = _own(timed)
    return Signups(
        {
            "own": _table(own),
            "causal_counts": _table(own.hstack(_counts(timed))),
            "product": Table(SIGNUP_COLUMNS, product, SIGNUP_TREES),
            "batch_counts": _table(own.hstack(_counts(timed, until_now=False))),
            "product_batch": Table(_BATCH_COLUMNS, np.hstack([product, looked_back]), SIGNUP_TREES),
        },
        timed["class"].to_numpy() == 1,
        since.to_numpy(),
    )


def _table(columns: pl.DataFrame) -> Table:
    return Table(tuple(columns.columns), columns.to_numpy().astype(np.float32), BASELINE_TREES)


def _own(timed: pl.DataFrame) -> pl.DataFrame:
    """What an applicant says and when; texts as numbers of their alphabetical order."""
    texts = [
        pl.col(name).rank("dense").cast(pl.Float64).alias(name)
        for name in ("source", "browser", "sex", "country")
    ]
    moment = pl.col("signup_time").dt
    return timed.select(
        *texts,
        pl.col("age").cast(pl.Float64),
        moment.hour().cast(pl.Float64).alias("hour"),
        moment.weekday().cast(pl.Float64).alias("weekday"),
    )


def _counts(timed: pl.DataFrame, *, until_now: bool = True) -> pl.DataFrame:
    """How many sign-ups the device and the address had had before this one, or have in all."""
    count = pl.int_range(pl.len()) if until_now else pl.len()
    return timed.select(
        count.over(name).cast(pl.Float64).alias(f"{name}_count")
        for name in ("device_id", "ip_address")
    )


def _product_rows(path: Path, progress: Progress) -> tuple[dict[str, Rows], dict[str, Rows]]:
    """The row of every sign-up, scored and then written as the service does, and as of the end.

    Times of the set are cut to minutes, and most of a ring comes within one: sign-ups of the same
    minute stand in line, in the journal's order, and each sees those before it.
    """
    with tempfile.TemporaryDirectory(prefix="ringsight-bench-") as home:
        signups = _signups(path, Path(home))
    rows: dict[str, Rows] = {}
    later: dict[str, Rows] = {}
    velocity = Velocity()
    with open_store("sqlite://") as store:
        for event in signups:
            piece = store.neighbourhood(ids_of(event))
            rates = velocity.rates(event, event.at)
            seen = Moment(event, Vicinity.of(event, piece), event.at, rates=rates)
            rows[event.account_id] = row_of(seen)
            store.write(facts_of(event))
            velocity.see(event)
            progress("replay", len(rows), 2 * len(signups))
        for event in signups:
            whole = Vicinity.of(event, store.neighbourhood(ids_of(event)))
            later[event.account_id] = row_of(Moment(event, whole, event.at))[:_PACES]
            progress("replay", len(rows) + len(later), 2 * len(signups))
    return rows, later


def _signups(path: Path, home: Path) -> list[Signup]:
    """The set's sign-ups through mapping and door, out of a journal that is then thrown away.

    What was bought is left aside: it is known only after the sign-up, and often long after.
    """
    door = Door(_KEY)
    options = BuildOptions(mapping=load_mapping(Path("fraud_ecom")))
    with (
        Journal(home / "journal.db", key_id=door.key_id) as journal,
        open_store("sqlite://") as store,
    ):
        build(str(path), journal, store, door, options)
        return [event for event in journal.events() if isinstance(event, Signup)]

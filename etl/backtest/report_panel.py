"""The panel of a back-test: what simpler detectors make of the same past, before the same judge.

Two graphs stand side by side: accounts as they were at T, whose verdicts are known by then, and
accounts as they are at the end. Every detector learns on the one and scores the other, so nothing
that came after T teaches it; no edge runs between the two. Folds keep whole rings together. With
that come the traits by which scores are sliced. The truth is not here: see
:mod:`etl.backtest.judge_panel`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from etl.backtest.panel_network import ALONE, Taught, network_alone
from gnn.columns import Family
from gnn.features import ACCOUNT_COLUMNS
from gnn.features_account import ACCOUNT
from gnn.folds import groups_of
from gnn.mates import Links
from gnn.neighbours import Adjacency
from gnn.panel import (
    Row,
    Split,
    Task,
    forest_two_hop,
    score_propagation,
    trees,
    xgboost_own,
    xgboost_two_hop,
)
from gnn.training_rows import AccountMoment, Roll, TrainingRows
from gnn.vicinity import LINK_OF, NARROW
from graph.schema import NodeType
from graph.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]

WIDEST = 50  # entities with more accounts make no neighbours
ORDINARY = 6_000  # accounts without a verdict that teach: boosted trees need no more of them
AT_ONCE_US = 60_000_000
DAY_US = 86_400_000_000

ROWS = {
    "XGBoost, own columns": xgboost_own,
    "XGBoost, two-hop means": xgboost_two_hop,
    "random forest, two-hop means": forest_two_hop,
    "scalar score propagation": score_propagation,
}
_SLICED_BY = ("country", "pathway", "ip_class")
_AGES = ("under 7 days", "7 to 13 days", "14 to 29 days", "30 days and more")
_LEFT_OUT = (Family.TIMING, Family.PROMPTS, Family.NETWORK, Family.PAYMENT, Family.IDENTIFIERS)


@dataclass(frozen=True)
class Sides:
    """Both graphs as one task: ``train`` marks the accounts of T, ``last`` the rest, in order."""

    task: Task
    train: npt.NDArray[np.bool_]
    links: Links
    keys: tuple[str, ...]


def panel_scores(
    rows: TrainingRows,
    last: AccountMoment,
    rng: np.random.Generator,
    told: Progress = lambda step, done, total: None,
) -> pl.DataFrame:
    """A column for each detector, a row for each account of ``last``, beside ``account_id``.

    Args:
        rows: what training saw; its last moment and verdicts are used.
        last: the accounts at the end of the back-test.
        rng: chance of folds, samples and models.
        told: progress.
    """
    sides = _sides(rows, last, rng)
    seed = int(rng.integers(2**31 - 1)) % 10_000
    split = Split.of(sides.task, sides.train, seed)
    found: dict[str, Floats] = {"rule: linked accounts": _linked(sides.links)}
    jobs: dict[str, Callable[[], Floats]] = {
        name: partial(_of_the_last, row, sides, split) for name, row in ROWS.items()
    }
    jobs[ALONE] = partial(network_alone, Taught.of(rows), last, seed)
    for family in _LEFT_OUT:
        jobs[f"own columns without {family.value}"] = partial(_without, sides, family, seed)
    for number, (name, job) in enumerate(jobs.items()):
        told("panel", number, len(jobs))
        found[name] = job()
    told("panel", len(jobs), len(jobs))
    return pl.DataFrame({"account_id": list(sides.keys), **found})


def _of_the_last(row: Row, sides: Sides, split: Split) -> Floats:
    return np.asarray(row(sides.task, split), np.float64)[~sides.train]


def traits(snapshot: Snapshot) -> pl.DataFrame:
    """What accounts are sliced by: country, pathway, class of network, age, links at sign-up."""
    kind = NodeType.ACCOUNT
    opened = snapshot.numbers(kind, "created_at")
    texts = {
        name: pl.Series(snapshot.texts(kind, column).to_pylist(), dtype=pl.String)
        for name, column in (
            ("country", "country"),
            ("pathway", "pathway"),
            ("network", "ip_class"),
        )
    }
    days = (snapshot.as_of - opened) / DAY_US
    age = np.select(
        [days < 7, days < 14, days < 30], ["under 7 days", "7 to 13", "14 to 29"], "30+"
    )
    links = np.array(["0", "1", "2", "3+"])[np.minimum(_links_at_signup(snapshot, opened), 3)]
    return pl.DataFrame(
        {
            "account_id": snapshot.keys(kind).to_pylist(),
            **texts,
            "age": age.tolist(),
            "links at sign-up": links.tolist(),
        }
    )


def _links_at_signup(snapshot: Snapshot, opened: Floats) -> Ints:
    """Kinds of narrow identifier that each account shared with an earlier one from the start."""
    kinds = np.zeros(len(opened), np.int64)
    for name in NARROW:
        verb = LINK_OF[name].verb
        accounts, entities = snapshot.ends(verb)
        first = snapshot.edge_column(verb, "first_seen")
        earliest = np.full(int(entities.max(initial=-1)) + 1, np.iinfo(np.int64).max)
        np.minimum.at(earliest, entities, first)
        shared = (first <= opened[accounts] + AT_ONCE_US) & (earliest[entities] < first)
        kinds += np.bincount(accounts[shared], minlength=len(opened)) > 0
    return kinds


def _sides(rows: TrainingRows, last: AccountMoment, rng: np.random.Generator) -> Sides:
    roll, then = Roll.of(rows), rows.moments[-1]
    seat = roll.numbers(then.keys)
    groups = groups_of(roll, then.links, seat)
    fraud = roll.fraud[seat]
    drawn = rng.random(len(seat)) < ORDINARY / max(int((~fraud).sum()), 1)
    taught = np.flatnonzero(fraud | (drawn & ~groups.shadow[seat]))
    place = np.full(len(seat), -1, np.int64)
    place[taught] = np.arange(len(taught))
    size, total = len(taught), len(taught) + len(last.keys)
    edges = [_pairs(then.links, place), _pairs(last.links, size + np.arange(len(last.keys)))]
    x = np.nan_to_num(np.concatenate([then.rows[taught], last.rows]).astype(np.float64), nan=-1.0)
    later = int(groups.group.max(initial=0)) + 1 + np.arange(len(last.keys))
    task = Task(
        x,
        np.concatenate([fraud[taught], np.zeros(len(last.keys), bool)]),
        Adjacency.of(np.concatenate(edges), total),
        np.concatenate([groups.group[seat[taught]], later]),
    )
    return Sides(task, np.arange(total) < size, last.links, last.keys)


def _pairs(links: Links, place: Ints) -> Ints:
    """Pairs of accounts that share an entity of at most :data:`WIDEST` of them, [E, 2]."""
    pairs = [np.empty((0, 2), np.int64)]
    for ties in links.ties:
        accounts, entities = place[ties.accounts], ties.entities
        crowd = np.bincount(entities, minlength=ties.size)
        kept = (accounts >= 0) & (crowd[entities] <= WIDEST)
        ends = (accounts[kept], entities[kept])
        size = (int(place.max(initial=-1)) + 1, ties.size)
        held = sp.csr_array((np.ones(len(ends[0]), np.int32), ends), size)
        shared = sp.triu(held @ held.T, k=1).tocoo()
        pairs.append(np.column_stack([shared.row, shared.col]).astype(np.int64))
    return np.concatenate(pairs)


def _linked(links: Links) -> Floats:
    """The rule: how many accounts hang together through narrow identifiers, as a logarithm."""
    pairs = _pairs(
        Links(links.accounts, tuple(t for t in links.ties if t.link.name in NARROW)),
        np.arange(links.accounts),
    )
    ends = (pairs[:, 0], pairs[:, 1])
    joined = sp.coo_array((np.ones(len(pairs), np.int8), ends), (links.accounts, links.accounts))
    _, component = sp.csgraph.connected_components(joined.tocsr(), directed=False)
    return np.asarray(np.log(np.bincount(component)[component]), np.float64)


def _without(sides: Sides, family: Family, seed: int) -> Floats:
    """Boosted trees on own columns but those of one family."""
    kept = [i for i, column in enumerate(ACCOUNT.columns) if column.family is not family]
    assert len(ACCOUNT_COLUMNS) == sides.task.x.shape[1]
    score = trees(sides.task.x[:, kept], sides.task.y, sides.train, seed, rounds=1)
    return np.asarray(score[~sides.train], np.float64)

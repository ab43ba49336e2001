"""The panel of simpler models on a run's own rows: what each is worth on rings it never saw.

The accounts as of the last moment, who shares what, and who is known: a graph on which every row of
:mod:`gnn.panel` is fitted on some rings and judged on others. Above a size a sample keeps every
group whole. It knows nothing of events or stores.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gnn import evaluate
from gnn.folds import Groups, groups_of
from gnn.mates import Links
from gnn.neighbours import Adjacency
from gnn.panel import PANEL, Split, Task
from gnn.training_rows import Roll, TrainingRows

SAMPLE = 100_000
WIDEST = 50
HELD_OUT = 0.4
FALSE_POSITIVES = 0.01
Progress = Callable[[str, int, int], None]


def panel(
    rows: TrainingRows, names: Sequence[str], rng: np.random.Generator, told: Progress
) -> dict[str, Any]:
    """Average precision and recall of each named row with intervals over whole groups.

    Gives ``{}`` where fewer than four groups hold known fraud: nothing can be held out then.
    """
    task, groups = _task(rows, rng)
    held_out = _held_out(task.y, groups, rng)
    if held_out is None:
        return {}
    split = Split.of(task, ~held_out, int(rng.integers(2**31 - 1)))
    found: dict[str, Any] = {"accounts": len(task.y), "held_out": int(held_out.sum()), "rows": {}}
    for number, name in enumerate(names):
        told("panel", number, len(names))
        score = np.asarray(PANEL[name](task, split), np.float64)[held_out]
        found["rows"][name] = _figures(task.y[held_out], score, groups[held_out], rng)
    return found


def _figures(
    fraud: npt.NDArray[np.bool_],
    score: npt.NDArray[np.float64],
    groups: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> dict[str, float]:
    ap = evaluate.bootstrap(
        groups, lambda w: evaluate.average_precision(fraud, score, w), rng, rounds=100
    )
    recall = evaluate.recall_at_fpr(fraud, score, FALSE_POSITIVES)
    return {
        "average_precision": ap.value,
        "low": ap.low,
        "high": ap.high,
        "recall_at_1pct_fpr": recall,
    }


def _task(rows: TrainingRows, rng: np.random.Generator) -> tuple[Task, npt.NDArray[np.int64]]:
    roll, moment = Roll.of(rows), rows.moments[-1]
    seat = roll.numbers(moment.keys)
    tied: Groups = groups_of(roll, moment.links, seat)
    keep = _sampled(tied.group[seat], roll.fraud[seat], rng)
    place = np.full(len(seat), -1, np.int64)
    place[keep] = np.arange(len(keep))
    edges = _edges(moment.links, place)
    x = np.nan_to_num(moment.rows[keep].astype(np.float64), nan=-1.0)
    group = tied.group[seat][keep]
    return Task(x, roll.fraud[seat][keep], Adjacency.of(edges, len(keep)), group), group


def _sampled(
    group: npt.NDArray[np.int64], fraud: npt.NDArray[np.bool_], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """All groups with known fraud, and others drawn whole up to :data:`SAMPLE`; rows in order."""
    if len(group) <= SAMPLE:
        return np.arange(len(group))
    known = np.isin(group, np.unique(group[fraud]))
    chance = (SAMPLE - known.sum()) / max((~known).sum(), 1)
    drawn = rng.random(int(group.max()) + 1) < chance
    return np.flatnonzero(known | drawn[group])


def _edges(links: Links, place: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Pairs of kept accounts that share an entity of at most :data:`WIDEST` accounts, [E, 2]."""
    pairs: list[npt.NDArray[np.int64]] = []
    for ties in links.ties:
        here = place[ties.accounts] >= 0
        accounts, entities = place[ties.accounts[here]], ties.entities[here]
        crowd = np.bincount(entities, minlength=ties.size)
        narrow = crowd[entities] <= WIDEST
        order = np.argsort(entities[narrow], kind="stable")
        members, owner = accounts[narrow][order], entities[narrow][order]
        pairs += [
            np.column_stack([members[:-gap], members[gap:]])[owner[:-gap] == owner[gap:]]
            for gap in range(1, min(int(crowd.max(initial=0)), WIDEST))
            if len(members) > gap
        ]
    return np.concatenate(pairs) if pairs else np.empty((0, 2), np.int64)


def _held_out(
    fraud: npt.NDArray[np.bool_], group: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.bool_] | None:
    """Whole groups for the test, known rings and others drawn apart; None with too few rings."""
    rings = np.unique(group[fraud])
    if len(rings) < 4:
        return None
    chosen = rng.permutation(rings)[: max(2, round(HELD_OUT * len(rings)))]
    others = rng.random(int(group.max()) + 1) < HELD_OUT
    others[rings] = False
    others[chosen] = True
    return np.asarray(others[group], np.bool_)

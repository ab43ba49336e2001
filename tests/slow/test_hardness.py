"""The hard preset stays hard: seeds 1 to 5, the limits that the event contract sets for it.

Shared identifiers prevent at most .10 of the campaigns' exchanges, boosted trees on neighbour
aggregates at most .40 with a recall of at most .60 at .1 % false positives, and no rule of one
column or of two prevents more than .10 without flagging an honest account.
"""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest
import xgboost
from numpy.typing import NDArray

from graph.simulate import CROWDS, PRESETS, World, world
from graph.simulate.hardness import (
    Rows,
    best_component_rule,
    best_pairs,
    best_singles,
    neighbour_means,
    observe,
    rows_of,
)

pytestmark = pytest.mark.slow
SEEDS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Boosted:
    """What boosted trees on neighbour aggregates prevent and recall on one world (shares 0..1)."""

    prevented: float
    recall: float
    exchanges: int


@dataclass(frozen=True)
class Measured:
    """One world, measured; the world itself is let go."""

    rows: Rows
    component: float
    boosted: Boosted
    kinds: Counter[str]
    campaigns: int
    late_campaigns: int


def _known_fraud(made: World) -> NDArray[np.bool_]:
    """The accounts whose latest label before the end of training says fraud."""
    number = {a.account_id: i for i, a in enumerate(made.cast)}
    known = np.zeros(len(made.cast), bool)
    for label in made.labels:
        if label.decided_at < made.train_until:
            known[number[label.account_id]] = label.verdict == "fraud"
    return known


def _boosted(made: World, rows: Rows, features: NDArray[np.float32]) -> Boosted:
    """Trained on what was known at the end of training, judged on accounts active after it."""
    train = rows.at < made.train_until
    act = made.activity
    active = np.zeros(len(made.cast), bool)
    active[act.account[act.at >= made.train_until]] = True
    model = xgboost.XGBClassifier(
        n_estimators=120, max_depth=5, learning_rate=0.12, subsample=0.8, colsample_bytree=0.3,
        min_child_weight=5, tree_method="hist", max_bin=48, nthread=1, random_state=1,
    )  # fmt: skip
    model.fit(features[train], _known_fraud(made)[rows.account[train]])
    score = model.predict_proba(features)[:, 1]
    begun = np.array([a.active_from or 0 for a in made.cast])[rows.account]
    counted = active[rows.account] & (rows.honest | (rows.at >= begun))
    highest = np.zeros(len(made.cast))
    np.maximum.at(highest, rows.account[counted], score[counted])
    guilty = np.array([a.campaign is not None for a in made.cast])
    limit = np.quantile(highest[active & ~guilty], 0.999)
    flagged = counted & ~rows.honest & (score > limit)
    saved = np.zeros(len(made.cast))
    np.maximum.at(saved, rows.account[flagged], rows.left[flagged])
    recall = float((highest[active & guilty] > limit).mean())
    return Boosted(float(saved.sum() / rows.total), recall, rows.total)


def _measure(seed: int) -> Measured:
    made = world("hard", seed)
    seen = observe(made)
    rows = rows_of(made, seen=seen)
    features = np.concatenate([rows.values, neighbour_means(seen, rows)], axis=1)
    cut = PRESETS["hard"].train_share
    return Measured(
        rows, best_component_rule(made, seen=seen).prevented, _boosted(made, rows, features),
        made.kinds(), len(PRESETS["hard"].campaigns),
        sum(c.begins >= cut for c in PRESETS["hard"].campaigns),
    )  # fmt: skip


@pytest.fixture(scope="module")
def worlds() -> list[Measured]:
    return [_measure(seed) for seed in SEEDS]


def _pooled(worlds: list[Measured]) -> Rows:
    """All worlds as one, over the columns they have in common."""
    names = [n for n in worlds[0].rows.names if all(n in w.rows.names for w in worlds)]
    shift = np.cumsum([0, *(int(w.rows.account.max()) + 1 for w in worlds[:-1])])
    tables = [w.rows.values[:, [w.rows.names.index(n) for n in names]] for w in worlds]
    columns = {
        name: np.concatenate([getattr(w.rows, name) for w in worlds])
        for name in ("at", "requests_seen", "left", "campaign", "kind")
    }
    owners = [w.rows.account + first for w, first in zip(worlds, shift, strict=True)]
    return replace(
        worlds[0].rows, names=tuple(names), values=np.concatenate(tables),
        account=np.concatenate(owners), total=sum(w.rows.total for w in worlds), **columns,
    )  # fmt: skip


def test_the_hard_world_has_the_people_and_campaigns_it_must_have(worlds: list[Measured]) -> None:
    for measured in worlds:
        honest = {kind: n for kind, n in measured.kinds.items() if kind != "campaign"}
        assert abs(sum(honest.values()) - 20_000) < 20
        assert len(honest) >= 10
        assert min(honest.values()) >= 300
        assert set(honest) == set(CROWDS)
        assert measured.campaigns >= 10
        assert measured.late_campaigns > measured.campaigns / 2


def test_shared_identifiers_prevent_at_most_a_tenth(worlds: list[Measured]) -> None:
    weights = [w.boosted.exchanges for w in worlds]

    assert np.average([w.component for w in worlds], weights=weights) <= 0.10


def test_boosted_trees_on_neighbour_aggregates_stay_below_their_limits(
    worlds: list[Measured],
) -> None:
    weights = [w.boosted.exchanges for w in worlds]

    assert np.average([w.boosted.prevented for w in worlds], weights=weights) <= 0.40
    assert np.mean([w.boosted.recall for w in worlds]) <= 0.60


def test_no_single_column_prevents_more_than_a_tenth_without_a_mistake(
    worlds: list[Measured],
) -> None:
    best = best_singles(_pooled(worlds))[0]

    assert best.prevented <= 0.10, best.rule


def test_no_rule_of_two_columns_prevents_more_than_a_tenth_without_a_mistake(
    worlds: list[Measured],
) -> None:
    best = best_pairs(_pooled(worlds))[0]

    assert best.prevented <= 0.10, best.rule

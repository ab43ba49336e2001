"""The kit finds what gives a simulator away; the hard preset does not give itself away."""

from dataclasses import replace

import numpy as np
import pytest

from graph.simulate import PRESETS, World, WorldSpec, world
from graph.simulate.hardness import (
    Observed,
    Rows,
    best_component_rule,
    best_pairs,
    best_singles,
    neighbour_means,
    observe,
    rows_of,
)
from graph.simulate.presets import CampaignSpec


def _smaller(spec: WorldSpec, factor: float) -> WorldSpec:
    campaigns = tuple(replace(c, accounts=max(8, int(c.accounts * factor))) for c in spec.campaigns)
    return replace(spec, honest=int(spec.honest * factor), campaigns=campaigns)


@pytest.fixture(scope="module")
def hard() -> World:
    return world(_smaller(PRESETS["hard"], 0.12), 3)


@pytest.fixture(scope="module")
def seen(hard: World) -> Observed:
    return observe(hard)


@pytest.fixture(scope="module")
def rows(hard: World, seen: Observed) -> Rows:
    return rows_of(hard, seen=seen)


def _with_column(rows: Rows, name: str, values: np.ndarray) -> Rows:
    wider = np.concatenate([rows.values, values[:, None].astype(np.float32)], axis=1)
    return replace(rows, names=(*rows.names, name), values=wider)


def test_the_table_is_broad_and_covers_every_account_from_its_sign_up(
    hard: World, rows: Rows
) -> None:
    assert len(rows.names) >= 100
    assert len(set(rows.names)) == len(rows.names)
    first = rows.requests_seen == 0
    assert first.sum() == len(hard.cast)
    assert np.isfinite(rows.values).all()


def test_rows_never_look_ahead(hard: World, rows: Rows) -> None:
    created = np.array([a.created_at for a in hard.cast])

    assert (rows.at >= created[rows.account]).all()
    first = rows.requests_seen == 0
    for name in ("requests", "days", "ips", "heads", "pay_count", "conversation_shared"):
        assert (rows.values[first, rows.names.index(name)] <= (name == "pay_count")).all(), name
    for account in range(0, len(hard.cast), 97):
        mine = rows.account == account
        assert (np.diff(rows.at[mine]) >= 0).all()
        assert (np.diff(rows.left[mine]) <= 0).all()


def test_what_is_left_at_sign_up_is_everything_that_is_judged(rows: Rows) -> None:
    first = rows.requests_seen == 0

    assert rows.left[first].sum() == rows.total
    assert (rows.left[rows.honest] == 0).all()


def test_a_column_that_gives_fraud_away_is_found(rows: Rows) -> None:
    telling = _with_column(rows, "telling", ~rows.honest)

    best = best_singles(telling)[0]

    assert best.prevented == pytest.approx(1.0)
    assert best.rule.startswith("telling >")


def test_two_columns_that_give_fraud_away_together_are_found(rows: Rows) -> None:
    rng = np.random.default_rng(1)
    one = np.where(rows.honest, rng.random(len(rows.at)), 0.5 + 0.5 * rng.random(len(rows.at)))
    other = np.where(rows.honest, 1.4 - one, 0.95 + 0.05 * rng.random(len(rows.at)))

    found = best_pairs(_with_column(_with_column(rows, "one", one), "other", other), keep=2)

    assert found[0].prevented > 0.6
    assert "one" in found[0].rule
    assert "other" in found[0].rule


def test_a_rule_that_flags_one_honest_account_does_not_count(rows: Rows) -> None:
    blemished = (~rows.honest).astype(float)
    blemished[np.flatnonzero(rows.honest)[0]] = 1.0

    found = best_singles(_with_column(rows, "blemished", blemished), keep=400)

    assert not [f for f in found if f.rule.startswith("blemished >") and f.prevented > 0]


def test_a_rule_counts_only_what_comes_after_the_flag(rows: Rows) -> None:
    late = _with_column(rows, "late", ~rows.honest & (rows.requests_seen >= 100))
    share = rows.left[~rows.honest & (rows.requests_seen == 100)].sum() / rows.total

    best = best_singles(late, keep=300)

    assert next(f for f in best if f.rule.startswith("late")).prevented == pytest.approx(share)


def test_shared_identifiers_catch_a_careless_campaign_and_not_a_careful_one() -> None:
    careless = (("shared_cards", 0.8), ("device_farm", 0.8), ("shared_servers", None))
    found = []
    for tactics in (careless, (("unique_identifiers", None),)):
        campaign = CampaignSpec(0.68, 0.3, 60, 12, tactics)
        made = world(WorldSpec("one", 600, 40.0, (campaign,)), 4)
        found.append(best_component_rule(made, honest_limit=0.005).prevented)

    assert found[0] > 0.3
    assert found[1] < 0.15


def test_neighbours_are_described_only_by_those_who_came_before(seen: Observed, rows: Rows) -> None:
    means = neighbour_means(seen, rows)

    assert means.shape[0] == len(rows.at)
    assert np.isfinite(means).all()
    assert 0.05 < (means != 0).any(axis=1).mean() < 1.0


def test_a_small_cut_of_the_hard_world_has_no_telling_column_or_rule(
    hard: World, seen: Observed, rows: Rows
) -> None:
    # an eighth of the honest people stands behind these limits; the full world is measured
    # by tests/slow/test_hardness.py against the limits of the contract
    assert best_singles(rows)[0].prevented <= 0.15
    assert best_pairs(rows, quantiles=10)[0].prevented <= 0.35
    assert best_component_rule(hard, seen=seen).prevented <= 0.30

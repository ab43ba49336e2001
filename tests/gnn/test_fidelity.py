"""Reasons are why: without what they name a score falls, without other values it hardly does."""

import numpy as np
import pytest

import gnn.fidelity
from gnn.columns import Family
from gnn.explain import Reason
from gnn.fidelity import carried, deletion, strongest
from gnn.mates import Links
from gnn.scorer import Scorer
from tests.gnn.conftest import DAY


@pytest.fixture(scope="module")
def seen(bundle, small_scene):
    scorer, snapshot = Scorer(bundle), small_scene.snapshot(28 * DAY)
    return scorer, scorer.accounts(snapshot), Links.of(snapshot)


def of_a_ring(scores, scene) -> list[int]:
    return [place for place, key in enumerate(scores.keys) if key in scene.ring_of]


def test_a_score_falls_further_without_what_reasons_name_than_without_other_values(
    seen, small_scene
):
    scorer, scores, _ = seen
    rng = np.random.default_rng(1)

    fell = [deletion(scorer, scores, p, rng) for p in of_a_ring(scores, small_scene)]

    named = np.array([f.named for f in fell if f])
    others = np.array([f.others for f in fell if f])
    assert len(named) > 10
    assert named.mean() > 0.2
    assert named.mean() > 3 * max(others.mean(), 0.0)


def told(*codes: str) -> list[Reason]:
    return [Reason(code, "a sentence", "1", "0", 0.5, Family.MATES) for code in codes]


def test_the_link_behind_a_reason_leads_to_the_ring(seen, small_scene, monkeypatch):
    # own behaviour gives this small ring away, so the reason is told to it here
    reasons = told("payments", "payment_method_mates_score")
    monkeypatch.setattr(gnn.fidelity, "account_reasons", lambda *_: (reasons, []))
    scorer, scores, links = seen
    ring = {p: small_scene.ring_of[scores.keys[p]] for p in of_a_ring(scores, small_scene)}

    found = {p: carried(scorer, scores, links, p, np.random.default_rng(1)) for p in ring}

    for place, behind in found.items():
        assert behind.link == "payment_method"
        assert place not in behind.mates
        assert {small_scene.ring_of.get(scores.keys[m]) for m in behind.mates} == {ring[place]}


def test_without_a_reason_about_others_nobody_is_behind_it(seen, monkeypatch):
    monkeypatch.setattr(gnn.fidelity, "account_reasons", lambda *_: (told("payments"), []))
    scorer, scores, links = seen

    assert carried(scorer, scores, links, 0, np.random.default_rng(1)) is None


def test_the_loudest_entity_is_the_one_with_the_highest_mean_of_others(seen):
    _, scores, links = seen
    ties = next(t for t in links.ties if len(t.accounts))
    place = int(ties.accounts[0])

    means = ties.others_mean(scores.own)
    entity, _ = ties.loudest(means, place)

    mine = ties.accounts == place
    assert means[mine & (ties.entities == entity)] == pytest.approx(means[mine].max())


def test_the_strongest_come_first(seen):
    _, scores, _ = seen

    places = strongest(scores, 5)

    assert [scores.score[p] for p in places] == sorted(scores.score, reverse=True)[:5]

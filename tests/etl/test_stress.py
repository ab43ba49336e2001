"""The evasion ladder: its rungs, its lies, and that a release that falls behind is seen."""

from dataclasses import replace
from itertools import combinations

import pytest

from etl.bench.stress import LADDER, POISONING, StressConfig, fallen, poisoned, rung_spec, stress
from etl.prompts.fit import fit_clusters
from gnn.known import Known
from gnn.training_rows import AccountMoment, TrainingRows
from graph.simulate.registry import tactic_named
from graph.simulate.town import Town
from graph.simulate.world import planned

KNOBS = 10


def test_every_knob_has_three_levels_and_names_a_tactic_there_is():
    names = [rung.knob for knob in LADDER for rung in knob]

    assert len(LADDER) == len(set(names)) == KNOBS
    assert all(len(knob) == 3 for knob in LADDER)
    for rung in (rung for knob in LADDER for rung in knob):
        assert all(tactic_named(name) for name, _ in rung.tactics)


def test_no_two_rungs_are_the_same_ring():
    config = StressConfig()
    town = Town(1, config.days, None, 0.5)
    rungs = [rung for knob in LADDER for rung in knob if rung.knob != POISONING]

    plans = [planned(town, rung_spec(config, rung).campaigns[0], "ring") for rung in rungs]

    same = [
        (f"{one.knob} at {one.effort}", f"{other.knob} at {other.effort}")
        for (one, plan), (other, twin) in combinations(zip(rungs, plans, strict=True), 2)
        if plan == twin
    ]
    assert same == []


def test_quick_turns_every_knob_once_to_its_last_level():
    rungs = StressConfig.quick().rungs()

    assert [rung.knob for rung in rungs] == [knob[0].knob for knob in LADDER]
    assert rungs == [knob[-1] for knob in LADDER]


def test_poisoned_labels_accuse_as_many_as_they_let_go():
    keys = tuple(f"a{n:02d}" for n in range(30))
    moment = AccountMoment(0, keys, None, None)  # type: ignore[arg-type]
    known = Known(dict.fromkeys(keys[:10], 5), campaign=dict.fromkeys(keys[:10], "red"))
    rows = TrainingRows(9, known, [moment])

    lies = poisoned(rows, 0.4, seed=1).known

    assert len(lies.fraud) == 10
    assert len(set(lies.fraud) & set(known.fraud)) == 6
    assert set(lies.campaign) == set(lies.fraud) & set(known.fraud)
    assert poisoned(rows, 0.4, seed=1).known == lies
    assert poisoned(rows, 0.4, seed=2).known != lies


def test_a_rung_that_fell_is_named_and_one_that_rose_is_not():
    before = {"curves": [{"knob": "jitter", "effort": e, "recall": 0.6} for e in (0.3, 1.0)]}
    now = {
        "curves": [
            {"knob": "jitter", "effort": 0.3, "recall": 0.9},
            {"knob": "jitter", "effort": 1.0, "recall": 0.4},
            {"knob": "drip", "effort": 1.0, "recall": 0.0},
        ]
    }

    assert fallen(now, before) == ["jitter at 1: 0.60 then, 0.40 now"]


@pytest.mark.slow
def test_a_climb_gives_a_curve_with_shares_and_the_same_one_again():
    tiny = replace(StressConfig.quick(), honest=90, ring=12, days=12.0)
    rungs = [LADDER[0][0], next(k for k in LADDER if k[0].knob == POISONING)[0]]

    found = stress(tiny, fit_clusters, rungs=rungs)

    assert [curve["knob"] for curve in found["curves"]] == [rung.knob for rung in rungs]
    for curve in found["curves"]:
        assert 0 <= curve["recall"] <= 1
        assert 0 <= curve["honest_flagged"] <= 0.1
    assert stress(tiny, fit_clusters, rungs=rungs) == found

"""A bad labeller or a planted batch is found by what others say and what accounts do."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from etl.weekly.label_review import OVERTURNED_WEIGHT, ReviewLimits, review
from gnn.features import ACCOUNT_COLUMNS
from gnn.known import Known
from gnn.mates import Links
from gnn.training_rows import AccountMoment, TrainingRows

WEEK = 7 * 86_400_000_000
ACCOUNTS = 600
GUILTY = 90


@pytest.fixture(scope="module")
def rows() -> TrainingRows:
    """The first ninety accounts behave alike, differently from everybody else."""
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(ACCOUNTS, len(ACCOUNT_COLUMNS))).astype(np.float32)
    matrix[:GUILTY, :4] += 2.5
    keys = tuple(f"a{i:03}" for i in range(ACCOUNTS))
    moment = AccountMoment(10 * WEEK, keys, matrix, Links(ACCOUNTS, ()))
    return TrainingRows(10 * WEEK, Known(), [moment])


def said(accounts, verdict="fraud", source="investigator", author=None, week=1):
    return pl.DataFrame(
        {
            "account_id": [f"a{i:03}" for i in accounts],
            "at": [week * WEEK + 1_000 * i for i, _ in enumerate(accounts)],
            "verdict": [verdict] * len(accounts),
            "source": [source] * len(accounts),
            "campaign_id": pl.Series([None] * len(accounts), dtype=pl.String),
            "author": pl.Series([author] * len(accounts), dtype=pl.String),
        }
    )


def reviewed(rows, *parts, **limits):
    labels = pl.concat(parts)
    rng = np.random.default_rng(1)
    return review(labels, {}, rows, rng, replace(ReviewLimits(), **limits))


GOOD = (said(range(25), week=1), said(range(25, 45), source="partner", week=2))


def test_good_labels_are_all_believed(rows):
    found = reviewed(rows, *GOOD)

    assert not found.doubts
    assert found.kept.height == 45
    assert found.quarantined.height == 0


def test_a_planted_batch_on_ordinary_accounts_is_put_aside_with_its_reason(rows):
    planted = said(range(200, 230), source="partner", week=5)

    found = reviewed(rows, *GOOD, planted)

    assert set(found.quarantined["account_id"]) == set(planted["account_id"])
    (doubt,) = found.doubts
    assert doubt.voice.startswith("partner, week of")
    assert "behave like anybody" in doubt.reason
    assert found.quarantined["reason"].unique().to_list() == [doubt.reason]


def test_a_bad_author_is_found_and_his_colleagues_are_believed(rows):
    careful = said(range(45, 60), author="ada", week=3)
    careless = pl.concat([said(range(300 + 12 * w, 312 + 12 * w), author="bob", week=3 + w)
                          for w in range(3)])  # fmt: skip

    found = reviewed(rows, *GOOD, careful, careless)

    assert set(found.quarantined["author"].unique()) == {"bob"}
    assert "ada" in found.kept["author"].to_list()


def test_fraud_declared_honest_is_found_by_how_it_behaves(rows):
    # others have labelled the ring's mates; an insider clears twenty of it
    cleared = said(range(60, 80), verdict="legitimate", source="appeal", author="eve", week=6)
    honest = said(range(400, 430), verdict="legitimate", source="audit", week=6)

    found = reviewed(rows, *GOOD, cleared, honest)

    assert set(found.quarantined["account_id"]) == set(cleared["account_id"])
    assert "behave like known fraud" in found.doubts[0].reason


def test_who_is_overturned_again_and_again_is_not_believed(rows):
    wrong = said(range(14), author="bob", week=3)
    corrected = said(range(14), verdict="legitimate", source="appeal", author="ada", week=7)
    right = said(range(14, 45), author="ada", week=3)
    upheld = said(range(14, 40), source="audit", author="cy", week=7)

    found = reviewed(rows, wrong, corrected, right, upheld, guilty=0.0)

    assert any(d.test == "opposed" and "bob" in d.voice for d in found.doubts)


def test_a_ring_that_one_labeller_alone_found_is_believed(rows):
    """New to everybody else, but its accounts behave alike: a find, not a plant."""
    found_alone = said(range(45, 90), source="partner", author="new", week=8)

    found = reviewed(rows, said(range(20)), found_alone)

    assert not found.doubts


def test_few_labels_are_never_enough_to_doubt_anybody(rows):
    planted = said(range(200, 207), source="chargeback", week=5)

    assert not reviewed(rows, *GOOD, planted).doubts


def test_an_overturned_verdict_counts_more_in_training(rows):
    wrong = said([250], source="chargeback", week=2)
    appeal = said([250], verdict="legitimate", source="appeal", week=4)

    found = reviewed(rows, *GOOD, wrong, appeal)

    assert found.weights == {"a250": OVERTURNED_WEIGHT}


def test_by_chance_alone_hardly_anybody_is_doubted(rows):
    """Ten honest labellers with a tenth of mistakes each, many times over."""
    doubted = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        parts = []
        for voice in range(6):
            right = rng.permutation(GUILTY)[:12]
            wrong = 100 + rng.permutation(400)[:1]
            parts.append(said([*right, *wrong], author=f"v{voice}", week=1 + voice))
        doubted += len(reviewed(rows, *parts).doubts)

    assert doubted <= 1


# -- harder cases ----------------------------------------------------------------------------------

CLASS = range(500, 570)
"""Seventy honest accounts that act alike, and like nobody else: a class."""


@pytest.fixture(scope="module")
def town(rows) -> TrainingRows:
    """The same accounts, with a class among the honest ones."""
    (moment,) = rows.moments
    matrix = moment.rows.copy()
    matrix[CLASS.start : CLASS.stop, 6:11] += 3.0
    return TrainingRows(rows.as_of, Known(), [replace(moment, rows=matrix)])


def test_a_patient_poisoner_loses_the_wrong_tenth_and_keeps_the_rest(rows):
    """Ten wrong verdicts of a hundred, strewn over ten weeks among good work."""
    right = [said([*range(9 * w, 9 * w + 9)], author="bob", week=1 + w) for w in range(10)]
    wrong = [said([200 + 40 * w % 300 + w], author="bob", week=1 + w) for w in range(10)]
    peers = [said(range(w, 90, 3), source="partner", author=f"p{w}", week=3) for w in range(3)]
    sure = said(range(0, 90, 2), source="audit", author="ada", week=9)

    found = reviewed(rows, *right, *wrong, *peers, sure)

    planted = set(pl.concat(wrong)["account_id"])
    gone = found.quarantined
    assert set(gone["author"]) == {"bob"}
    assert len(planted & set(gone["account_id"])) >= 8
    assert len(set(gone["account_id"]) - planted) <= 3
    assert "these alone are left out" in found.doubts[0].reason


def test_a_planted_batch_that_agrees_with_itself_is_found_by_who_looked_at_its_kind(town):
    """Half a class is called fraud by a partner; auditors drew some of the other half."""
    planted = said(CLASS[:35], source="partner", author="mallory", week=5)
    drawn = said([*CLASS[35:45], *range(300, 310)], "legitimate", source="audit", week=7)

    found = reviewed(town, *GOOD, planted, drawn)

    assert set(found.quarantined["account_id"]) == set(planted["account_id"])
    (doubt,) = found.doubts
    assert doubt.test == "kin"
    assert "judged by others" in doubt.reason


def test_a_ring_that_one_labeller_found_is_believed_though_some_of_its_kind_were_cleared(rows):
    """Appeals that should not have succeeded are no proof against the rest of a ring."""
    alone = said(range(40, 80), source="partner", author="new", week=8)
    confirmed = said(range(80, 87), source="investigator", week=8)
    let_off = said(range(87, 90), "legitimate", source="appeal", week=9)

    found = reviewed(rows, said(range(20)), alone, confirmed, let_off)

    assert not [doubt for doubt in found.doubts if doubt.verdict == "fraud"]
    assert set(alone["account_id"]) <= set(found.kept["account_id"])


@pytest.mark.parametrize("weeks", [1, 3])
def test_a_wave_of_chargebacks_on_honest_accounts_is_put_aside_and_good_ones_are_kept(rows, weeks):
    good = said(range(45, 75), source="chargeback", week=2)
    each = 48 // weeks
    wave = pl.concat(
        [said(range(150 + each * w, 150 + each * (w + 1)), source="chargeback", week=6 + w)
         for w in range(weeks)]
    )  # fmt: skip

    found = reviewed(rows, *GOOD, good, wave)

    gone = set(found.quarantined["account_id"])
    assert len(gone & set(wave["account_id"])) >= 0.9 * wave.height
    assert not gone & set(good["account_id"])
    assert {doubt.voice.split(",")[0] for doubt in found.doubts} == {"chargeback"}


def test_good_sources_are_believed_beside_a_class_and_audits_of_it(town):
    """Audits that clear a class speak against nobody who said nothing of it."""
    drawn = said([*CLASS[:20], *range(300, 320)], "legitimate", source="audit", week=7)
    others = [said(range(45 + 9 * v, 54 + 9 * v), author=f"v{v}", week=3 + v) for v in range(5)]

    found = reviewed(town, *GOOD, *others, drawn)

    assert not found.doubts

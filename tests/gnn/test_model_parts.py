"""Boosters, calibration, thresholds, folds and mates: small laws, each on a case one can see."""

import numpy as np
import pyarrow as pa
import pytest

from gnn.booster import Booster, TreeConfig
from gnn.calibrate import Calibration
from gnn.folds import fold_of, groups_of, ring_weights
from gnn.known import Known
from gnn.mates import MATE_LINKS, MATES_COLUMNS, Links, Ties, mates_matrix
from gnn.scorer import probability
from gnn.thresholds import (
    SURE,
    by_share,
    flag_threshold,
    hidden_above,
    interval_of,
    threshold_for,
)
from gnn.training_rows import Roll, chosen
from graph.errors import BundleCorrupt

FEW = TreeConfig(trees=20, depth=2, child_weight=1.0)


def rows(count: int = 400, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(count, 3)).astype(np.float32)
    return table, table[:, 0] + 0.3 * rng.normal(size=count) > 1


def fitted(table: np.ndarray, fraud: np.ndarray, **more: object) -> Booster:
    settings = {"columns": ("a", "b", "c"), "config": FEW, "seed": 3} | more
    return Booster.fit(table, fraud, np.ones(len(fraud)), **settings)


def test_a_forest_comes_back_from_its_file_with_the_same_margins():
    table, fraud = rows()
    forest = fitted(table, fraud)

    again = Booster.load(forest.save(), forest.columns)

    assert np.array_equal(again.margin(table), forest.margin(table))
    assert again.save() == forest.save()


def test_the_same_rows_and_seed_give_the_same_bytes():
    table, fraud = rows()

    assert fitted(table, fraud).save() == fitted(table, fraud).save()
    assert fitted(table, fraud, seed=4).save() != fitted(table, fraud).save()


def test_bytes_that_are_no_forest_are_refused():
    table, fraud = rows()
    content = fitted(table, fraud).save()

    with pytest.raises(BundleCorrupt):
        Booster.load(content[: len(content) // 2], ("a", "b", "c"))
    with pytest.raises(BundleCorrupt):
        Booster.load(content, ("a", "b"))


def test_contributions_add_up_to_the_margin_but_for_one_constant():
    table, fraud = rows()
    forest = fitted(table, fraud)

    bias = forest.margin(table) - forest.contributions(table).sum(axis=1)

    assert np.ptp(bias) < 1e-5


def test_a_monotone_column_never_lowers_the_margin():
    table, fraud = rows()
    forest = fitted(table, ~fraud, monotone=(1, 0, 0))
    higher = table + np.array([0.5, 0, 0], np.float32)

    assert (forest.margin(higher) >= forest.margin(table)).all()


def test_calibration_makes_a_confident_model_as_sure_as_it_is_right():
    rng = np.random.default_rng(0)
    truth = rng.random(20_000)
    fraud = rng.random(20_000) < truth
    loud = 3 * np.log(truth / (1 - truth))

    quiet = Calibration.fit(loud, fraud).probability(loud)

    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.0)):
        here = (quiet >= low) & (quiet < high)
        assert quiet[here].mean() == pytest.approx(fraud[here].mean(), abs=0.03)


def test_calibration_keeps_the_order_of_scores_even_when_nothing_overlaps():
    margin = np.linspace(-12, 12, 500)

    score = Calibration.fit(margin, margin > 0).probability(margin)

    assert (np.diff(score) > 0).all()


def test_with_hardly_any_fraud_nothing_is_calibrated():
    margin = np.linspace(-3, 3, 100)

    assert Calibration.fit(margin, margin > 2.9) == Calibration()


def test_no_more_than_the_share_of_accounts_reach_the_threshold():
    reference = np.random.default_rng(2).random(10_000)

    threshold = threshold_for(reference, 0.0005)

    assert (reference >= threshold).sum() == 5


def test_with_few_accounts_the_threshold_is_above_all_of_them():
    nobody = np.empty(0)
    threshold = flag_threshold(np.array([0.1, 0.8]), nobody, 0.0005)

    assert threshold == pytest.approx(0.8 * np.e / (0.8 * np.e + 0.2))
    assert flag_threshold(nobody, nobody, 0.0005) > 1


def test_fraud_that_nobody_labelled_is_taken_off_the_reference():
    rng = np.random.default_rng(4)
    honest, known = rng.normal(-4, 1, 20_000), rng.normal(3, 1, 300)
    hidden = rng.normal(3, 1, 60)
    reference = probability(np.r_[honest, hidden])
    at = np.quantile(probability(hidden), [0.5, 0.1])

    expected = hidden_above(reference, probability(known), at)

    assert expected == pytest.approx([30, 54], rel=0.35)
    threshold = by_share(reference, probability(known), 0.0005)
    assert 0 < (probability(honest) >= threshold).sum() <= 10
    assert (probability(hidden) >= threshold).mean() > 0.9
    assert threshold < threshold_for(reference, 0.0005)


def test_without_hidden_fraud_the_upper_end_of_the_interval_keeps_to_the_target():
    reference = np.random.default_rng(2).random(20_000) / 2
    known = np.full(50, 0.9)

    threshold = by_share(reference, known, 0.0005)

    low, high = interval_of(reference, known, threshold)
    flagged = (reference >= threshold).mean()
    assert low < flagged < high <= 0.0005
    assert by_share(reference[:900], known, 0.0005) > reference[:900].max()


def test_nobody_is_convicted_under_the_score_of_the_sure_nor_only_over_the_median_of_the_known():
    low = np.random.default_rng(2).random(20_000) / 2
    known = np.linspace(0.85, 0.98, 50)

    assert flag_threshold(low, known, 0.0005) == SURE
    above = np.r_[low, np.full(200, 0.995)]
    assert by_share(above, known, 0.0005) > 0.99
    assert flag_threshold(above, known, 0.0005) == pytest.approx(np.median(known))


def test_a_model_that_is_not_sure_of_the_known_convicts_by_the_share_alone():
    above = np.r_[np.random.default_rng(2).random(20_000) / 2, np.full(200, 0.995)]
    known = np.full(50, 0.4)

    assert flag_threshold(above, known, 0.0005) == by_share(above, known, 0.0005) > 0.99


def test_the_interval_of_a_share_holds_the_share():
    reference = np.r_[np.ones(50), np.zeros(9_950)]

    low, high = interval_of(reference, np.empty(0), 0.5)

    assert low < 0.005 < high
    assert interval_of(np.zeros(1_000), np.empty(0), 0.5)[1] == pytest.approx(0.003, rel=0.01)


def test_mates_scores_leave_the_account_itself_out(training):
    links = training.moments[-1].links
    score = np.zeros(links.accounts)
    ties = links.ties[0]
    loner = next(a for a in range(links.accounts) if _crowd(ties, a) == 1)
    score[loner] = 1.0

    matrix = mates_matrix(score, links, score)

    assert matrix[loner, 1:].max() == 0


def test_one_loud_mate_counts_less_than_many(training):
    links = training.moments[-1].links
    ties = links.ties[0]
    mates = np.flatnonzero(np.isin(np.arange(links.accounts), ties.accounts[_busiest(ties)]))
    one, many = np.zeros(links.accounts), np.zeros(links.accounts)
    one[mates[0]] = 1.0
    many[mates] = 1.0

    column = MATES_COLUMNS.index("payment_method_mates_score")
    told = [mates_matrix(one, links, score)[mates[1], column] for score in (one, many)]

    assert 0 < told[0] < told[1] < 1


def test_mates_rows_follow_accounts_when_they_are_renumbered(training):
    links = training.moments[-1].links
    rng = np.random.default_rng(3)
    score, order = rng.random(links.accounts), rng.permutation(links.accounts)
    seat = np.argsort(order)
    moved = Links(
        links.accounts,
        tuple(type(t)(t.link, seat[t.accounts], t.entities, t.counts, t.size) for t in links.ties),
    )

    straight, renumbered = (
        mates_matrix(score, links, score),
        mates_matrix(score[order], moved, score[order]),
    )

    assert np.allclose(straight[order], renumbered)


def _crowd(ties, account: int) -> int:
    mine = np.isin(ties.entities, ties.entities[ties.accounts == account])
    return len(set(ties.accounts[mine].tolist()))


def _busiest(ties) -> np.ndarray:
    return ties.entities == np.bincount(ties.entities).argmax()


def test_a_ring_stands_on_one_side_of_every_fold(training, small_scene):
    roll = Roll.of(training)
    last = training.moments[-1]
    groups = groups_of(roll, last.links, roll.numbers(last.keys))

    fold = fold_of(roll, groups, 3, np.random.default_rng(0))

    for ring in ("red", "blue"):
        mates = [n for a, n in roll.number.items() if small_scene.ring_of.get(a) == ring]
        assert len(set(fold[mates].tolist())) == 1
    assert len(set(fold.tolist())) == 3


def test_the_unlabelled_of_a_bad_group_are_neither_fraud_nor_honest(training, small_scene):
    roll = Roll.of(training)
    last = training.moments[-1]

    shadow = groups_of(roll, last.links, roll.numbers(last.keys)).shadow

    names = [name for name, number in roll.number.items() if shadow[number]]
    assert names
    assert all(small_scene.ring_of[name] in ("red", "blue") for name in names)
    assert not any(name in training.known.fraud for name in names)


def _roll(campaigns: dict[str, str | None], honest: int) -> Roll:
    """Known accounts with the campaign a label named, if any, and accounts nobody judged."""
    names = [*campaigns, *(f"x{n:02d}" for n in range(honest))]
    fraud = np.array([name in campaigns for name in names])
    return Roll(
        {name: n for n, name in enumerate(names)},
        fraud,
        np.zeros(len(names), bool),
        np.zeros(len(names), bool),
        np.where(fraud, 0, 2**62),
        [campaigns.get(name) for name in names],
    )


def _asking(templates: dict[int, list[int]], accounts: int) -> Links:
    """Links of nothing but prompt templates: template -> who sends it."""
    pairs = [(a, t) for t, senders in templates.items() for a in senders]
    who, what = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    link = next(link for link in MATE_LINKS if link.verb == "ASKED")
    return Links(accounts, (Ties(link, who, what, np.ones(len(who)), max(templates) + 1),))


def test_a_toolkit_that_two_named_campaigns_share_does_not_make_them_one():
    roll = _roll({**{f"a{n}": "red" for n in range(6)}, **{f"b{n}": "blue" for n in range(6)}}, 8)
    public = [*range(12), 12, 13]
    links = _asking({0: public, 1: [*range(6), 14], 2: [*range(6, 12), 15]}, 20)

    groups = groups_of(roll, links, np.arange(20))

    assert len(set(groups.group[:6])) == len(set(groups.group[6:12])) == 1
    assert groups.group[0] != groups.group[6]
    assert groups.group[14] == groups.group[0]
    assert groups.group[15] == groups.group[6]
    assert set(np.flatnonzero(groups.shadow)) == {12, 13, 14, 15}


def test_without_names_a_thing_that_many_rings_share_does_not_make_them_one():
    roll = _roll({f"a{n:02d}": None for n in range(24)}, 60)
    own = {1 + ring: list(range(6 * ring, 6 * ring + 6)) for ring in range(4)}
    links = _asking({0: list(range(84)), **own}, 84)

    groups = groups_of(roll, links, np.arange(84))

    assert [len(set(groups.group[members])) for members in own.values()] == [1] * 4
    assert len(set(groups.group[:24])) == 4


def test_a_large_ring_does_not_drown_a_small_one():
    fraud = np.array([True] * 105)
    group = np.array([0] * 100 + [1] * 5)

    weight = ring_weights(fraud, group)

    assert weight.mean() == pytest.approx(1)
    assert weight[:100].sum() / weight[100:].sum() == pytest.approx(np.sqrt(20))


def test_known_accounts_without_mates_count_less_than_mates():
    fraud = np.array([True] * 6 + [False])
    group = np.array([0, 0, 0, 0, 1, 2, 3])

    weight = ring_weights(fraud, group)

    assert weight[4] == weight[5] == pytest.approx(weight[0] / 2)
    assert weight[6] == 0


def test_an_account_is_no_row_once_it_was_known(training):
    roll = Roll.of(training)
    roll.known_at[:] = np.where(roll.fraud, training.moments[0].as_of, roll.known_at)
    seats = [roll.numbers(moment.keys) for moment in training.moments]

    picks = chosen(training.moments, seats, roll)

    for seat, pick in zip(seats, picks, strict=True):
        assert not roll.fraud[seat[pick]].any()
        assert pick.any()


def test_an_appeal_takes_a_label_back_and_a_reinstatement_a_ban():
    labels = pa.Table.from_pylist(
        [
            {"account_id": "a", "at": 1, "verdict": "fraud", "source": "audit", "campaign_id": "x"},
            {"account_id": "a", "at": 5, "verdict": "legitimate", "source": "appeal"},
            {"account_id": "b", "at": 2, "verdict": "fraud", "source": "audit"},
            {"account_id": "c", "at": 9, "verdict": "fraud", "source": "audit"},
        ]
    )
    bans = pa.Table.from_pylist(
        [
            {"account_id": "d", "at": 1, "action": "ban"},
            {"account_id": "e", "at": 1, "action": "ban"},
            {"account_id": "e", "at": 2, "action": "reinstate"},
        ]
    )

    before, after = Known.of(labels, bans, 4), Known.of(labels, bans, 8)

    assert dict(before.fraud) == {"a": 1, "b": 2, "d": 1}
    assert dict(after.fraud) == {"b": 2, "d": 1}
    assert after.legitimate == {"a"}
    assert before.campaign == {"a": "x"}

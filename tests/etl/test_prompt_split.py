"""Templates that share sentences are told apart; wordings that the same accounts send are not."""

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from etl.prompts.company import company, lockstep, sittings
from etl.prompts.split import Telling, profiles, told_apart
from graph.prompts import ClusterIndex
from graph.prompts.weigh import MIN_LINK_NATS, ClusterFigures, weigh

MINUTE_US = 60_000_000
DAY_US = 1440 * MINUTE_US
TELLING = Telling()


def prompts_of(*kinds: tuple[range, int]) -> csr_matrix:
    """Prompts of several kinds: (shingles shown, how many prompts)."""
    rows = [list(shown) for shown, number in kinds for _ in range(number)]
    dense = np.zeros((len(rows), 60), np.float32)
    for i, shown in enumerate(rows):
        dense[i, shown] = 1.0
    return csr_matrix(dense)


def test_templates_that_share_a_sentence_are_two():
    rows = prompts_of((range(30), 20), (range(20, 50), 20))
    strangers = np.arange(40)

    label = told_apart(rows, strangers, TELLING)

    assert len(set(label[:20])) == len(set(label[20:])) == 1
    assert label[0] != label[20]


@pytest.mark.parametrize(("same", "templates"), [(True, 1), (False, 2)])
def test_two_wordings_are_one_template_if_the_same_accounts_send_both(same, templates):
    rows = prompts_of((range(30), 20), (range(20, 50), 20))
    owner = np.concatenate([np.arange(20), np.arange(20) + (0 if same else 100)])

    label = told_apart(rows, owner, TELLING)

    assert len(set(label)) == templates


@pytest.mark.parametrize(
    ("before", "templates"), [(None, 1), ((0, 0), 1), ((0, 1), 2), ((0, -1), 1)]
)
def test_two_clusters_stay_two_at_the_border(before, templates):
    rows = prompts_of((range(30), 20), (range(12, 42), 20))
    known = None if before is None else np.repeat(np.array(before), 20)

    label = told_apart(rows, np.arange(40), TELLING, known)

    assert len(set(label)) == templates


@pytest.mark.parametrize(("before", "templates"), [(None, 2), ((0, 0), 1), ((0, 1), 2)])
def test_one_cluster_stays_one_at_the_border(before, templates):
    rows = prompts_of((range(30), 20), (range(17, 47), 20))
    known = None if before is None else np.repeat(np.array(before), 20)

    label = told_apart(rows, np.arange(40), TELLING, known)

    assert len(set(label)) == templates


@pytest.mark.parametrize(
    ("who", "templates"), [("strangers, again and again", 2), ("each once", 1), ("the same", 1)]
)
def test_a_template_and_a_whole_passage_more_is_another_if_others_keep_sending_it(who, templates):
    rows = prompts_of((range(20), 20), (range(40), 20))
    longer = {
        "strangers, again and again": 100 + np.arange(20) % 5,
        "each once": 100 + np.arange(20),
        "the same": np.arange(20) % 5,
    }
    owner = np.concatenate([np.arange(20), longer[who]])

    label = told_apart(rows, owner, TELLING)

    assert len(set(label)) == templates


def test_what_differs_much_parts_whatever_it_was_before():
    rows = prompts_of((range(30), 20), (range(28, 58), 20))

    label = told_apart(rows, np.arange(40), TELLING, np.zeros(40, np.int64))

    assert len(set(label)) == 2


def test_a_stray_prompt_keeps_two_wordings_from_nothing():
    rows = prompts_of((range(30), 20), (range(24, 30), 1), (range(20, 50), 20))
    owner = np.concatenate([np.arange(20), [999], np.arange(20)])

    label = told_apart(rows, owner, TELLING)

    assert label[0] == label[-1]


def test_a_shared_shingle_stands_in_both_profiles_and_is_owned_by_neither():
    rows = prompts_of((range(30), 20), (range(20, 50), 20))

    found = profiles(rows, np.arange(40), np.zeros(40, np.int64), TELLING)

    shared = found.shingle == 25
    assert sorted(found.template[shared]) == [0, 1]
    assert found.own[shared].tolist() == [0.5, 0.5]
    assert (found.own[found.shingle == 5] == 1.0).all()


def test_a_prompt_goes_to_the_template_it_shows_whole():
    rows = prompts_of((range(30), 40), (range(20, 50), 10))
    found = profiles(rows, np.arange(50), np.zeros(50, np.int64), TELLING)
    order = np.lexsort((found.template, found.shingle))
    index = ClusterIndex(
        found.shingle[order].astype(np.uint64),
        found.template[order].astype(np.int32),
        np.full(len(order), 9, np.uint32),
        ("pc-0", "pc-1"),
        "key",
        0,
        typical=found.typical[order].astype(np.float32),
        own=found.own[order].astype(np.float32),
    )

    one, other = (
        index.assign(np.arange(a, b, dtype=np.uint64)).cluster_id for a, b in ((0, 30), (20, 50))
    )

    assert {one, other} == {"pc-0", "pc-1"}


def sent(account: np.ndarray, at: np.ndarray) -> pl.DataFrame:
    """Prompts of one cluster, with their company."""
    near, expected = company(np.zeros(len(at), np.int64), account, at)
    return pl.DataFrame(
        {"cluster": 0, "account": account, "at": at, "near": near, "expected": expected}
    )


def test_volleys_of_many_accounts_are_in_step_and_office_hours_are_not():
    rng = np.random.default_rng(3)
    account = np.tile(np.arange(20), 10)
    volleys = np.repeat(rng.integers(0, 14 * DAY_US, 10), 20)
    volleys = volleys + rng.integers(0, 3 * MINUTE_US, 200)
    office = rng.integers(0, 10, 200) * DAY_US + rng.integers(9, 17 * 60, 200) * MINUTE_US

    step = {
        name: lockstep(sent(account, at), ["cluster"])["lockstep"][0]
        for name, at in (("volleys", volleys), ("office", office))
    }

    assert step["volleys"] > 12
    assert step["office"] < 3


def test_a_lesson_has_few_sittings_and_a_job_has_many():
    rng = np.random.default_rng(4)
    lesson = 3 * DAY_US + rng.integers(0, 60 * MINUTE_US, 200)
    job = rng.integers(0, 14 * DAY_US, 200)

    hours = [sittings(sent(np.arange(200) % 20, at))["sittings"][0] for at in (lesson, job)]

    assert hours[0] <= 2
    assert hours[1] > 50


VIRAL = {
    "accounts": 60, "population": 9_000, "prompts": 240, "median_prompts": 4.0, "top_share": 0.1,
    "distinct_share": 0.9, "burst": 0.25, "established": 0, "known_age": 60, "ordinary": 0.1,
    "population_established": 0.6,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "tied"),
    [
        ({}, False),
        ({"lockstep": 20.0, "sittings": 30}, True),
        ({"lockstep": 20.0, "sittings": 30, "in_step": 0.6}, False),
        ({"median_prompts": 30.0}, False),
        ({"median_prompts": 30.0, "roaming": 0.6}, True),
        ({"median_prompts": 30.0, "roaming": 0.25}, False),
        ({"median_prompts": 30.0, "roaming": 0.5, "accounts": 2, "known_age": 2}, False),
        ({"lockstep": 20.0, "sittings": 3, "burst": 0.7, "median_prompts": 9.0}, False),
        ({"lockstep": 20.0, "sittings": 30, "established": 30}, False),
    ],
)
def test_newcomers_with_a_rare_template_are_tied_by_volleys_or_by_roaming(change, tied):
    weight = weigh(ClusterFigures(**{**VIRAL, **change}))

    assert (weight.nats >= MIN_LINK_NATS) == tied
    assert weight.why


@pytest.mark.parametrize(("median_hours", "tied"), [(2.0, False), (6.0, True)])
def test_who_is_in_step_but_never_comes_back_is_a_class_even_if_a_campaign_uses_its_template(
    median_hours, tied
):
    figures = ClusterFigures(
        accounts=66,
        population=1_919,
        prompts=600,
        median_prompts=5.0,
        top_share=0.1,
        distinct_share=0.9,
        burst=0.42,
        established=4,
        known_age=66,
        population_established=0.45,
        ordinary=0.1,
        lockstep=20.7,
        sittings=16,
        median_hours=median_hours,
    )

    assert (weigh(figures).nats >= MIN_LINK_NATS) == tied

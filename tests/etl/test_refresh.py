"""One refresh: what it publishes, and that neither the store's kind nor the future matters."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from etl.acted_on import LIKELY, explained_in, flags_of, held_in
from etl.asked import Asked, changes
from etl.refresh import Job, RefreshConfig, refresh
from etl.refreshed import FLAGS, RefreshState, raised
from etl.replay.live import Watch
from gnn.thresholds import SURE
from graph.rings import Member, Reason, Ring, Rings, Status, Verdict, find
from graph.schema import NodeType
from graph.stores import open_store
from tests.etl.conftest import DAY, by_shared_words

NOTHING = RefreshState(Asked.nothing("tests"))


def edges(rows: list[tuple[str, str, int, int, int]]) -> pl.DataFrame:
    return pl.DataFrame(
        rows, schema=["account_id", "cluster", "first", "last", "count"], orient="row"
    )


@pytest.fixture(scope="module")
def report(town, scorer):
    _, job = town.job(town.train_until + 2 * DAY)
    job.store.advance(town.train_until + 1)
    return refresh(job, scorer, town.train_until, NOTHING)


def test_a_store_told_everything_gives_the_refresh_of_a_replay(town, scorer, report):
    with open_store("sqlite://") as store:
        store.write(town.unrolled.between(0, town.train_until + 1))
        job = Job(town.timeline, store, by_shared_words, RefreshConfig(keep_asked=True))

        again = refresh(job, scorer, town.train_until, NOTHING)

    assert again.scores.keys == report.scores.keys
    np.testing.assert_allclose(again.scores.score, report.scores.score, atol=1e-12)
    assert again.flags.equals(report.flags)
    assert [r.ring_id for r in again.rings] == [r.ring_id for r in report.rings]


def test_what_happens_after_the_moment_changes_nothing(town, scorer, report):
    _, job = town.job(town.train_until)
    job.store.advance(town.train_until + 1)

    blind = refresh(job, scorer, town.train_until, NOTHING)

    assert np.array_equal(blind.scores.score, report.scores.score)
    assert blind.flags.equals(report.flags)


def test_a_refresh_is_visible_as_one_generation_with_scores_and_rings(town, scorer):
    with open_store("sqlite://") as store:
        store.write(town.unrolled.between(0, town.train_until + 1))
        job = Job(town.timeline, store, by_shared_words)

        found = refresh(job, scorer, town.train_until, NOTHING)

        assert store.generation() == (1, town.train_until)
        shown = store.snapshot()
        assert np.array_equal(shown.numbers(NodeType.ACCOUNT, "score"), found.score)
        assert {ring.ring_id for ring in store.rings()} == {r.ring_id for r in found.rings}
        assert store.counts()["ASKED"] == found.state.edges.height


def test_the_second_refresh_takes_back_prompt_edges_that_are_gone(town):
    before = edges([("a", "c1", 1, 5, 3), ("b", "c1", 2, 2, 1)])
    now = edges([("a", "c1", 1, 9, 4), ("a", "c2", 8, 8, 1)])

    told = [edge for facts in changes(before, now, version=7) for edge in facts.edges]

    assert {(e.source, e.target, e.count) for e in told} == {
        ("account:a", "prompt_cluster:c1", 4),
        ("account:a", "prompt_cluster:c2", 1),
        ("account:b", "prompt_cluster:c1", 0),
    }
    assert {e.version for e in told} == {7}
    assert list(changes(now, now, version=8)) == []


def test_requests_that_leave_the_window_keep_the_clusters_they_had(town):
    _, job = town.job(town.train_until)
    short = Job(job.events, job.store, by_shared_words, RefreshConfig(window_days=5))
    job.store.advance(town.train_until + 1)
    early, late = town.train_until - 6 * DAY, town.train_until

    first = refresh(short, None, early, NOTHING)
    second = refresh(short, None, late, first.state)

    settled = second.state.asked.settled
    assert second.state.asked.settled_until == late - 5 * DAY
    assert settled.height
    assert settled["last"].max() <= late - 5 * DAY
    totals = second.state.edges["count"].sum()
    assert totals >= first.state.edges["count"].sum()


def test_a_ring_raises_whom_it_is_acted_on_and_no_bystander():
    flags = pl.DataFrame([("b", 0.9, "r1")], schema=FLAGS, orient="row")

    score = raised(np.array([0.5, 0.5, 0.5]), ["a", "b", "c"], flags)

    assert score.tolist() == pytest.approx([0.5, 0.95, 0.5])


def ring_of(ring_id: str, members: tuple[Member, ...]) -> Ring:
    return Ring(ring_id, 1, 0.5, False, Status.ACTIVE, Verdict.UNCLEAR, members, {}, (), (), 0, 0)


def test_an_account_over_the_threshold_is_flagged_and_a_ring_goes_before_a_score(report):
    own = {k for k, over in zip(report.scores.keys, report.scores.flagged, strict=True) if over}
    ring = replace(ring_of("r1", (Member("new", 1.0, 0),)), flagged=True)
    everybody = flags_of(report.scores, Rings(DAY, (ring,)))

    assert own <= set(everybody["account_id"])
    assert everybody.filter(pl.col("ring_id") == "r1")["account_id"].to_list() == ["new"]
    assert set(everybody["account_id"]) == own | {"new"}


def test_an_account_with_a_history_is_flagged_for_its_ring_at_the_second_refresh():
    young, old = Member("young", 1.0, 20 * DAY), Member("old", 1.0, 0)
    ring = replace(ring_of("r1", (young, old)), flagged=True)
    now, tomorrow = Rings(25 * DAY, (ring,)), Rings(26 * DAY, (ring,))

    assert flags_of(None, now)["account_id"].to_list() == ["young"]
    assert flags_of(None, tomorrow, now)["account_id"].to_list() == ["old", "young"]


@pytest.fixture(scope="module")
def watch(town, scorer):
    replay, job = town.job(town.train_until + 2 * DAY)
    job.store.advance(town.train_until + 1)
    last = refresh(job, scorer, town.train_until, NOTHING)
    return Watch.since(replay.timeline, replay.store.front, scorer, last)


def test_everybody_looked_at_anew_scores_as_the_refresh_says(watch):
    keys, scores = watch.look(watch.last.scores.keys, watch.last.as_of)

    assert tuple(keys) == watch.last.scores.keys
    np.testing.assert_allclose(scores, watch.last.scores.score, atol=1e-9)


def test_one_account_looked_at_alone_scores_as_among_all(watch):
    for place in range(0, len(watch.last.scores.keys), 23):
        _, score = watch.look([watch.last.scores.keys[place]], watch.last.as_of)

        assert score[0] == pytest.approx(watch.last.scores.score[place], abs=1e-9)


def test_a_look_at_nobody_or_at_a_stranger_finds_nothing(watch):
    assert watch.look([], watch.last.as_of)[0] == []
    assert watch.look(["nobody has this name"], watch.last.as_of)[0] == []


def test_a_refresh_that_goes_on_finds_what_a_whole_one_finds_that_holds_the_same_for_usual(town):
    config = RefreshConfig(keep_asked=False, go_on=True)
    with open_store("sqlite://") as store:
        store.write(town.unrolled.between(0, town.train_until + DAY))
        job = Job(town.timeline, store, by_shared_words, config)
        first = refresh(job, None, town.train_until, NOTHING)

        second = refresh(job, None, town.train_until + DAY, first.state)

    usual = second.inputs.usual.anew()
    assert second.rings.rings
    again = find(replace(second.inputs, usual=usual), first.rings)
    assert [r.detail() | {"story": None} for r in again] == [
        r.detail() | {"story": None} for r in second.rings
    ]


def test_a_model_that_convicts_anybody_spares_newcomers_and_has_to_be_sure_of_the_established(
    report,
):
    spared, doubted, convicted, alone = report.scores.keys[:4]
    score = np.full(len(report.scores.keys), 0.01)
    score[:4] = 0.9 - LIKELY, LIKELY - 0.1, LIKELY, 0.99
    scores = replace(report.scores, score=score, own=score, flagged=score > 0.9)
    mute = replace(scores, flagged=np.zeros(len(score), np.bool_))
    members = tuple(Member(name, 1.0, 0) for name in (spared, doubted, convicted))
    ring = replace(ring_of("r1", members), flagged=True)
    early, late = Rings(DAY, (ring,)), Rings(30 * DAY, (ring,))

    assert set(flags_of(scores, early)["account_id"]) == {doubted, convicted, alone}
    assert set(flags_of(mute, early)["account_id"]) == {spared, doubted, convicted}
    assert set(flags_of(scores, late)["account_id"]) == {alone}
    assert set(flags_of(scores, late, late)["account_id"]) == {convicted, alone}
    assert set(held_in(scores, late)["account_id"]) == {doubted, convicted}
    assert set(held_in(None, late)["account_id"]) == {spared, doubted, convicted}


def test_a_bystander_stays_in_the_picture_of_a_ring_and_is_acted_on_for_its_own_score_alone(report):
    near, member, alone = report.scores.keys[:3]
    score = np.full(len(report.scores.keys), 0.01)
    score[:3] = 0.85, 0.85, 0.99
    scores = replace(report.scores, score=score, own=score, flagged=score > 0.9)
    members = tuple(Member(name, 1.0, 0) for name in (near, member, alone))
    ring = replace(ring_of("r1", members), flagged=True)
    rings, beside = Rings(DAY, (ring,)), {("r1", near), ("r1", alone), ("r2", member)}

    flags = flags_of(scores, rings, None, beside)

    assert list(flags.select("account_id", "ring_id").iter_rows()) == sorted(
        [(member, "r1"), (alone, None)]
    )
    assert set(held_in(scores, rings)["account_id"]) == {near, member, alone}
    assert set(flags_of(scores, rings)["account_id"]) == {near, member, alone}


@pytest.mark.parametrize("code", ["counter.organisation", "counter.one_place"])
def test_in_company_with_a_lawful_cause_only_what_an_account_does_itself_convicts(report, code):
    led, telling, alone = report.scores.keys[:3]
    score = np.full(len(report.scores.keys), 0.01)
    score[:3] = 0.96
    own = np.where(score > 0.9, SURE - 0.05, 0.01)
    own[1] = SURE
    scores = replace(report.scores, score=score, own=own, flagged=score > 0.9)
    cause = Reason(code, "most of them are together", 0.9, 0.6, -2.0)
    members = tuple(Member(name, 1.0, 0) for name in (led, telling))
    explained = replace(ring_of("r1", members), counter_evidence=(cause,))
    called = replace(explained, flagged=True)
    early = Rings(DAY, (explained,))

    assert set(flags_of(scores, early)["account_id"]) == {telling, alone}
    assert explained_in(early) == {led, telling}
    assert set(flags_of(scores, Rings(DAY, (called,)))["account_id"]) == {led, telling, alone}
    assert explained_in(Rings(DAY, (called,))) == frozenset()


def test_a_public_kit_explains_nobody_and_a_score_goes_on_to_convict_its_users(report):
    name = report.scores.keys[0]
    score = np.where(np.array(report.scores.keys) == name, 0.96, 0.01)
    scores = replace(report.scores, score=score, own=score * 0.8, flagged=score > 0.9)
    kit = Reason("counter.public_kit", "a kit that is public", 0.9, 0.6, -1.0)
    ring = replace(ring_of("r1", (Member(name, 1.0, 0),)), counter_evidence=(kit,))

    assert flags_of(scores, Rings(DAY, (ring,)))["account_id"].to_list() == [name]


def test_a_member_for_whom_the_model_speaks_is_not_flagged_for_its_ring(report):
    order = np.argsort(report.scores.score)
    calm, suspect = (report.scores.keys[place] for place in (order[0], order[-1]))
    ring = replace(ring_of("r1", (Member(calm, 1.0, 0), Member(suspect, 1.0, 0))), flagged=True)

    flags = flags_of(report.scores, Rings(DAY, (ring,)))

    assert calm not in set(flags["account_id"])
    assert flags.filter(pl.col("ring_id") == "r1")["account_id"].to_list() == [suspect]

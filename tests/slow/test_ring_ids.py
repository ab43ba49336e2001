"""Ring ids over eight weekly refreshes of a world with several campaigns."""

import itertools

import pytest

from etl.asked import DAY_US, Asked
from etl.backtest.source import Source, read_timeline
from etl.prompts.fit import fit_clusters
from etl.refresh import Job, RefreshConfig, refresh
from etl.refreshed import RefreshState
from etl.replay.lazily import LazyStore
from etl.replay.unrolled import unroll
from etl.replay.walk import Due, Replay
from graph.rings import Ring, Rings
from graph.simulate import world, write
from graph.simulate.presets import CampaignSpec, WorldSpec
from graph.stores import open_store

WEEK_US = 7 * DAY_US
DAYS = 66.0
CAMPAIGNS = tuple(
    CampaignSpec(begins, 0.6, 60, 12.0, tactics, lifetime_days=20.0)
    for begins, tactics in (
        (0.0, (("lockstep", 1.0), ("sibling_templates", 0.5), ("shared_cards", 0.6))),
        (0.1, (("lockstep", 0.8), ("email_pattern", 1.0), ("mixed_traffic", 0.5))),
        (0.2, (("handover", 0.2), ("virtual_cards", 1.0), ("residential_proxies", 1.0))),
    )
)


@pytest.fixture(scope="module")
def history(tmp_path_factory) -> list[Rings]:
    """The rings of eight refreshes a week apart, without a model."""
    home = tmp_path_factory.mktemp("weeks")
    write(world(WorldSpec("weeks", 400, DAYS, CAMPAIGNS, volume=0.6), 3), home / "world")
    source = Source(str(home / "world" / "events"), b"a key for tests, no secret")
    timeline = read_timeline(source, home, lambda step, done, total: None)
    begin, until = timeline.bounds
    moments = [until - week * WEEK_US for week in reversed(range(8))]
    state, found = RefreshState(Asked.nothing("tests")), []
    with LazyStore(open_store("sqlite://"), unroll(timeline)) as store:
        job = Job(timeline, store, fit_clusters, RefreshConfig(keep_asked=False))
        for step in Replay(timeline, store).steps(begin - 1, until, moments):
            if isinstance(step, Due):
                report = refresh(job, None, step.at, state)
                state = report.state
                found.append(report.rings)
    return found


def likeness(one: Ring, other: Ring) -> float:
    common = len(one.account_ids & other.account_ids)
    return common / (one.size + other.size - common)


@pytest.mark.slow
def test_nine_of_ten_rings_that_go_on_keep_their_id_over_eight_weekly_refreshes(
    history, record_property
):
    went_on, kept = 0, 0
    for before, after in itertools.pairwise(history):
        for ring in before:
            nearest = max(after, key=lambda other: likeness(ring, other))
            if likeness(ring, nearest) >= 0.5:
                went_on += 1
                kept += nearest.ring_id == ring.ring_id

    record_property("went_on", went_on)
    assert len(history) == 8
    assert went_on >= 100
    assert kept >= 0.9 * went_on


@pytest.mark.slow
def test_a_flagged_ring_is_told_of_under_one_id_for_as_long_as_it_is_flagged(history):
    ids: dict[str, int] = {}
    accounts: dict[str, set[str]] = {}
    for rings in history:
        for ring in rings.flagged:
            ids[ring.ring_id] = ids.get(ring.ring_id, 0) + 1
            for account in ring.account_ids:
                accounts.setdefault(account, set()).add(ring.ring_id)

    moved = sum(len(names) > 1 for names in accounts.values())

    assert ids, "no campaign was flagged at all: the world is of no use here"
    assert moved <= 0.1 * len(accounts)

"""Lockstep, on schedules whose answer can be told by eye."""

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from graph.lockstep import SENTENCES, add_lockstep, keep_lockstep, lockstep
from graph.schema import NodeType
from graph.snapshot import Snapshot

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
HOURS, DAYS, WEEKS = range(3)

Sent = list[tuple[int, int, int, int]]  # account, template, moment, place


def figures(sent: Sent, size: int) -> np.ndarray:
    account, cluster, at, place = (np.array(column, np.int64) for column in zip(*sent, strict=True))
    return lockstep(account, cluster, at, place, size)


def scheduled(accounts: range, ticks: list[int], network: int | None = None) -> Sent:
    """All of them within five minutes of each tick, each on a network of its own by default."""
    return [
        (a, 1, tick + a % 5 * MINUTE, a + 1 if network is None else network)
        for a in accounts
        for tick in ticks
    ]


def at_random(accounts: range, days: int, a_day: int) -> Sent:
    rng = np.random.default_rng(7)
    return [
        (a, 1, int(rng.integers(days * DAY)), a + 1) for a in accounts for _ in range(days * a_day)
    ]


@pytest.fixture
def irregular() -> list[int]:
    rng = np.random.default_rng(3)
    return [day * DAY + int(rng.integers(20 * HOUR)) for day in range(14) for _ in range(2)]


def test_a_schedule_that_drives_many_accounts_stands_out_against_all_other_times(irregular):
    sent = scheduled(range(10), irregular) + at_random(range(10, 40), 14, 2)

    seen = figures(sent, 40)

    assert seen[:10].min() > 5
    assert np.median(seen[10:]) < 2


def test_a_job_at_a_fixed_hour_is_explained_by_other_days(irregular):
    nightly = [day * DAY + 2 * HOUR for day in range(15)]

    fixed = figures(scheduled(range(10), nightly), 10)
    free = figures(scheduled(range(10), irregular), 10)

    assert abs(fixed[:, DAYS]).max() < free[:, DAYS].min()
    assert abs(fixed[:, WEEKS]).max() < free[:, WEEKS].min()


def test_people_of_one_network_do_not_make_each_other_suspect(irregular):
    together = figures(scheduled(range(10), irregular, network=1), 10)
    apart = figures(scheduled(range(10), irregular), 10)

    assert together.max() <= 0
    assert apart.min() > 5


def test_accounts_on_unknown_networks_are_not_taken_for_one_room(irregular):
    unknown = figures(scheduled(range(10), irregular, network=0), 10)

    assert unknown.min() > 5


def test_who_has_a_campus_stays_in_its_room_when_he_writes_from_home(irregular):
    rows = [
        {"account_id": "ab"[a], "at": at, "cluster": "t", "subnet": net, "ip_class": kind}
        for a, _, at, own in scheduled(range(2), irregular)
        for net, kind in [(f"home {own}", "home")]
    ]
    lecture = [
        row | {"at": 30 * DAY, "subnet": "campus", "ip_class": "campus"} for row in rows[::28]
    ]
    accounts = pa.table({"key": ["a", "b"], "first_seen": [0, 0]})
    snapshot = Snapshot(40 * DAY, {NodeType.ACCOUNT: accounts})

    strangers = add_lockstep(snapshot, pa.Table.from_pylist(rows))
    students = add_lockstep(snapshot, pa.Table.from_pylist(rows + lecture))

    assert len(lecture) == 2
    assert strangers.numbers(NodeType.ACCOUNT, "lockstep_weeks").min() > 3
    assert students.numbers(NodeType.ACCOUNT, "lockstep_weeks").max() <= 0


def test_one_template_says_nothing_of_the_senders_of_another(irregular):
    sent = [(a, a, at, net) for a, _, at, net in scheduled(range(10), irregular)]

    assert figures(sent, 10).max() <= 0


def test_who_sent_no_template_is_unknown_and_nobody_at_all_is_fine():
    assert np.isnan(figures(scheduled(range(3), [DAY, 2 * DAY]), 4)[3]).all()
    assert lockstep(*(np.empty(0, np.int64) for _ in range(4)), size=2).shape == (2, 3)


def test_columns_land_on_their_accounts_and_stay_until_the_next_refresh(irregular):
    accounts = pa.table({"key": ["a", "b", "c"], "first_seen": [0, 0, 0], "degree": [0, 0, 0]})
    rows = [
        {"account_id": "ab"[a], "at": at, "cluster": "t", "subnet": f"n{net}", "ip_class": "home"}
        for a, _, at, net in scheduled(range(2), irregular)
    ]
    requests = pl.DataFrame(rows).to_arrow()

    described = add_lockstep(Snapshot(20 * DAY, {NodeType.ACCOUNT: accounts}), requests)
    fewer = {NodeType.ACCOUNT: pa.table({"key": ["b", "new"], "first_seen": [0, 0]})}
    kept = keep_lockstep(Snapshot(21 * DAY, fewer), described)

    for name in SENTENCES:
        seen = described.numbers(NodeType.ACCOUNT, name)
        assert seen[0] > 3
        assert seen[1] > 3
        assert np.isnan(seen[2])
        after = kept.numbers(NodeType.ACCOUNT, name)
        assert after[0] == seen[1]
        assert np.isnan(after[1])

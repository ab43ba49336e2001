"""Training rows and events on disk: what is read is what was written, field by field."""

from dataclasses import fields

import numpy as np
import pytest

from etl.prompts.fit import fit_clusters
from etl.refresh import Job, RefreshConfig
from etl.replay.lazily import LazyStore
from etl.replay.rows_kept import keep_rows, keep_timeline, kept_rows, kept_timeline
from etl.replay.timeline import TABLES, Timeline
from etl.replay.unrolled import unroll
from etl.replay.walk import Replay
from etl.train import Course, collect
from etl.weekly.exam import beginning
from gnn.features_signup import Moment
from gnn.known import Known
from gnn.training_rows import AccountMoment, TrainingRows
from gnn.vicinity import Vicinity
from graph.contract import TABLES as CONTRACT
from graph.door import Door
from graph.journal.journal import Journal
from graph.simulate import small_world, table
from graph.stores import open_store
from tests.api.small_home import KEY

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def timeline(tmp_path_factory) -> Timeline:
    made, door = small_world(accounts=80), Door(KEY)
    with Journal(tmp_path_factory.mktemp("kept") / "journal.db", door.key_id) as journal:
        for name in CONTRACT:
            rows = table(made, name)
            columns = {c: rows[c].combine_chunks() for c in rows.column_names}
            journal.append(name, door.batch(name, columns, rows.num_rows).rows)
        return Timeline.of(journal)


@pytest.fixture(scope="module")
def rows(timeline) -> TrainingRows:
    with LazyStore(open_store("sqlite://"), unroll(timeline)) as store:
        job = Job(timeline, store, fit_clusters, RefreshConfig(keep_asked=False))
        until = timeline.bounds[1] - DAY
        course = Course(every_us=5 * DAY, days=10)
        return collect(Replay(timeline, store), job, until, beginning(), course)[0]


def test_events_come_back_as_they_were(timeline, tmp_path):
    keep_timeline(timeline, tmp_path)

    back = kept_timeline(tmp_path)

    for name in TABLES:
        assert back.read(name).equals(timeline.read(name)), name


def test_rows_come_back_as_they_were_under_the_verdicts_that_are_given(timeline, rows, tmp_path):
    keep_rows(rows, tmp_path)
    known = Known(fraud={"a": 1})

    back = kept_rows(tmp_path, timeline, known)

    assert (back.as_of, back.known) == (rows.as_of, known)
    assert len(back.moments) == len(rows.moments) > 1
    for ours, theirs in zip(back.moments, rows.moments, strict=True):
        _same_moment(ours, theirs)
    assert len(back.signups) == len(rows.signups) > 20
    assert any(signup.vicinity.ties for signup in rows.signups)
    for ours, theirs in zip(back.signups, rows.signups, strict=True):
        assert ours.event == theirs.event
        assert (ours.now, ours.payment) == (theirs.now, theirs.payment)
        assert ours.rates == theirs.rates
        assert ours.rates
        _same_vicinity(ours.vicinity, theirs.vicinity)


def test_no_field_is_forgotten():
    """A row that gains a field must gain a place on disk; then this list grows with it."""
    held = {
        kind.__name__: [field.name for field in fields(kind)]
        for kind in (AccountMoment, Moment, Vicinity, TrainingRows)
    }

    assert held == {
        "AccountMoment": ["as_of", "keys", "rows", "links", "names"],
        # what a network makes of the company is not known before it is taught
        "Moment": ["event", "vicinity", "now", "payment", "rates", "company"],
        "Vicinity": ["keys", "numbers", "texts", "ties", "referrer"],
        "TrainingRows": ["as_of", "known", "moments", "signups"],
    }


def _same_moment(ours: AccountMoment, theirs: AccountMoment) -> None:
    assert (ours.as_of, ours.keys) == (theirs.as_of, theirs.keys)
    np.testing.assert_array_equal(ours.rows, theirs.rows)
    assert ours.names.keys() == theirs.names.keys() != set()
    for kind, digests in theirs.names.items():
        np.testing.assert_array_equal(ours.names[kind], digests)
    for a, b in zip(ours.links.ties, theirs.links.ties, strict=True):
        assert (a.link, a.size) == (b.link, b.size)
        for name in ("accounts", "entities", "counts"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def _same_vicinity(ours: Vicinity, theirs: Vicinity) -> None:
    assert (ours.keys, ours.texts, ours.referrer) == (theirs.keys, theirs.texts, theirs.referrer)
    assert ours.ties.keys() == theirs.ties.keys()
    for name, column in theirs.numbers.items():
        np.testing.assert_array_equal(ours.numbers[name], column)
    for name, tie in theirs.ties.items():
        mine = ours.ties[name]
        assert (mine.link, mine.key, mine.accounts, mine.first_seen) == (
            tie.link, tie.key, tie.accounts, tie.first_seen,
        )  # fmt: skip
        np.testing.assert_array_equal(mine.rows, tie.rows)
        np.testing.assert_array_equal(mine.seen_at, tie.seen_at)

"""The regular jobs over real stores: the same rings and scores wherever the graph lives."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from etl.jobs import Deployment, latest_moment, refresh_now, train_bundle
from etl.kept import keep, kept
from etl.prompts.fit import fit_clusters
from gnn.bundle import Thresholds
from gnn.explained import by_account
from gnn.scorer import Scorer
from graph.contract import TABLES
from graph.door import Door
from graph.errors import InputError, KeyRefused, StoreCorrupt
from graph.journal.journal import Journal
from graph.rings import Rings
from graph.rings.evidence import found_again, pack_of
from graph.rings.record import FOLDER, kept_record
from graph.schema import NodeType
from graph.simulate import World, small_world, table
from graph.store import GraphStore
from graph.stores import open_store
from tests.api.small_home import KEY, tiny_bundle

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def world() -> World:
    return small_world(accounts=160)


@pytest.fixture(scope="module")
def journal(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    """Everything that happened in the world."""
    door = Door(KEY)
    with Journal(tmp_path_factory.mktemp("jobs") / "journal.db", door.key_id) as journal:
        for name in TABLES:
            rows = table(world, name)
            columns = {c: rows[c].combine_chunks() for c in rows.column_names}
            journal.append(name, door.batch(name, columns, rows.num_rows).rows)
        yield journal


@pytest.fixture
def scorer() -> Scorer:
    return Scorer(tiny_bundle())


def _deployment(journal: Journal, store: GraphStore, folder: Path) -> Deployment:
    return Deployment(journal, store, fit_clusters, folder / "refresh")


def _shown(store: GraphStore) -> tuple[list[object], pa.Table]:
    """Rings with their members, and what is published on accounts."""
    rings = [store.ring(row.ring_id) for row in store.rings()]
    accounts = store.snapshot().nodes[NodeType.ACCOUNT]
    return rings, accounts.select(["key", "score", "flagged", "ring_id", "ring_score"])


def test_a_refresh_is_published_with_scores_and_rings(
    journal: Journal, world: World, scorer: Scorer, tmp_path: Path
) -> None:
    with open_store("sqlite://") as store:
        report = refresh_now(_deployment(journal, store, tmp_path), scorer, world.town.end)

        rings, accounts = _shown(store)

    assert len(rings) == len(report.rings) > 0
    assert accounts.num_rows == len(world.cast)
    assert accounts["score"].null_count == 0


def test_both_stores_show_the_same_rings_and_scores(
    store: GraphStore, journal: Journal, world: World, scorer: Scorer, tmp_path: Path
) -> None:
    with open_store("sqlite://") as embedded:
        refresh_now(_deployment(journal, embedded, tmp_path / "a"), scorer, world.town.end)
        refresh_now(_deployment(journal, store, tmp_path / "b"), scorer, world.town.end)

        expected, found = _shown(embedded), _shown(store)
        same_graph = store.snapshot().digest == embedded.snapshot().digest

    assert found[0] == expected[0]
    assert found[1].equals(expected[1])
    assert same_graph


def test_the_next_refresh_goes_on_from_what_the_last_one_kept(
    journal: Journal, world: World, tmp_path: Path
) -> None:
    with open_store("sqlite://") as store:
        deployment = _deployment(journal, store, tmp_path)
        first = refresh_now(deployment, None, world.town.end - DAY)
        second = refresh_now(deployment, None, world.town.end)

        assert store.generation() == (2, world.town.end)
    earlier = {ring.ring_id for ring in first.rings}
    assert earlier & {ring.ring_id for ring in second.rings}


def test_rings_are_found_again_on_the_record_that_a_second_refresh_kept(
    journal: Journal, world: World, scorer: Scorer, tmp_path: Path
) -> None:
    with open_store("sqlite://") as store:
        deployment = _deployment(journal, store, tmp_path)
        refresh_now(deployment, scorer, world.town.end - DAY)
        report = refresh_now(deployment, scorer, world.town.end)
    ring = report.rings.rings[0]

    files = pack_of(tmp_path / FOLDER, ring.ring_id)

    assert found_again(files, kept_record(tmp_path / FOLDER)) == []
    assert json.loads(files["provenance.json"])["model_version"] == scorer.version


def test_why_accounts_are_flagged_is_kept_with_what_it_stands_on(
    journal: Journal, world: World, tmp_path: Path
) -> None:
    tiny = tiny_bundle()
    forests = {n if n == "signup" else f"{n}.0": forest for n, forest in tiny.forests.items()}
    flag = Thresholds(account_flag=0.3)
    scorer = Scorer(replace(tiny, forests=forests, thresholds=flag))
    with open_store("sqlite://") as store:
        report = refresh_now(_deployment(journal, store, tmp_path), scorer, world.town.end)

    told = kept_record(tmp_path / FOLDER).accounts

    flagged = report.flags["account_id"].to_list()
    assert set(told) == set(flagged) != set()
    reasons = [reason for form in told.values() for reason in form["reasons"]]
    assert reasons
    assert all(reason["weight"] > 0 for reason in reasons)
    assert told == by_account(scorer, report.scores, report.snapshot, flagged)


def test_a_refresh_never_goes_back(journal: Journal, world: World, tmp_path: Path) -> None:
    with open_store("sqlite://") as store:
        deployment = _deployment(journal, store, tmp_path)
        refresh_now(deployment, None, world.town.end)

        with pytest.raises(InputError, match="never goes back"):
            refresh_now(deployment, None, world.town.end - 1)


def test_a_refresh_that_lost_its_state_still_publishes(
    journal: Journal, world: World, tmp_path: Path
) -> None:
    with open_store("sqlite://") as store:
        refresh_now(_deployment(journal, store, tmp_path / "lost"), None, world.town.end)

        again = refresh_now(_deployment(journal, store, tmp_path / "new"), None, world.town.end)

        assert store.generation()[0] == again.state.number == 2


def test_what_is_kept_comes_back_as_it_was(journal: Journal, world: World, tmp_path: Path) -> None:
    with open_store("sqlite://") as store:
        state = refresh_now(_deployment(journal, store, tmp_path), None, world.town.end).state

    keep(state, tmp_path / "copy")
    back = kept(tmp_path / "copy", journal.key_id or "", 0)

    assert back.number == state.number
    assert back.asked.index.digest == state.asked.index.digest
    assert back.asked.settled.equals(state.asked.settled)
    assert back.edges is not None
    assert state.edges is not None
    assert back.edges.equals(state.edges)
    assert isinstance(back.rings, Rings)
    assert state.rings is not None
    assert back.rings.rings == state.rings.rings


def test_a_broken_or_foreign_state_is_refused(
    journal: Journal, world: World, tmp_path: Path
) -> None:
    with open_store("sqlite://") as store:
        state = refresh_now(_deployment(journal, store, tmp_path), None, world.town.end).state
    keep(state, tmp_path / "copy")

    with pytest.raises(KeyRefused):
        kept(tmp_path / "copy", "another key", 0)
    (tmp_path / "copy" / "settled.parquet").write_bytes(b"no parquet")
    with pytest.raises(StoreCorrupt):
        kept(tmp_path / "copy", journal.key_id or "", 0)


def test_the_latest_moment_is_that_of_the_last_event(journal: Journal, world: World) -> None:
    last = max(pl.from_arrow(table(world, "requests"))["occurred_at"].cast(pl.Int64).max(), 0)  # type: ignore[index,type-var]

    assert last <= latest_moment(journal) <= world.town.end


def test_an_empty_journal_teaches_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", Door(KEY).key_id) as empty:
        assert latest_moment(empty) == 0
        with pytest.raises(InputError, match="no event"):
            train_bundle(empty, fit_clusters, np.iinfo(np.int64).max // 2, 1)


def test_a_refresh_of_an_earlier_moment_knows_nothing_later(
    journal: Journal, world: World, scorer: Scorer, tmp_path: Path
) -> None:
    earlier = world.town.end - 5 * DAY
    with Journal(tmp_path / "journal.db", journal.key_id) as blind:
        for name in TABLES:
            for batch in journal.read(name, until=earlier).to_batches():
                blind.append(name, batch)
        with open_store("sqlite://") as store:
            known = refresh_now(_deployment(blind, store, tmp_path / "blind"), scorer, earlier)

    with open_store("sqlite://") as store:
        report = refresh_now(_deployment(journal, store, tmp_path / "late"), scorer, earlier)

    assert journal.holds_later(earlier)
    assert not journal.holds_later(world.town.end)
    assert report.snapshot.digest == known.snapshot.digest
    assert report.flags.equals(known.flags)
    assert report.score.tolist() == known.score.tolist()

"""Training and serving see the same: sign-ups scored over HTTP equal a replay's, row by row.

The service lives through the world as it would in production: visits and payments are built into
journal and store as they happen, each sign-up is posted, scored and written. The replay walks the
same time over a store told only what is asked for. Half way a refresh is published to both.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from fastapi.testclient import TestClient

from api.app import create_app
from api.desk.office import Office
from api.schemas.signup import SignupIn
from api.serving.champion import Champion
from api.serving.service import Bounds, Service
from etl.asked import Asked
from etl.replay.lazily import LazyStore
from etl.replay.timeline import Timeline
from etl.replay.unrolled import unroll
from etl.replay.walk import Applied, Due, Replay
from gnn.assess import Policy, assess
from gnn.bundle import Bundle
from gnn.encoder import Encoder, EncoderConfig, arrays_of
from gnn.features import SIGNUP_COLUMNS
from gnn.mates import Links
from gnn.network import NETWORK_COLUMNS, Company, Network
from gnn.scale import Scale
from gnn.scorer import Scorer
from gnn.shelf import Shelf
from gnn.tensors import kinds_of
from gnn.voices import Voices, names_of
from graph.door import Door
from graph.flush import flush
from graph.journal.journal import Journal
from graph.ledger.engine import Ledger
from graph.rings.watchlist import Watchlist
from graph.schema import NodeType
from graph.simulate import table, world
from graph.simulate.presets import preset_named
from graph.store import Generation, GraphStore
from graph.stores import open_store
from tests.api.small_home import KEY, bearer, tiny_bundle

COMPANY = SIGNUP_COLUMNS.index("company_share")
TIED = SIGNUP_COLUMNS.index("tied_accounts")
TABLES = ("signups", "payments", "sessions")


@pytest.mark.parametrize("accounts", [150, pytest.param(1_000, marks=pytest.mark.slow)])
def test_a_sign_up_over_http_gets_the_row_and_score_of_the_replay(accounts, tmp_path):
    raw, clean = lived(accounts)
    signups = clean.read("signups")
    half = signups["at"][signups.num_rows // 2].as_py()
    replayed = by_replay(clean, half)

    posted = dict(over_http(raw, clean, half, tmp_path))

    assert len(posted) == signups.num_rows >= accounts
    # Of sign-ups at one microsecond a replay lets none know of the other; HTTP has an order.
    moments = signups["at"].to_pylist()
    alone = {moment for moment, count in Counter(moments).items() if count == 1}
    apart = [
        a for a, at in zip(signups["account_id"].to_pylist(), moments, strict=True) if at in alone
    ]
    assert len(apart) >= 0.95 * signups.num_rows
    for account in apart:
        row, score = posted[account]
        expected_row, expected_score = replayed[account]
        np.testing.assert_allclose(row, expected_row, rtol=0, atol=1e-6, equal_nan=True)
        assert score == pytest.approx(expected_score, abs=1e-6)
    met = [row[COMPANY] for row, _ in posted.values() if not np.isnan(row[COMPANY])]
    assert len(set(met)) > accounts // 50, "too few newcomers heard anybody"
    tied = [row for row, _ in posted.values() if row[TIED] > 0]
    assert len(tied) > accounts // 20, "the world ties too few sign-ups to prove anything"


def lived(accounts: int) -> tuple[dict[str, pa.Table], Timeline]:
    """A world's tables as they come, and cleaned in the order of time."""
    spec = replace(preset_named("small"), honest=accounts, volume=0.05)
    made, door = world(spec, seed=3), Door(KEY)
    raw = {name: table(made, name) for name in TABLES}
    cleaned = {}
    for name, rows in raw.items():
        columns = {c: rows[c].combine_chunks() for c in rows.column_names}
        cleaned[name] = pa.Table.from_batches([door.batch(name, columns, rows.num_rows).rows])
    return raw, Timeline(cleaned)


def by_replay(timeline: Timeline, half: int) -> dict[str, tuple[np.ndarray, float]]:
    """Row and score of every sign-up by the back-test's walk."""
    scorer, found, voices = Scorer(taught_bundle()), {}, None
    with LazyStore(open_store("sqlite://"), unroll(timeline)) as store:
        begin, end = timeline.bounds
        for step in Replay(timeline, store).steps(begin - 1, end, (half,)):
            if isinstance(step, Due):
                store.publish(refreshed(store, half))
                voices = voices_after(store, half)
            if isinstance(step, Applied):
                policy = Policy()
                seen = assess(
                    step.event, store, scorer, policy, step.at, rates=step.rates, voices=voices
                )
                found[step.event.account_id] = (seen.row, seen.score)
    return found


def over_http(
    raw: dict[str, pa.Table], clean: Timeline, half: int, folder: Path
) -> Iterator[tuple[str, tuple[np.ndarray, float]]]:
    """Row and score of every sign-up by the service, which writes each before the next."""
    shelf = Shelf(folder / "bundles")
    shelf.put(taught_bundle())
    door, scorer = Door(KEY), Scorer(taught_bundle())
    journal = Journal(folder / "journal.db", door.key_id)
    store = open_store(f"sqlite:///{folder / 'graph.db'}")
    end = clean.bounds[1] + 1
    office = Office(Ledger(f"sqlite:///{folder / 'ledger.db'}"), KEY, lambda: end)
    # Nobody is denied: the replay knows only those who were let in.
    service = Service(
        store,
        journal,
        door,
        Champion(shelf),
        office=office,
        policy=Policy(deny_at=2.0),
        bounds=Bounds(budget_ms=60_000),
        watchlist=folder / "watchlist",
        clock=lambda: end,
    )
    bodies = {row["account_id"]: row for row in raw["signups"].to_pylist()}
    until, published = clean.bounds[0] - 1, False
    with TestClient(create_app(service), headers=bearer(service)) as client:
        for row in clean.read("signups").to_pylist():
            assert service.settled()
            if row["at"] > half and not published:
                build(journal, store, clean, until, half)
                until, published = half, True
                store.publish(refreshed(store, half))
                voices_after(store, half).save(folder / "watchlist")
                index = Asked.nothing(door.key_id).index
                Watchlist(1, half, (), index).save(folder / "watchlist")
                assert service.between.settled()
            build(journal, store, clean, until, row["at"] - 1)
            until = row["at"] - 1
            body = sendable(bodies[row["account_id"]])
            event, _ = service.events_of(SignupIn.model_validate(body))
            rates = service.between.velocity.rates(event, event.at)
            heard = service.between.voices
            before = assess(event, store, scorer, Policy(), event.at, rates=rates, voices=heard)
            answer = client.post("/v1/signups/score", json=body).json()
            assert not answer["degraded"]
            yield row["account_id"], (before.row, answer["score"])


def build(journal: Journal, store: GraphStore, clean: Timeline, since: int, until: int) -> None:
    """Bring what happened in ``since < at <= until`` into journal and store."""
    for name in ("payments", "sessions"):
        rows = clean.read(name, since=since, until=until).combine_chunks()
        if rows.num_rows:
            journal.append(name, rows.to_batches()[0])
    flush(journal, store)


def refreshed(store: GraphStore, at: int) -> Generation:
    """A refresh with scores that depend on the account's name alone."""
    keys = store.snapshot().keys(NodeType.ACCOUNT).to_pylist()
    scores = [(hash_of(key) % 1000) / 1000 for key in keys]
    columns = {"key": keys, "score": scores, "ring_flagged": [int(s > 0.8) for s in scores]}
    return Generation(1, at, {"account": pa.table(columns)})


def taught_bundle() -> Bundle:
    """A bundle with a network that was taught nothing; what it says depends on the company."""
    torch.manual_seed(1)
    with open_store("sqlite://") as store:
        kinds = kinds_of([Links.of(store.snapshot())])
    net = Encoder(len(NETWORK_COLUMNS), kinds, EncoderConfig(width=8)).eval()
    scale = Scale.of(np.zeros((2, len(NETWORK_COLUMNS)), np.float32))
    return replace(tiny_bundle(), network=Network((arrays_of(net),), scale))


def voices_after(store: GraphStore, at: int) -> Voices:
    """What a refresh leaves for newcomers to hear, of accounts that differ by their names alone."""
    snapshot = replace(store.snapshot(), as_of=at)
    keys = snapshot.keys(NodeType.ACCOUNT).to_pylist()
    own = np.array([hash_of(key) % 7 - 3.0 for key in keys])
    rows = np.zeros((len(keys), len(NETWORK_COLUMNS) - 1), np.float32)
    company = Company(keys, rows, own, Links.of(snapshot))
    network = taught_bundle().network
    assert network is not None
    return Voices.of(network, company, names_of(snapshot), number=1)


def hash_of(key: str) -> int:
    return sum(ord(letter) * 31**place for place, letter in enumerate(key[-8:]))


def sendable(row: dict[str, object]) -> dict[str, object]:
    body = {name: value for name, value in row.items() if value is not None}
    return {**body, "created_at": row["created_at"].isoformat()}

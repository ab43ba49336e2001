"""An account forgotten everywhere; a deployment copied and put back."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.backup import back_up, put_back
from api.erasure import erase_account
from api.serving.service import Service
from graph.errors import InputError, NotFound, StoreCorrupt
from graph.flush import flush
from graph.ledger import audit, hot
from graph.ledger.engine import Ledger
from graph.stores import open_store
from tests.api.small_home import KEY, Home, bearer, newcomer
from tests.conftest import ENVIRONMENT, require


def worked_on(home: Home, account: str) -> None:
    """A home in which people and callers have had to do with the account."""
    with Service.of(home.settings, KEY, clock=lambda: home.world.town.end + 1) as service:
        client = TestClient(create_app(service), headers=bearer(service))
        ring = home.rings.rings[0].ring_id
        ban = {"action": "ban", "reason": f"{account} leads it", "block_identifiers": True}
        assert client.post(f"/v1/rings/{ring}/decisions", json=ban).status_code == 200
        client.post(f"/v1/rings/{ring}/notes", json={"text": f"see {account} and others"})
        client.post("/v1/appeals", json={"account_id": account, "statement": "it was not me"})
        client.post(
            "/v1/lists",
            json={"list": "block", "entity_id": f"account:{account}", "reason": "known"},
        )
        body = newcomer(home, account_id="another-1", referrer_account_id=account)
        assert client.post("/v1/signups/score", json=body).status_code == 200
        service.settled()


def naming(home: Path, account: str) -> list[str]:
    """Files that name the account, read as bytes."""
    word = re.compile(rb"(?<![\w-])" + re.escape(account.encode()) + rb"(?![\w-])")
    return [str(p) for p in home.rglob("*") if p.is_file() and word.search(p.read_bytes())]


@pytest.fixture
def account(home: Home) -> str:
    return home.rings.rings[0].members[1].account_id


def test_afterwards_no_file_names_the_account_and_the_chains_hold(home: Home, account: str) -> None:
    worked_on(home, account)
    folder = home.settings.home / "refresh"
    folder.mkdir()
    detail = json.dumps({"entities": [f"account:{account}", "ip:1"]})
    rows = {"account_id": [account, "other"], "detail": ["", detail]}
    pq.write_table(pa.table(rows), folder / "rings.parquet")
    assert naming(home.settings.home, account)

    receipt = erase_account(home.settings, KEY, account, 10)

    assert naming(home.settings.home, account) == []
    assert receipt.journal["signups"] == 1
    assert receipt.ledger["label"] == receipt.ledger["enforcement"] == 1
    assert receipt.files == ("refresh/rings.parquet",)
    assert receipt.still_named == ()
    assert account not in json.dumps(receipt.as_json())
    assert pq.read_table(folder / "rings.parquet")["account_id"].to_pylist() == ["other"]
    with Ledger(home.settings.ledger_address) as ledger, ledger.reading() as book:
        assert audit.verify(book).broken_at is None
        assert hot.verify(book).broken_at is None


def test_the_service_goes_on_without_the_account_and_others_stay(
    home: Home, account: str, tmp_path: Path
) -> None:
    worked_on(home, account)
    mates = [m.account_id for m in home.rings.rings[0].members if m.account_id != account]

    erase_account(home.settings, KEY, account, 10)

    with Service.of(home.settings, KEY, clock=lambda: home.world.town.end + 1) as service:
        client = TestClient(create_app(service), headers=bearer(service))
        ring = home.rings.rings[0].ring_id
        left = client.get(f"/v1/rings/{ring}/accounts", params={"limit": 200}).json()
        assert client.get(f"/v1/entities/account:{account}").status_code == 404
        assert {one["account_id"] for one in left["items"]} == set(mates)
        scored = client.post("/v1/signups/score", json=newcomer(home, dry_run=True)).json()
        assert scored["degraded"] is False
        with open_store(f"sqlite:///{tmp_path}/fresh.db") as fresh:
            flush(service.journal, fresh)
            assert fresh.counts() == service.store.counts()


def test_erasing_twice_removes_nothing_more(home: Home, account: str) -> None:
    worked_on(home, account)
    erase_account(home.settings, KEY, account, 10)

    again = erase_account(home.settings, KEY, account, 11)

    assert (again.journal, again.ledger, again.files, again.quarantine) == ({}, {}, (), 0)


def test_a_name_inside_another_is_let_be(home: Home) -> None:
    inside = home.rings.rings[0].members[0].account_id
    part = inside[:-1]
    worked_on(home, inside)

    erase_account(home.settings, KEY, part, 10)

    with Service.of(home.settings, KEY) as service:
        assert service.store.neighbourhood([f"account:{inside}"]).nodes["account"].num_rows  # type: ignore[index]
        with service.office.ledger.reading() as book:
            told = [one for one in audit.entries(book) if one.detail is None]
    assert told == []


# --------------------------------------------------------------------------------------- backup
def _state(home: Home) -> tuple[object, ...]:
    with Service.of(home.settings, KEY, clock=lambda: home.world.town.end + 1) as service:
        client = TestClient(create_app(service), headers=bearer(service))
        scored = client.post("/v1/signups/score", json=newcomer(home, dry_run=True)).json()
        with service.office.ledger.reading() as book:
            chain = audit.entries(book, limit=1_000)
        kept = [(link.seq, link.digest) for link in chain if link.action != "key.create"]
        graph = service.store.snapshot().digest
        lists = client.get("/v1/lists").json()
        return graph, kept[-5:], lists, scored["score"], scored["model_version"]


def test_what_is_put_back_is_what_was_copied_while_the_service_ran(
    home: Home, account: str, tmp_path: Path
) -> None:
    worked_on(home, account)
    with Service.of(home.settings, KEY) as running:
        done = back_up(home.settings, tmp_path / "copy", 10)
        assert running.store.generation()[0] == 1
    before = _state(home)
    empty = home.settings.model_copy(update={"home": tmp_path / "again"})

    put_back(empty, tmp_path / "copy")

    assert done["files"] >= 4
    assert _state(Home(empty, home.world, home.rings, home.signups)) == before
    assert not (tmp_path / "copy" / "key").exists()


def test_a_backup_that_was_touched_is_refused(home: Home, tmp_path: Path) -> None:
    back_up(home.settings, tmp_path / "copy", 10)
    with (tmp_path / "copy" / "journal.db").open("ab") as file:
        file.write(b"x")
    empty = home.settings.model_copy(update={"home": tmp_path / "again"})

    with pytest.raises(StoreCorrupt, match=r"journal\.db"):
        put_back(empty, tmp_path / "copy")

    assert not empty.home.exists()


def test_nothing_is_overwritten(home: Home, tmp_path: Path) -> None:
    back_up(home.settings, tmp_path / "copy", 10)

    with pytest.raises(InputError, match="empty home"):
        put_back(home.settings, tmp_path / "copy")
    with pytest.raises(InputError, match="there already"):
        back_up(home.settings, tmp_path / "copy", 10)
    with pytest.raises(NotFound):
        put_back(home.settings, tmp_path)


def test_a_ledger_in_postgresql_is_copied_and_put_back(
    home: Home, account: str, tmp_path: Path
) -> None:
    from sqlalchemy import create_engine, make_url, text  # noqa: PLC0415

    server = ENVIRONMENT.get("RINGSIGHT_TEST_POSTGRES_URL")
    if not server:
        require("postgres")
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    names = [f"ringsight_{tmp_path.name}_{n}".replace("-", "_").lower()[:60] for n in (1, 2)]
    with engine.connect() as connection:
        for name in names:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name}"))
    first, second = (
        type(home.settings)(
            home=place,
            key=KEY.decode(),  # type: ignore[arg-type]
            ledger_url=url.set(drivername="postgresql", database=name).render_as_string(  # type: ignore[arg-type]
                hide_password=False
            ),
        )
        for place, name in zip((home.settings.home, tmp_path / "again"), names, strict=True)
    )
    there = Home(first, home.world, home.rings, home.signups)
    worked_on(there, account)
    back_up(first, tmp_path / "copy", 10)
    before = _state(there)

    put_back(second, tmp_path / "copy")

    back = Home(second, home.world, home.rings, home.signups)
    assert _state(back) == before
    worked_on(back, home.rings.rings[1].members[0].account_id)
    with engine.connect() as connection:
        for name in names:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()

"""Between refreshes: who joins a ring is flagged at once, over HTTP as in a replay, and told on."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.cli.verbs import run
from api.serving.service import Service
from etl.jobs import Deployment, refresh_now
from etl.prompts.fit import fit_clusters
from etl.replay.live import Arrivals
from graph.errors import BundleCorrupt
from graph.facts import Place, Signup
from graph.ledger import outgoing
from graph.ledger.tables import announced
from graph.rings.early import call, called
from graph.rings.watchlist import CARRIED_US, EARLY_US, FOLDER, Watchlist
from graph.store import Generation
from tests.api.lived_home import Lived, live
from tests.api.small_home import KEY, bearer

NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return live(tmp_path_factory.mktemp("lived") / "home")


@pytest.fixture
def lived(before: Lived, tmp_path) -> Lived:
    shutil.copytree(before.settings.home, tmp_path / "home")
    return before.moved(tmp_path / "home")


@pytest.fixture
def service(lived: Lived) -> Iterator[Service]:
    with opened(lived) as service:
        yield service


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), headers=bearer(service)) as client:
        yield client


def opened(lived: Lived) -> Service:
    service = Service.of(lived.settings, KEY, clock=lambda: lived.end + 1)
    assert service.between.settled()
    return service


def told(client: TestClient, service: Service, rows: list[dict[str, object]], at_once: int) -> None:
    for start in range(0, len(rows), at_once):
        body = b"\n".join(json.dumps(row).encode() for row in rows[start : start + at_once])
        answer = client.post("/v1/events", content=body, headers=NDJSON).json()
        assert not answer["refused"]
    assert service.settled()


def by_replay(lived: Lived) -> dict[str, tuple[str, int]]:
    """Ring and moment of every flag, as a back-test finds them."""
    arrivals = Arrivals.since(lived.timeline, lived.report)
    found = arrivals.matched(lived.at - CARRIED_US, lived.end)
    return {match.account_id: (match.ring_id, max(match.at, lived.at)) for match in found}


def live_flags(service: Service) -> dict[str, tuple[str | None, int]]:
    return {flag.account_id: (flag.ring_id, flag.since) for flag in service.between.flags()}


def test_the_same_events_flag_the_same_accounts_at_the_same_event(lived, client, service):
    expected = by_replay(lived)
    assert len([at for _, at in expected.values() if at > lived.at]) >= 3
    assert {lived.ring_of.get(account) for account in expected} == {"campaign-01"}

    told(client, service, lived.later, 40)

    assert live_flags(service) == expected


def test_order_and_repetition_of_calls_change_no_odds(lived, client, service):
    told(client, service, lived.later, 60)
    accounts = sorted(lived.ring_of)
    once = {a: service.between.odds_of(a) for a in accounts}

    told(client, service, lived.later[::-1], 200)

    again = {a: service.between.odds_of(a) for a in accounts}
    assert any(odds is not None for odds in once.values())
    assert again == once


def test_a_flagged_account_shows_its_ring_and_why(lived, client, service):
    told(client, service, lived.later, 100)
    account, (ring, _) = next(iter(by_replay(lived).items()))

    risk = client.get(f"/v1/accounts/{account}/risk").json()

    assert risk["flagged"]
    assert risk["ring"]["id"] == ring
    assert risk["ring"]["flagged"]
    assert risk["ring"]["size"] == service.store.ring(ring).size
    assert risk["reasons"][0]["code"] == "matched_since_refresh"
    honest = next(row["row"]["account_id"] for row in lived.later if row["table"] == "signups"
                  and row["row"]["account_id"] not in lived.ring_of)  # fmt: skip
    assert not client.get(f"/v1/accounts/{honest}/risk").json()["flagged"]


def test_a_sign_up_that_comes_after_what_its_account_did_is_answered_with_its_ring(
    lived, client, service
):
    flags = by_replay(lived)
    body = next(
        row["row"]
        for row in lived.later
        if row["table"] == "signups" and row["row"]["account_id"] in flags
    )
    others = [row for row in lived.later if row["row"] is not body]
    told(client, service, others, 100)

    reply = client.post("/v1/signups/score", json={**body, "dry_run": True}).json()

    assert reply["ring"]["id"] == flags[body["account_id"]][0]
    assert reply["ring"]["flagged"]
    assert reply["decision"] != "allow"
    codes = {reason["code"] for reason in reply["reasons"]}
    assert codes & {"resembles_ring", "flagged_ring"}


def test_a_restart_forgets_neither_flags_nor_pace(lived, client, service):
    told(client, service, lived.later, 100)
    flags = live_flags(service)
    asked = [e for e in service.journal.events(lived.at) if isinstance(e, Signup)]
    pace = [service.between.velocity.rates(event, lived.end) for event in asked]
    service.close()

    with opened(lived) as again:
        assert live_flags(again) == flags
        for event, rates in zip(asked, pace, strict=True):
            found = again.between.velocity.rates(event, lived.end)
            for kind, rate in rates.items():
                assert found[kind] == pytest.approx(rate, abs=1e-9)


def test_an_event_from_a_clock_gone_wrong_does_not_stop_the_count(lived, client, service):
    far = {"event_id": "p-far", "account_id": "a1", "occurred_at": "2099-01-01T00:00:00Z"}
    paid = {"payment_method_id": "m1", "kind": "card", "amount_usd": 1.0, "outcome": "failed"}
    before = service.between.velocity.rates(signup_now(lived), lived.end)["flow"]
    client.post("/v1/events", json={"table": "payments", "row": {**far, **paid}})
    assert service.settled()
    service.close()

    with opened(lived) as again:
        found = again.between.velocity.rates(signup_now(lived), lived.end)["flow"]
        assert found == pytest.approx(before)
        assert found[2] > 0
        again.between.see([signup_now(lived)])
        other = replace(signup_now(lived), account_id="other")
        assert again.between.velocity.rates(other, lived.end)["flow"][0] >= 1


def signup_now(lived: Lived) -> Signup:
    return Signup("newcomer", lived.end, Place("an address", "its prefix"), "self_serve")


def test_webhooks_are_told_once_and_the_next_refresh_confirms_or_withdraws(lived, client, service):
    client.post("/v1/webhooks", json={"url": "https://example.org/hook"})
    told(client, service, lived.later, 100)
    flags = live_flags(service)

    service.office.announce()
    service.office.announce()

    assert {f"account:{account}" for account in flags} <= names_told(service)
    backlog = waiting(service)
    deployment = Deployment(
        service.journal, service.store, fit_clusters, lived.settings.refresh_path
    )
    report = refresh_now(deployment, None, lived.end)
    assert service.between.settled()
    confirmed = set(report.flags["account_id"].to_list())
    assert confirmed & flags.keys(), "the refresh knows nothing of them"
    still = live_flags(service)
    for account in flags:
        risk = client.get(f"/v1/accounts/{account}/risk").json()
        assert risk["flagged"] == (account in confirmed or account in still)
    service.office.announce()
    assert waiting(service) >= backlog
    assert {f"account:{a}" for a in confirmed | still.keys()} == {
        name for name in names_told(service) if name.startswith("account:")
    }


def names_told(service: Service) -> set[str]:
    with service.office.ledger.reading() as book:
        return set(book.execute(announced.select()).scalars())


def waiting(service: Service) -> int:
    with service.office.ledger.reading() as book:
        return sum(left for left, _ in outgoing.backlog(book).values())


def test_a_refresh_that_finds_no_ring_withdraws_every_flag(lived, client, service):
    told(client, service, lived.later, 100)
    account = next(iter(live_flags(service)))
    folder = lived.settings.refresh_path.with_name(FOLDER)
    empty = replace(Watchlist.load(folder), number=2, profiles=())

    empty.save(folder)
    service.store.publish(Generation(2, lived.end))

    assert service.between.settled()
    assert live_flags(service) == {}
    assert not client.get(f"/v1/accounts/{account}/risk").json()["flagged"]


def test_a_damaged_list_is_refused_and_the_one_before_stays(lived, service):
    folder = lived.settings.refresh_path.with_name(FOLDER)
    kept = folder / "likenesses.json"
    kept.write_text(kept.read_text().replace('"base": -', '"base": -1', 1))

    with pytest.raises(BundleCorrupt, match="digest"):
        Watchlist.load(folder)
    service.store.publish(Generation(2, lived.end))

    assert not service.between.settled(0.6)
    assert service.between.number == 1


@pytest.fixture
def at_home(lived: Lived, monkeypatch) -> None:
    monkeypatch.setenv("RINGSIGHT_HOME", str(lived.settings.home))
    monkeypatch.setenv("RINGSIGHT_KEY", KEY.decode())


def test_a_crowd_calls_for_a_refresh_before_its_time(lived, client, service, at_home, capfd):
    folder = lived.settings.refresh_path.with_name(FOLDER)
    service.between.look()
    assert called(folder, 1) is None
    assert lived.end - lived.at >= EARLY_US

    told(client, service, lived.later, 100)
    service.between.look()

    found = called(folder, 1)
    assert found is not None
    assert found.rings == tuple(service.between.crowded())
    assert "ringsight_crowded_rings 1.0" in client.get("/metrics").text
    assert run(["refresh", "--when-called", "--json"], {}) == 0
    assert json.loads(capfd.readouterr().out.splitlines()[-1])["generation"] == 2
    assert called(folder, 2) is None


def test_a_refresh_that_waits_for_a_call_does_nothing_without_one(at_home, capfd):
    assert run(["refresh", "--when-called", "--json"], {}) == 0

    assert json.loads(capfd.readouterr().out.splitlines()[-1]) == {"called": False}


def test_the_first_call_for_a_generation_stands(tmp_path):
    first = call(tmp_path, 4, ["r1"], 100)

    assert call(tmp_path, 4, ["r1", "r2"], 200) == first
    assert called(tmp_path, 5) is None

"""What accounts did, against figures worked out by hand, and nothing of what they did later."""

import math

import polars as pl
import pyarrow as pa
import pytest

from graph.activity import SENTENCES, add_activity
from graph.schema import NodeType
from graph.snapshot import Snapshot

HOUR = 3_600_000_000
DAY = 24 * HOUR


def accounts(*keys: str, as_of: int = 10 * DAY) -> Snapshot:
    table = pa.table(
        {
            "key": sorted(keys),
            "first_seen": pa.array([0] * len(keys), pa.int64()),
            "created_at": pa.array([0] * len(keys), pa.int64()),
            "country": ["DE"] * len(keys),
        }
    )
    return Snapshot(as_of, {NodeType.ACCOUNT: table})


def figures(snapshot: Snapshot, account: str) -> dict[str, float | None]:
    table = snapshot.nodes[NodeType.ACCOUNT]
    row = table["key"].to_pylist().index(account)
    return {name: table[name][row].as_py() for name in SENTENCES}


def payment(at: int, kind: str, outcome: str, country: str = "DE", **more: object) -> dict:
    base = {"account_id": "a", "at": at, "payment_method": "m1", "issuer": None, "amount_usd": 10.0}
    return base | {"kind": kind, "outcome": outcome, "issuer_country": country} | more


def request(at: int, **more: object) -> dict:
    base = {"account_id": "a", "at": at, "model": "large", "prompt_tokens": 100, "turn": 1}
    rest = {"completion_tokens": 50, "outcome": "ok", "conversation": "c1", "ip": "i1"}
    return base | rest | {"ip_class": "home", "ip_country": "DE", "user_agent": "curl"} | more


def table(*rows: dict) -> pa.Table:
    return pa.Table.from_pylist(list(rows))


def test_payments_are_summed_as_shares_of_tries():
    payments = table(
        payment(2 * HOUR, "card", "succeeded"),
        payment(3 * HOUR, "prepaid", "declined", "FR", payment_method="m2"),
        payment(4 * HOUR, "virtual", "disputed", "FR", payment_method="m2"),
        payment(5 * HOUR, "card", "succeeded"),
    )

    seen = figures(add_activity(accounts("a"), {"payments": payments}), "a")

    assert (seen["payments"], seen["payment_methods"], seen["issuers"]) == (4, 2, 0)
    assert (seen["declined_share"], seen["reversed_share"]) == (0.25, 0.25)
    assert (seen["prepaid_share"], seen["foreign_card_share"]) == (0.5, 0.5)
    assert (seen["paid_usd"], seen["first_payment_after_hours"]) == (20.0, 2.0)


def test_nothing_later_than_the_moment_is_seen():
    early, late = request(DAY), request(3 * DAY, outcome="refused", ip="i2", model="huge")
    before = figures(add_activity(accounts("a", as_of=2 * DAY), {"requests": table(early)}), "a")

    with_later = add_activity(accounts("a", as_of=2 * DAY), {"requests": table(early, late)})

    assert figures(with_later, "a") == before


def test_rhythm_is_told_by_gaps_between_requests():
    even = [request(DAY + n * HOUR) for n in range(5)]
    seen = figures(add_activity(accounts("a"), {"requests": table(*even)}), "a")

    assert seen["gap_median_minutes"] == 60
    assert seen["even_gap_share"] == 1
    assert seen["gap_spread"] == 0
    assert seen["rapid_share"] == 0
    assert seen["hours_used"] == 5
    assert seen["first_request_after_hours"] == 24


def test_a_new_model_taken_up_within_a_day_of_its_release_counts_as_an_early_switch():
    requests = table(
        request(DAY),
        request(4 * DAY, model="next"),
        request(6 * DAY, model="next"),
        request(6 * DAY, model="next"),
    )
    releases = table({"model": "next", "at": 4 * DAY - HOUR})
    tables = {"requests": requests, "model_releases": releases}

    seen = figures(add_activity(accounts("a"), tables), "a")

    assert seen["early_switch_share"] == 0.25
    assert seen["models"] == 2


def test_saturday_and_sunday_are_the_weekend():
    monday = 4 * DAY  # 1970-01-05
    week = [request(monday + n * DAY) for n in range(7)]

    seen = figures(add_activity(accounts("a", as_of=30 * DAY), {"requests": table(*week)}), "a")

    assert seen["weekend_share"] == pytest.approx(2 / 7)


def test_an_account_that_did_nothing_has_counts_of_zero_and_unknown_shares():
    snapshot = add_activity(accounts("a", "idle"), {"requests": table(request(DAY))})

    idle = figures(snapshot, "idle")

    assert idle["requests"] == 0
    assert idle["refused_share"] is None
    assert idle["payments"] is None


def test_a_table_the_source_lacks_leaves_its_columns_unknown():
    snapshot = add_activity(accounts("a"), {})

    assert all(figure is None for figure in figures(snapshot, "a").values())


def test_places_come_from_signups_visits_and_requests_alike():
    signup = {"account_id": "a", "at": 0, "ip": "i0", "ip_class": "vpn", "ip_country": "FR"}
    session = {"account_id": "a", "at": DAY, "ip": "i1", "ip_class": "home", "ip_country": "DE"}
    tables = {
        "signups": table(signup),
        "sessions": table(session | {"device": "d1"}),
        "requests": table(request(DAY), request(DAY, ip=None)),
    }

    seen = figures(add_activity(accounts("a"), tables), "a")

    assert (seen["addresses"], seen["countries"], seen["devices"]) == (2, 2, 1)
    assert seen["vpn_share"] == pytest.approx(1 / 3)
    assert seen["abroad_share"] == pytest.approx(1 / 3)


def test_the_order_of_events_and_of_accounts_changes_nothing():
    rows = [request(DAY + n * HOUR * (n % 3 + 1), prompt_tokens=n) for n in range(20)]
    forward = add_activity(accounts("a", "b"), {"requests": table(*rows)})

    backward = add_activity(accounts("a", "b"), {"requests": table(*rows[::-1])})

    for name, figure in figures(forward, "a").items():
        other = figures(backward, "a")[name]
        assert figure == other or math.isclose(figure, other, rel_tol=1e-12)
    assert pl.from_arrow(forward.nodes[NodeType.ACCOUNT])["key"].to_list() == ["a", "b"]

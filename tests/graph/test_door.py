"""One row and a batch of rows come through the door as the same events, or are refused alike."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.cleaned import SCHEMAS, event_of, identity, identity_of, row_of
from graph.door import Door
from graph.errors import InputError, UnknownName
from graph.facts import facts_of
from graph.reasons import Reason

DOOR = Door(b"a test's key, 16 bytes or more")
SIGNUP = {
    "account_id": "a1",
    "created_at": "2026-03-01T12:00:00+01:00",
    "email": "Jane.Doe+x@acme.org",
    "phone": "+14155552671",
    "ip": "73.167.128.9",
    "device_id": "d-1",
    "user_agent": "curl/8",
    "country": "us",
    "pathway": "startup",
    "plan": "pro",
    "organisation": " ACME  Labs ",
    "referrer_account_id": "a0",
    "unlisted": "ignored",
}
REQUEST = {
    "request_id": "r1",
    "account_id": "a1",
    "occurred_at": "2026-03-01T12:00:00Z",
    "ip": "73.167.128.9",
    "user_agent": "OpenAI/Python 1.3",
    "model": "m-2",
    "prompt": "Rate this answer from 1 to 10, and explain your reasoning step by step.",
    "system_prompt": "You are a strict grader of answers written by other models.",
    "conversation_id": "c1",
    "turn": "2",
    "prompt_tokens": 40,
    "completion_tokens": "300",
    "outcome": "ok",
}


def test_nothing_personal_is_behind_the_door() -> None:
    events = [DOOR.signup(SIGNUP), DOOR.request(REQUEST)]

    said = " ".join(str(row_of(event)) + str(facts_of(event)) for event in events).lower()
    for secret in ("jane", "73.167.128.9", "4155552671", "d-1", "grader", "explain"):
        assert secret not in said


def test_a_signup_keeps_its_coarse_facts() -> None:
    event = DOOR.signup(SIGNUP)

    assert event.place.subnet == "73.167.128.0/24"
    assert (event.place.country, event.place.ip_class) == ("US", "home")
    assert (event.email_domain, event.email_class, event.email_shape) == (
        "acme.org",
        "private",
        "a.a+a",
    )
    assert (event.user_agent, event.country, event.organisation) == ("curl", "US", "acme labs")
    assert event.phone_country == "US"


def test_a_broken_row_is_refused_by_name_and_never_quoted() -> None:
    with pytest.raises(InputError) as error:
        DOOR.signup({**SIGNUP, "email": "jane at acme"})

    assert "signups.email" in str(error.value)
    assert "jane" not in str(error.value)
    assert "aaaa aa aaaa" in str(error.value)


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(UnknownName, match="signups"):
        DOOR.event("sign_ups", {})


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = sorted({name for row in rows for name in row})
    return {name: [row.get(name) for row in rows] for name in names}


_CELLS = {
    "account_id": st.sampled_from(["a1", " a2 ", "", None, "x\x00", "é", 7, 7.0, True, "z" * 300]),
    "created_at": st.sampled_from(
        ["2026-03-01T12:00:00Z", "2026-03-01", "soon", None, 5, "1970-01-01T00:00:00Z"]
    ),
    "email": st.sampled_from(["a@b.org", "A+1@B.org", "nope", None, "", float("nan"), ["x"]]),
    "phone": st.sampled_from(["+14155552671", "12", None]),
    "ip": st.sampled_from(["1.2.3.4", "::ffff:1.2.3.4", "x", None, "2001:db8::1"]),
    "device_id": st.sampled_from(["d", "", None, 12]),
    "user_agent": st.sampled_from(["curl/8", None, "Mozilla/5.0 (Windows) Firefox/9"]),
    "country": st.sampled_from(["de", "UK", "ZZ", None]),
    "pathway": st.sampled_from(["startup", "STARTUP", "other", None]),
    "organisation": st.sampled_from(["Acme", None]),
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries(_CELLS), min_size=1, max_size=6), st.booleans())
def test_a_batch_says_what_its_rows_say_one_by_one(rows: list[dict[str, Any]], typed: bool) -> None:
    columns: dict[str, Any] = _columns(rows)
    if typed:
        columns = {n: _as_arrow(values) for n, values in columns.items()}

    admitted = DOOR.batch("signups", columns, len(rows))

    expected = {i: _alone(row) for i, row in enumerate(rows)}
    events = [event_of("signups", row) for row in admitted.rows.to_pylist()]
    assert dict(zip(admitted.index.tolist(), events, strict=True)) == {
        i: found for i, found in expected.items() if not isinstance(found, str)
    }
    refused = {r.index: f"signups.{r.column}: {r.reason.sentence}" for r in admitted.refusals}
    assert refused == {i: found for i, found in expected.items() if isinstance(found, str)}


def _as_arrow(values: list[Any]) -> Any:
    """A typed column, where one holds them as they are: Arrow makes 7.0 and True two numbers."""
    try:
        column = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return values
    same = [type(one) for one in column.to_pylist()] == [type(one) for one in values]
    return column if same else values


def _alone(row: dict[str, Any]) -> Any:
    try:
        return DOOR.signup(row)
    except InputError as error:
        return str(error).split(" (got")[0]


def test_arrow_types_come_through_as_their_text_would() -> None:
    at = pa.array([1_772_366_400_000], pa.timestamp("ms", "UTC"))
    ids = pa.array(["a1"]).dictionary_encode()
    base = {"pathway": pa.array(["startup"]), "ip": pa.array(["1.2.3.4"]), "account_id": ids}

    typed = DOOR.batch("signups", {**base, "created_at": at}, 1)
    text = DOOR.batch("signups", {**base, "created_at": ["2026-03-01T12:00:00Z"]}, 1)

    assert typed.rows.equals(text.rows)


def test_a_timestamp_without_a_zone_is_refused() -> None:
    at = pa.array([0], pa.timestamp("us"))

    found = DOOR.batch("model_releases", {"model": ["m"], "released_at": at}, 1)

    assert [(r.column, r.reason) for r in found.refusals] == [("released_at", Reason.NO_OFFSET)]


def test_a_missing_required_column_refuses_every_row() -> None:
    found = DOOR.batch("model_releases", {"model": ["m", "n"]}, 2)

    assert [r.reason for r in found.refusals] == [Reason.MISSING, Reason.MISSING]
    assert found.rows.num_rows == 0


def test_every_table_lets_an_event_through_and_back() -> None:
    when = {"occurred_at": "2026-03-01T12:00:00Z", "account_id": "a", "event_id": "e"}
    rows: dict[str, dict[str, Any]] = {
        "signups": SIGNUP,
        "payments": {
            **when,
            "payment_method_id": "p",
            "kind": "card",
            "issuer_id": "411111",
            "issuer_country": "US",
            "amount_usd": "9.99",
            "outcome": "succeeded",
        },
        "sessions": {**when, "ip": "1.2.3.4"},
        "requests": REQUEST,
        "enforcements": {**when, "action": "ban"},
        "labels": {
            "account_id": "a",
            "decided_at": "2026-03-01T12:00:00Z",
            "verdict": "fraud",
            "source": "audit",
        },
        "model_releases": {"model": "m", "released_at": "2026-03-01T12:00:00Z"},
    }
    assert set(rows) == set(SCHEMAS)

    for table, row in rows.items():
        event = DOOR.event(table, row)
        batch = DOOR.batch(table, {k: [v] for k, v in row.items()}, 1).rows

        assert event_of(table, batch.to_pylist()[0]) == event, table
        assert identity(table, batch) == ([identity_of(event)[0]], [identity_of(event)[1]]), table


def test_a_refused_row_is_known_by_the_pseudonym_of_its_key() -> None:
    found = DOOR.batch("signups", _columns([{**SIGNUP, "ip": "x", "account_id": "Jane-77"}]), 1)

    (refusal,) = found.refusals
    assert refusal.key == DOOR.row_key("signups", ["Jane-77"])
    assert "Jane" not in json.dumps([refusal.key, refusal.shape, refusal.column])


def test_the_content_digest_does_not_depend_on_looked_up_columns() -> None:
    event = DOOR.batch("signups", _columns([SIGNUP]), 1).rows
    place = event.schema.get_field_index("ip_country")
    other = event.set_column(place, "ip_country", pa.array(["FR"]))

    assert identity("signups", event) == identity("signups", other)

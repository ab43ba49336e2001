"""Rows of sign-ups and accounts: figures worked out by hand, one code for batch and service."""

from dataclasses import replace

import numpy as np
import pytest

from gnn.bundle import Bundle, Thresholds
from gnn.columns import written
from gnn.explain import LEAST_WEIGHT, signup_reasons
from gnn.features import (
    ACCOUNT_COLUMNS,
    SIGNUP_COLUMNS,
    account_matrix,
    described,
    row_of,
    signup_row,
)
from gnn.features_signup import SIGNUP, Moment
from gnn.vicinity import EMPTY, Vicinity, ids_of
from graph.facts import Payment, Place, Signup, facts_of
from graph.schema import NodeType
from graph.stores import open_store

HOUR = 3_600_000_000
DAY = 24 * HOUR


def signup(account: str, at: int, **given: object) -> Signup:
    place = Place(f"ip-{account}", f"net-{account}", "AS1", "operator", "DE", "home")
    facts = {"place": place, "pathway": "self_serve", "device": "phone-1", "country": "DE"}
    return Signup(account, at, **(facts | given))


def value(row: np.ndarray, name: str) -> float:
    return float(row[SIGNUP_COLUMNS.index(name)])


@pytest.fixture
def store():
    with open_store("sqlite://") as store:
        yield store


def test_a_signup_sees_who_came_to_its_device_before_and_when(store):
    for account, at in (("a", 0), ("b", 9 * DAY), ("c", 10 * DAY - HOUR // 2)):
        store.write(facts_of(signup(account, at)))
    event = signup("new", 10 * DAY)

    row = signup_row(event, store.neighbourhood(ids_of(event)), event.at)

    assert value(row, "device_accounts") == 3
    assert value(row, "device_accounts_last_hour") == 1
    assert value(row, "device_accounts_last_day") == 2
    assert value(row, "device_accounts_last_week") == 2
    assert value(row, "device_since_last_hours") == 0.5
    assert value(row, "device_known_for_days") == 10
    assert value(row, "tied_accounts") == 3
    assert value(row, "twice_tied_accounts") == 0


def test_a_signup_written_before_it_is_scored_does_not_count_itself(store):
    event = signup("new", DAY)
    before = signup_row(event, store.neighbourhood(ids_of(event)), event.at)
    store.write(facts_of(event))

    after = signup_row(event, store.neighbourhood(ids_of(event)), event.at)

    assert np.array_equal(before, after, equal_nan=True)


def test_mates_scores_count_by_how_many_they_are(store):
    event = signup("new", DAY)
    for account in ("a", "b"):
        store.write(facts_of(signup(account, 0)))
    piece = store.neighbourhood(ids_of(event))
    vicinity = Vicinity.of(event, piece).with_scores({"a": 0.9, "b": 0.6}.__getitem__)

    row = row_of(Moment(event, vicinity, event.at))

    assert value(row, "device_mates_score") == pytest.approx((0.9 + 0.6) / (2 + 3))
    assert value(row, "best_mates_score") == value(row, "device_mates_score")
    assert np.isnan(value(row, "ip_mates_score"))


def test_a_card_given_with_the_signup_is_a_link_too(store):
    other = signup("a", 0, device=None)
    paid = Payment("e1", "a", 0, "card-1", "card", 5.0, "succeeded")
    store.write(facts_of(other))
    store.write(facts_of(paid))
    event = signup("new", DAY, device=None)
    payment = Payment("e2", "new", DAY, "card-1", "virtual", 0.0, "succeeded", None, "FR")

    row = signup_row(event, store.neighbourhood(ids_of(event, payment)), DAY, payment)

    assert value(row, "payment_method_accounts") == 1
    assert value(row, "is_prepaid_or_virtual") == 1
    assert value(row, "is_foreign_card") == 1


def test_a_hub_is_counted_whole_though_only_part_of_it_is_read(store):
    for number in range(30):
        store.write(facts_of(signup(f"a{number:02d}", number * HOUR)))
    event = signup("new", 2 * DAY)

    row = signup_row(event, store.neighbourhood(ids_of(event), per_id=10), event.at)

    assert value(row, "device_accounts") == 30
    assert value(row, "tied_accounts") == 10


def test_a_row_holds_what_every_column_says_of_the_sign_up(store):
    for n in range(4):
        store.write(facts_of(signup(f"a{n}", n * HOUR, mailbox=f"m{n % 2}")))
    event, paid = signup("new", DAY, mailbox="m1", user_agent="curl"), PAID
    piece = store.neighbourhood(ids_of(event, paid))
    rates = {"flow": (3.0, 9.0, 20.0), "issuer": (0.5, 1.0, 7.0)}
    moment = Moment(event, Vicinity.of(event, piece, paid), DAY, paid, rates)

    row = row_of(moment)

    said = np.array([column.compute(moment) for column in SIGNUP.columns], np.float32)
    np.testing.assert_array_equal(row, said)
    assert np.isfinite(row).sum() > len(row) / 3


def test_an_unknown_input_is_unknown_and_not_zero():
    event = signup("new", DAY, device=None, country=None, user_agent=None)

    row = row_of(Moment(event, EMPTY, DAY))

    unknown = ("device_accounts", "is_foreign_address", "is_scripted_agent", "email_digits_share")
    assert all(np.isnan(value(row, name)) for name in unknown)
    assert value(row, "has_device") == 0


def test_every_column_has_a_name_of_its_own_and_a_sentence():
    assert len(set(SIGNUP_COLUMNS)) == len(SIGNUP_COLUMNS)
    assert len(set(ACCOUNT_COLUMNS)) == len(ACCOUNT_COLUMNS)
    assert all(len(sentence) > 10 for sentence in described().values())
    assert not any("ENTITY" in sentence for sentence in described().values())


def test_account_rows_do_not_depend_on_who_else_is_read(small_scene):
    snapshot = small_scene.snapshot(12 * DAY)
    matrix = account_matrix(snapshot)

    again = account_matrix(replace(snapshot, generation=5))

    assert matrix.shape == (snapshot.size(NodeType.ACCOUNT), len(ACCOUNT_COLUMNS))
    assert np.array_equal(matrix, again, equal_nan=True)


def test_crowds_leave_the_account_itself_out(small_scene):
    snapshot = small_scene.snapshot(12 * DAY)
    keys = snapshot.keys(NodeType.ACCOUNT).to_pylist()

    crowd = account_matrix(snapshot)[:, ACCOUNT_COLUMNS.index("payment_method_crowd")]

    assert crowd[keys.index("red-00")] == 15
    assert crowd[keys.index(next(k for k in keys if k.startswith("h")))] == 0


@pytest.mark.parametrize(
    ("name", "figure", "text"),
    [
        ("device_accounts", 14.0, "14"),
        ("hosting_share", 0.254, "25 %"),
        ("is_private_email", 1.0, "yes"),
        ("since_last_hours", 0.5, "30 min"),
        ("known_for_days", 3.0, "3 days"),
        ("paid_usd", 1234.5, "1,234 USD"),
        ("gap_spread", 0.25, "0.2"),
        ("gap_spread", float("nan"), "unknown"),
    ],
)
def test_figures_are_written_as_people_write_them(name, figure, text):
    assert written(name, figure) == text


PAID = Payment("e1", "new", 1, "card-1", "card", 0.0, "succeeded", "424242", "DE")
NAMES = {"mailbox": "m", "phone": "p", "organisation": "o", "referrer_account_id": "friend"}
PUBLIC = {"email_domain": "gmail.com", "email_class": "public"}
PRIVATE = {"email_domain": "acme.example", "email_class": "private"}


@pytest.mark.parametrize("payment", [None, PAID, replace(PAID, issuer=None)])
@pytest.mark.parametrize(
    "given", [{}, NAMES, PUBLIC, NAMES | PRIVATE, {"device": None}, {"referrer_account_id": "new"}]
)
def test_what_is_asked_of_the_store_are_the_nodes_of_the_facts_but_account_and_operator(
    given: dict[str, object], payment: Payment | None
) -> None:
    event = signup("new", 1, **given)

    facts = [facts_of(event), *([facts_of(payment)] if payment else [])]
    nodes = dict.fromkeys(node.id for part in facts for node in part.nodes)
    left_out = ("account:new", "asn:AS1", "issuer:424242")
    assert ids_of(event, payment) == tuple(n for n in nodes if n not in left_out)


def test_reasons_of_a_sign_up_are_the_strongest_of_all_that_count():
    chance = np.random.default_rng(4)
    row = chance.normal(size=len(SIGNUP_COLUMNS)).astype(np.float32)
    row[::7] = np.nan
    weights = np.round(chance.normal(size=len(row)), 1)  # with equals, and with next to nothing
    usual = np.zeros(len(row), np.float32)
    bundle = Bundle({}, {}, Thresholds(0.5, 0.5, 0.9), {"signup": usual}, trained_as_of=0)

    found = signup_reasons(bundle, row, weights, 5)

    every = sorted(
        (-abs(weight), name, weight > 0)
        for name, weight, cell in zip(SIGNUP_COLUMNS, weights, row, strict=True)
        if abs(weight) >= LEAST_WEIGHT and not np.isnan(cell)
    )
    told = [[(-abs(r.weight), r.code, r.weight > 0) for r in part] for part in found]
    assert told == [[r for r in every if r[2]][:5], [r for r in every if not r[2]][:5]]
    place = SIGNUP_COLUMNS.index(found[0][0].code)
    assert found[0][0].observed == written(SIGNUP_COLUMNS[place], float(row[place]))

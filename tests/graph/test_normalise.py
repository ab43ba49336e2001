"""What is equal must come out equal, what is broken must be refused with its reason."""

import random
from datetime import UTC, datetime

import phonenumbers
import pytest

from graph import normalise, phone
from graph.errors import SettingsError
from graph.normalise import Pseudonyms
from graph.reasons import Reason, Refused, shape_of

KEY = b"a test's key, 16 bytes or more"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jane.Doe@gmail.com", "janedoe+shop@googlemail.com"),
        ("x@ICLOUD.com", "x@me.com"),
        ("a.b@proton.me", "ab@protonmail.com"),
        ("kim@example.org", " KIM+1@Example.Org. "),
        ("info@bücher.de", "info@xn--bcher-kva.de"),
    ],
)
def test_two_addresses_of_one_mailbox_are_one(one: str, other: str) -> None:
    assert normalise.email_of(one).mailbox == normalise.email_of(other).mailbox


def test_dots_matter_where_the_provider_says_so() -> None:
    assert normalise.email_of("a.b@corp.com").mailbox != normalise.email_of("ab@corp.com").mailbox


def test_the_shape_of_an_address_keeps_digits_and_punctuation_only() -> None:
    assert normalise.email_of("Jane.Doe42+x@corp.com").shape == "a.a99+a"


@pytest.mark.parametrize(
    "value", ["jane", "a@b", "a b@c.de", "@c.de", "a@-.de", "a..b@c.de", "a@@c.de"]
)
def test_what_is_no_mail_address_is_refused(value: str) -> None:
    with pytest.raises(Refused) as error:
        normalise.email_of(value)

    assert error.value.reason is Reason.BAD_EMAIL


@pytest.mark.parametrize(
    ("value", "subscriber", "subnet"),
    [
        ("203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("2001:DB8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::/64", "2001:db8:1::/48"),
    ],
)
def test_an_address_has_a_subscriber_and_a_prefix(value: str, subscriber: str, subnet: str) -> None:
    address = normalise.address_of(value)

    assert (address.subscriber, address.subnet) == (subscriber, subnet)


@pytest.mark.parametrize(
    "value", ["300.1.1.1", "1.2.3", "0.0.0.0", "::", "fe80::1%eth0", "host", "1.2.3.4:80"]
)
def test_what_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(Refused) as error:
        normalise.address_of(value)

    assert error.value.reason is Reason.BAD_IP


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01T14:00:00+02:00",
        "2026-03-01 07:00:00-05:00",
        "20260301T120000Z",
        "2026-03-01T12:00:00.000000+00:00",
    ],
)
def test_one_moment_is_one_number_whatever_its_offset(text: str) -> None:
    assert normalise.time_of(text) == 1_772_366_400_000_000


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("2026-03-01T12:00:00", Reason.NO_OFFSET),
        ("yesterday", Reason.BAD_TIME),
        ("2026-02-30T00:00:00Z", Reason.BAD_TIME),
        ("1970-01-01T00:00:00Z", Reason.TIME_RANGE),
        ("2300-01-01T00:00:00Z", Reason.TIME_RANGE),
        ("9999-12-31T23:59:59-23:00", Reason.TIME_RANGE),
        (1_772_366_400, Reason.WRONG_TYPE),
        (datetime(2026, 3, 1), Reason.NO_OFFSET),  # noqa: DTZ001 - the point of the case
    ],
)
def test_what_is_no_moment_is_refused(value: object, reason: Reason) -> None:
    with pytest.raises(Refused) as error:
        normalise.time_of(value)

    assert error.value.reason is reason


def test_a_leap_second_is_the_second_before_it() -> None:
    assert normalise.time_of("2016-12-31T23:59:60Z") == normalise.time_of(
        datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("NaN", Reason.BAD_AMOUNT),
        (float("inf"), Reason.BAD_AMOUNT),
        ("1,000.00", Reason.BAD_AMOUNT),
        ("12 USD", Reason.BAD_AMOUNT),
        ("1e300", Reason.RANGE),
        (True, Reason.WRONG_TYPE),
        ("٣", Reason.BAD_AMOUNT),
    ],
)
def test_what_is_no_amount_is_refused(value: object, reason: Reason) -> None:
    with pytest.raises(Refused) as error:
        normalise.amount_of(value)

    assert error.value.reason is reason


@pytest.mark.parametrize(
    ("value", "amount"), [("12.50", 12.5), (-3, -3.0), ("-0.0", 0.0), ("1e2", 100.0)]
)
def test_an_amount_is_dollars(value: object, amount: float) -> None:
    assert normalise.amount_of(value) == amount


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("1.5", Reason.BAD_INTEGER),
        ("9" * 400, Reason.RANGE),
        (-1, Reason.RANGE),
        ("x", Reason.BAD_INTEGER),
    ],
)
def test_what_is_no_count_is_refused(value: object, reason: Reason) -> None:
    with pytest.raises(Refused) as error:
        normalise.integer_of(value)

    assert error.value.reason is reason


@pytest.mark.parametrize(
    ("value", "number", "country"),
    [
        ("+1 (415) 555-2671", "+14155552671", "US"),
        ("0044 20 7946 0958", "+442079460958", "GB"),
        ("+491511234567", "+491511234567", "DE"),
    ],
)
def test_a_phone_number_is_e164_with_its_country(value: str, number: str, country: str) -> None:
    assert normalise.phone_of(value) == (number, country)


def test_a_number_told_at_once_is_what_parsing_makes_of_it() -> None:
    drawn = random.Random(8)
    at_once = 0
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        for _ in range(30):
            rest = drawn.randint(7 - len(str(code)), 15 - len(str(code)))
            text = f"+{code}" + "".join(drawn.choices("0123456789", k=rest))
            found = phone.as_it_stands(text)
            if found is not None:
                at_once += 1
                assert found == phone.parsed(text)

    assert at_once > 1_000


@pytest.mark.parametrize("value", ["12345", "+1", "+99912345678901234", "call me"])
def test_what_is_no_phone_number_is_refused(value: str) -> None:
    with pytest.raises(Refused) as error:
        normalise.phone_of(value)

    assert error.value.reason is Reason.BAD_PHONE


def test_a_card_number_is_no_issuer_and_is_not_kept() -> None:
    with pytest.raises(Refused) as error:
        normalise.bin_of("4111 1111 1111 1111")

    assert error.value.reason is Reason.TOO_LONG


def test_an_id_with_a_nul_byte_is_refused() -> None:
    with pytest.raises(Refused) as error:
        normalise.id_of("a\x00b")

    assert error.value.reason is Reason.BAD_TEXT


def test_pseudonyms_differ_by_kind_and_key_and_agree_otherwise() -> None:
    one, other = Pseudonyms(KEY), Pseudonyms(KEY + b"!")

    assert one.of("ip", "x") == Pseudonyms(KEY).of("ip", "x")
    assert len({one.of("ip", "x"), one.of("phone", "x"), other.of("ip", "x")}) == 3
    assert KEY.decode() not in repr(one)


def test_a_key_of_a_few_bytes_is_refused() -> None:
    with pytest.raises(SettingsError, match="needs 16"):
        normalise.key_id(b"short")


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("Jane@corp.de", "aaaa@aaaa.aa"),
        ("x" * 90, "text(90)"),
        ("", "empty"),
        (None, "empty"),
        ([1], "list"),
        (b"\xff", "bytes(1)"),
        ("a\x00b", "a?a"),
    ],
)
def test_a_shape_shows_no_letter_and_no_digit_of_the_value(value: object, shape: str) -> None:
    assert shape_of(value) == shape

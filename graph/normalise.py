"""Cleaners and keyed pseudonyms: one value in, the form in which equal things are equal out.

Every cleaner takes one non-empty value and returns its canonical form or raises
:class:`graph.reasons.Refused`. They are scalar on purpose: the batch path applies the very same
functions to distinct values (``graph.door``), so a batch and the sign-up endpoint cannot drift
apart. It knows nothing of tables, networks' owners (``graph.enrich``) or storage.
"""

import hashlib
import hmac
import ipaddress
import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from graph.errors import SettingsError
from graph.phone import Phone, phone_of_number
from graph.reasons import Reason, Refused

MIN_KEY_BYTES = 16
MAX_ID_CODEPOINTS = 256
MAX_TEXT_CODEPOINTS = 2_048
MAX_PROMPT_CODEPOINTS = 4_000_000
MAX_COUNT = 1_000_000_000_000
MAX_AMOUNT_USD = 1_000_000_000.0
EARLIEST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000

_PSEUDONYM_BYTES = 12  # 96 bits: a billion values of one kind collide with odds of 1 in 10^11
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ANY_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\ud800-\udfff]")


def key_id(key: bytes) -> str:
    """A name for a pseudonym key that does not give the key away: 16 hex digits.

    Raises:
        SettingsError: if the key is shorter than 16 bytes.
    """
    if len(key) < MIN_KEY_BYTES:
        raise SettingsError(f"the key has {len(key)} bytes; it needs {MIN_KEY_BYTES} or more")
    return hashlib.blake2b(b"key id", key=_fitted(key), digest_size=8).hexdigest()


class Pseudonyms:
    """Keyed hashes of one deployment: ``Pseudonyms(key).of("ip", "203.0.113.9")``, 24 hex digits.

    The kind is part of what is hashed, so the same text as a phone and as a card has two
    pseudonyms. Without the key nobody can test a guess.
    """

    def __init__(self, key: bytes) -> None:
        self.key_id = key_id(key)
        self._key = _fitted(key)

    def __repr__(self) -> str:
        return f"Pseudonyms(key_id={self.key_id!r})"

    def of(self, kind: str, value: str) -> str:
        """The pseudonym of ``value`` among values of ``kind``."""
        text = f"{kind}\x1f{value}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=_PSEUDONYM_BYTES).hexdigest()

    def derived(self, purpose: bytes) -> bytes:
        """A key for another purpose, drawn from this deployment's; 32 bytes."""
        return hmac.digest(self._key, purpose, "sha256")


def _fitted(key: bytes) -> bytes:
    """BLAKE2b takes keys up to 64 bytes; a longer one is hashed first, as HMAC does."""
    return key if len(key) <= 64 else hashlib.blake2b(key).digest()


# ------------------------------------------------------------------------------------------ text
def text_of(value: object, limit: int = MAX_TEXT_CODEPOINTS) -> str:
    """One line of text without control characters or outer space; numbers read as their digits."""
    text = _as_text(value).strip()
    if _ANY_CONTROL.search(text):
        raise Refused(Reason.BAD_TEXT)
    if len(text) > limit:
        raise Refused(Reason.TOO_LONG)
    return text


def id_of(value: object) -> str:
    """An opaque id, up to 256 codepoints."""
    return text_of(value, MAX_ID_CODEPOINTS)


def prompt_of(value: object) -> str:
    """A prompt as it is: line breaks and tabs belong to it, lone surrogates and NUL do not."""
    if not isinstance(value, str):
        raise Refused(Reason.WRONG_TYPE)
    if len(value) > MAX_PROMPT_CODEPOINTS:
        raise Refused(Reason.TOO_LONG)
    return _CONTROL.sub(" ", value)


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        raise Refused(Reason.WRONG_TYPE)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**40 else _refuse(Reason.TOO_LONG)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise Refused(Reason.BAD_TEXT) from None
    raise Refused(Reason.WRONG_TYPE)


def _refuse(reason: Reason) -> str:
    raise Refused(reason)


# --------------------------------------------------------------------------------------- numbers
def integer_of(value: object) -> int:
    """A whole number from 0 to 10^12: ``12``, ``"12"``, ``12.0``, ``"12.0"``."""
    number = _as_number(value, Reason.BAD_INTEGER)
    if not math.isfinite(number) or number != int(number):
        raise Refused(Reason.BAD_INTEGER)
    if not 0 <= number <= MAX_COUNT:
        raise Refused(Reason.RANGE)
    return int(number)


def amount_of(value: object) -> float:
    """Dollars, to a millionth, between minus and plus 10^9; a refund may be negative."""
    number = _as_number(value, Reason.BAD_AMOUNT)
    if not math.isfinite(number):
        raise Refused(Reason.BAD_AMOUNT)
    if not -MAX_AMOUNT_USD <= number <= MAX_AMOUNT_USD:
        raise Refused(Reason.RANGE)
    return round(float(number) * 1e6) / 1e6 + 0.0  # + 0.0 makes -0.0 plain zero


_NUMBER = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,3})?")


def _as_number(value: object, reason: Reason) -> float | Decimal:
    if isinstance(value, str):
        value = _number(value, reason)
    if isinstance(value, int) and abs(value) > MAX_COUNT**2:
        raise Refused(Reason.RANGE)  # too large even to be made a float
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Refused(Reason.WRONG_TYPE)
    return value


def _number(text: str, reason: Reason) -> int | float:
    """ASCII digits only, no grouping; ``int`` where possible so that huge ones stay exact."""
    text = text.strip()
    if not text.isascii() or not _NUMBER.fullmatch(text):
        raise Refused(reason)
    return int(text) if text.lstrip("+-").isdigit() else float(text)


# ------------------------------------------------------------------------------------------ time
def time_of(value: object) -> int:
    """Microseconds since the epoch, UTC, from ISO 8601 with an offset or an aware datetime."""
    if isinstance(value, str):
        value = _moment(value.strip())
    if not isinstance(value, datetime):
        raise Refused(Reason.WRONG_TYPE)
    if value.tzinfo is None:
        raise Refused(Reason.NO_OFFSET)
    try:
        since = value - _EPOCH
    except OverflowError:
        raise Refused(Reason.TIME_RANGE) from None
    return in_range((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAP_SECOND = re.compile(r":60(?=[.,Z+-]|$)")


def _moment(text: str) -> datetime:
    if not text.isascii() or len(text) < 10 or (text[4:5] != "-" and not text[:8].isdigit()):
        raise Refused(Reason.BAD_TIME)
    try:
        return datetime.fromisoformat(_LEAP_SECOND.sub(":59", text).replace(",", "."))
    except ValueError:
        raise Refused(Reason.BAD_TIME) from None


def in_range(micros: int) -> int:
    """``micros`` if it lies from 1990 to 2100: epoch zero and year 9999 are holes, not moments."""
    if not EARLIEST <= micros < LATEST:
        raise Refused(Reason.TIME_RANGE)
    return micros


# --------------------------------------------------------------------------------------- network
class Address(NamedTuple):
    """An address as one subscriber has it, and its readable prefix.

    IPv4 is the address and its /24. IPv6 is the /64 (a subscriber's devices change the lower half
    daily, RFC 8981) and the /48. An IPv4-mapped IPv6 address is the IPv4 address.
    """

    subscriber: str
    subnet: str
    first: str


def address_of(value: object) -> Address:
    """The address in ``value``; the unspecified and the broadcast one are nobody's."""
    text = _as_text(value).strip().strip("[]")
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        raise Refused(Reason.BAD_IP) from None
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id is not None:
            raise Refused(Reason.BAD_IP)
        mapped = ip.ipv4_mapped
        if mapped is None:
            return _address_v6(ip)
        ip = mapped
    return _address_v4(ip)


def _address_v4(ip: ipaddress.IPv4Address) -> Address:
    number = int(ip)
    if number in (0, 2**32 - 1):
        raise Refused(Reason.BAD_IP)  # unspecified, broadcast: nobody's
    first = f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.0"
    return Address(str(ip), f"{first}/24", first)


def _address_v6(ip: ipaddress.IPv6Address) -> Address:
    if ip.is_unspecified:
        raise Refused(Reason.BAD_IP)
    subscriber = ipaddress.IPv6Address(int(ip) >> 64 << 64)
    first = str(ipaddress.IPv6Address(int(ip) >> 80 << 80))
    return Address(f"{subscriber}/64", f"{first}/48", first)


# ---------------------------------------------------------------------------------------- e-mail
class Email(NamedTuple):
    """The mailbox that an address reaches, its domain (ASCII, lower case), and its shape."""

    mailbox: str
    domain: str
    shape: str


# Domains that are one provider under several names.
_SAME_PROVIDER = {
    "googlemail.com": "gmail.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "pm.me": "proton.me",
    "protonmail.com": "proton.me",
    "protonmail.ch": "proton.me",
    "ya.ru": "yandex.ru",
    "yandex.com": "yandex.ru",
    "yandex.by": "yandex.ru",
    "yandex.kz": "yandex.ru",
    "yandex.ua": "yandex.ru",
}
# Providers that ignore dots in the local part.
_DOTLESS = frozenset({"gmail.com", "proton.me"})
_LOCAL = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}")
_DOMAIN = re.compile(
    r"(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)


def email_of(value: object) -> Email:
    """The mailbox behind an address: case, ``+tag``, ignored dots and provider aliases undone."""
    local, at, domain = text_of(value, 320).rpartition("@")
    domain = domain_of(domain)
    if not at or not _LOCAL.fullmatch(local) or ".." in local or local.strip(".") != local:
        raise Refused(Reason.BAD_EMAIL)
    provider = _SAME_PROVIDER.get(domain, domain)
    name = local.casefold().partition("+")[0] or local.casefold()
    if provider in _DOTLESS:
        name = name.replace(".", "")
    return Email(f"{name}@{provider}", domain, email_shape(local))


def domain_of(text: str) -> str:
    """A host name in ASCII lower case; international names in their ``xn--`` form."""
    text = text.rstrip(".").lower()
    if not text.isascii():
        try:
            text = text.encode("idna").decode()
        except UnicodeError:
            raise Refused(Reason.BAD_EMAIL) from None
    if not _DOMAIN.fullmatch(text):
        raise Refused(Reason.BAD_EMAIL)
    return text


_LETTERS = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")


def email_shape(local: str) -> str:
    """The pattern of a local part: runs of letters ``a``, each digit ``9``, punctuation kept.

    ``"Jane.Doe42"`` gives ``"a.a99"``; cut at 24 characters.
    """
    return _DIGIT.sub("9", _LETTERS.sub("a", local))[:24]


# ------------------------------------------------------------------------------- phone, country
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_PHONE_PUNCTUATION = str.maketrans("", "", " -.()/\u00a0\u2010\u2011")


def phone_of(value: object) -> Phone:
    """A phone number: spaces and punctuation undone, its country by the numbering plan."""
    text = _as_text(value).translate(_PHONE_PUNCTUATION).strip()
    text = "+" + text[2:] if text.startswith("00") else text
    if not text.isascii() or not _E164.fullmatch(text):
        raise Refused(Reason.BAD_PHONE)
    found = phone_of_number(text)
    if found is None:
        raise Refused(Reason.BAD_PHONE)
    return found


# ISO 3166-1 alpha-2 as of 2025, and XK (Kosovo), which banks and networks use.
_COUNTRY_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM "
    "ZW XK"
)
COUNTRIES = frozenset(_COUNTRY_CODES.split())
_COUNTRY_ALIASES = {"UK": "GB", "EL": "GR"}


def country_of(value: object) -> str:
    """An ISO 3166-1 alpha-2 code in capitals; the common ``UK`` and ``EL`` are understood."""
    code = _as_text(value).strip().upper()
    code = _COUNTRY_ALIASES.get(code, code)
    if code not in COUNTRIES:
        raise Refused(Reason.BAD_COUNTRY)
    return code


def code_of(value: object, codes: tuple[str, ...]) -> str:
    """One of ``codes``; case and outer space do not matter."""
    code = _as_text(value).strip().lower()
    if code not in codes:
        raise Refused(Reason.UNKNOWN_CODE)
    return code


def bin_of(value: object) -> str:
    """An issuer's range as the customer names it; a card number's first six or eight digits."""
    text = id_of(value).replace(" ", "")
    if text.isdigit() and len(text) > 11:
        raise Refused(Reason.TOO_LONG)  # that is a card number, and must not be kept
    return text.lower()


_SPACES = re.compile(r"\s+")


def organisation_of(value: object) -> str:
    """A name that people type: case folded, spaces made one, cut at 256 codepoints."""
    return _SPACES.sub(" ", text_of(value)).casefold()[:MAX_ID_CODEPOINTS]

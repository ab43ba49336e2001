"""What a phone number is by the numbering plans: its one form, and the country it belongs to.

Most numbers belong to a country with a calling code of its own and to no rule that would rewrite
them; every sign-up pays for it, so those are told without parsing, which takes six times as long
and comes to the same (a test compares). It knows nothing of how people write numbers: see
:mod:`graph.normalise`.
"""

import re
from functools import lru_cache
from typing import NamedTuple


class Phone(NamedTuple):
    """A number in E.164 form and the country it belongs to (None where it belongs to none)."""

    number: str
    country: str | None


def phone_of_number(text: str) -> Phone | None:
    """What ``+`` and 7 to 15 digits are; None if no plan has such a number."""
    return as_it_stands(text) or parsed(text)


def as_it_stands(text: str) -> Phone | None:
    """A number whose calling code is one country's, and that no rule of its plan rewrites."""
    for end in (2, 3, 4):
        plan = _plan(text[1:end])
        if plan is not None:
            # A leading zero is dropped, or belongs to the number (Italy): the library knows.
            rewritten = text[end] == "0" or (plan.prefix and plan.prefix.match(text, end))
            return None if plan.shared or rewritten else Phone(text, plan.country)
    return None


def parsed(text: str) -> Phone | None:
    """What the library makes of it; the same, for every number."""
    import phonenumbers  # noqa: PLC0415 - 60 ms that only sources with phones pay

    try:
        found = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    code = found.country_code or 0
    country = phonenumbers.region_code_for_number(found) or _only_country(code)
    number = f"+{found.country_code}{found.national_number}"
    return Phone(number, None if country == "001" else country)


class _Plan(NamedTuple):
    """Of a calling code: its one country, whether several share it, what is rewritten."""

    country: str | None
    shared: bool
    prefix: re.Pattern[str] | None


@lru_cache(maxsize=2_048)
def _plan(digits: str) -> _Plan | None:
    """The plan of a calling code; None where ``digits`` are none."""
    import phonenumbers  # noqa: PLC0415 - as above

    code = int(digits)
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    if not regions:
        return None
    plans = phonenumbers.PhoneMetadata
    held = (
        plans.metadata_for_nongeo_region(code, None)
        if regions[0] == "001"
        else plans.metadata_for_region(regions[0], None)
    )
    prefix = held and held.national_prefix_for_parsing
    return _Plan(_only_country(code), len(regions) > 1, re.compile(prefix) if prefix else None)


def _only_country(calling_code: int) -> str | None:
    """The one country of a calling code; None for shared codes and world-wide services."""
    import phonenumbers  # noqa: PLC0415 - as above

    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(calling_code, ())
    return str(regions[0]) if len(regions) == 1 and regions[0] != "001" else None

"""A ring in a few words: what of its evidence tells it apart from the other rings that wait.

What weighs most is alike for nearly all of them (who runs a ring runs it by a machine, so its
accounts act together), and a queue whose rows read alike is no queue. So a piece of evidence counts
by its weight and by how few other rings have it, at most one of a family is said, and what every
machine does is said last; then by which pathway and when its accounts came. It knows nothing of how
rings are found; all of the evidence stands in their reasons.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from api.schemas.answers import moment
from graph.store import RingRow

SAID = 3
"""Pieces of evidence in a title."""
SPEAKS = 0.3
"""Nats from which a piece of evidence is worth a word."""

_PHRASES = {
    "identifiers.shared_device": "{share} share devices",
    "identifiers.same_mailbox": "{share} share mailboxes",
    "identifiers.same_phone": "{share} share phone numbers",
    "identifiers.shared_address": "{share} share addresses",
    "identifiers.shared_subnet": "{share} share networks",
    "identifiers.same_domain": "{share} share private e-mail domains",
    "identifiers.same_organisation": "{share} name one organisation",
    "identifiers.referral": "{share} tied by referrals",
    "payment.shared_method": "{share} share payment methods",
    "payment.same_issuer": "{share} on cards of one issuer",
    "prompts.kit": "{number} rare templates shared by any two",
    "signup.burst": "{count} signed up on one day",
    "signup.plan_fit": "uses its plans more than {share} of users",
    "signup.same_pathway": "{share} came by {pathway}",
    "signup.same_plan": "{share} on one plan",
    "signup.same_user_agent": "{share} signed up with one kind of client",
    "signup.same_left_out": "{share} left the same fields empty",
    "signup.same_email_shape": "{share} with e-mail addresses of one pattern",
    "signup.same_email_domain": "{share} at one mail provider",
    "timing.lockstep": "together {number} times as often as chance",
    "timing.handover": "{share} go on with one another's conversations",
    "timing.relay": "{share} go on with one another's conversations, through the whole ring",
    "timing.equal_load": "all ask about as much a day",
    "timing.woke_together": "{share} woke in the same two days",
    "timing.ban_and_replace": "{count} banned and replaced",
    "timing.release_pivot": "{share} of traffic on a new model's first day",
}
_MACHINES = frozenset({"timing.lockstep", "timing.equal_load"})
"""What any accounts do that one program works: it says that there is a ring, not which."""
_PURPOSES = {
    "triage.own_kit": "{share} of requests from its own templates",
    "triage.strangers_prompts": "strangers' prompts, {share} from templates in common",
}

# Not the locale's: a title is the same on every machine.
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905

Reason = Mapping[str, Any]


def usual_of(rows: Iterable[RingRow]) -> dict[str, float]:
    """The share (0..1) of flagged rings in which each code of evidence speaks.

    One more that has it and one that has it not are counted along: of few rings little is known.
    """
    flagged = [row for row in rows if row.detail.get("flagged")]
    seen = Counter(code for row in flagged for code in {r["code"] for r in _speaking(row)})
    return {code: (count + 1) / (len(flagged) + 2) for code, count in seen.items()}


def title_of(row: RingRow, usual: Mapping[str, float] | None = None) -> str:
    """A ring's name for people: size, what sets it apart where ``usual`` is known, when it came."""
    when = _when(row)
    said = "; ".join([part for part in (", ".join(apart(row, usual or {})), when) if part])
    return f"{row.size} accounts" + (f": {said}" if said else "")


def apart(row: RingRow, usual: Mapping[str, float]) -> list[str]:
    """The strongest pieces of evidence of different families, what few others have first."""
    ranked = sorted(_speaking(row), key=lambda r: _place(r, usual))
    by_family: dict[str, Reason] = {}
    for reason in ranked:
        by_family.setdefault(str(reason["family"]), reason)
    said = [_phrase(reason, row) for reason in by_family.values()][:SAID]
    return said or [_phrase(reason, row) for reason in _reasons(row)[:1]]


def purpose_of(row: RingRow) -> str | None:
    """The figure that its verdict rests on, or None where prompts do not say what for."""
    codes = {reason["code"]: reason for reason in _reasons(row)}
    found = [(form, codes[code]) for code, form in _PURPOSES.items() if code in codes]
    return next((form.format(**_figures(reason)) for form, reason in found), None)


def _reasons(row: RingRow) -> list[Reason]:
    detail: Mapping[str, Any] = row.detail
    return list(detail.get("reasons", ()))


def _speaking(row: RingRow) -> list[Reason]:
    return [r for r in _reasons(row) if r.get("family") and float(r["weight"]) >= SPEAKS]


def _place(reason: Reason, usual: Mapping[str, float]) -> tuple[bool, float, str]:
    return (reason["code"] in _MACHINES, -_worth(reason, usual), str(reason["code"]))


def _worth(reason: Reason, usual: Mapping[str, float]) -> float:
    """Weight by information: of what half of the rings have one bit, of what all have a tenth."""
    share = min(usual.get(str(reason["code"]), 0.5), 0.93)
    return float(reason["weight"]) * -math.log2(max(share, 0.01))


def _phrase(reason: Reason, row: RingRow) -> str:
    form = _PHRASES.get(str(reason["code"]))
    if form is None:  # the half after the semicolon says what is usual; it stands in the reasons
        return str(reason["sentence"]).split(";")[0]
    # The commonest pathway, which what the evidence speaks of is where half or more came by it.
    pathway = row.detail.get("pathway") if float(reason["observed"] or 0.0) >= 0.5 else None
    way = f"the {str(pathway).replace('_', '-')} pathway" if pathway else "one pathway"
    return form.format(pathway=way, **_figures(reason))


def _figures(reason: Reason) -> dict[str, str]:
    observed = float(reason["observed"] or 0.0)
    return {"share": f"{observed:.0%}", "number": f"{observed:.1f}", "count": f"{observed:.0f}"}


def _when(row: RingRow) -> str:
    """Between which days most accounts signed up; nothing where the refresh did not count it."""
    detail: Mapping[str, Any] = row.detail
    signed_up = detail.get("signed_up")
    if not signed_up:
        return ""
    first, last = (moment(at) for at in signed_up)
    if first.date() == last.date():
        return f"most signed up on {_day(last)} {last.year}"
    if first.year != last.year:
        return f"most signed up {_month(first)} {first.year} to {_month(last)} {last.year}"
    begin = str(first.day) if first.month == last.month else _day(first)
    return f"most signed up {begin} to {_day(last)} {last.year}"


def _day(at: datetime) -> str:
    return f"{at.day} {_month(at)}"


def _month(at: datetime) -> str:
    return _MONTHS[at.month - 1]

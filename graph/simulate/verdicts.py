"""What the company did and learnt: enforcement and labels, few, late and partly wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from graph.simulate.cast import Account
from graph.simulate.chance import Dice
from graph.simulate.clock import DAY_US, HOUR_US
from graph.simulate.town import Town


@dataclass(frozen=True, slots=True)
class Enforcement:
    """One row of the enforcements table but its id."""

    account_id: str
    occurred_at: int
    action: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Label:
    """One row of the labels table."""

    account_id: str
    decided_at: int
    verdict: str
    campaign_id: str | None
    source: str


def wrongly_banned(town: Town, cast: Sequence[Account], share: float, dice: Dice) -> None:
    """Bans some honest accounts by mistake; most come back after days, others never write again."""
    for account in cast:
        if account.campaign or not account.phases or not dice.chance(share):
            continue
        first, last = account.phases[0].starts_at, account.phases[-1].ends_at
        if last - first < DAY_US:
            continue
        account.banned_at = first + int(dice.random() * (last - first))
        if dice.chance(0.72):
            account.reinstated_at = account.banned_at + int(dice.around(2.5, 0.8) * DAY_US)
        _pause(account)


def _pause(account: Account) -> None:
    """Leaves a hole in the phases between ban and reinstatement."""
    begun, ended = account.banned_at or 0, account.reinstated_at
    before = [replace(p, ends_at=min(p.ends_at, begun)) for p in account.phases]
    after = (
        []
        if ended is None
        else [replace(p, starts_at=max(p.starts_at, ended)) for p in account.phases]
    )
    account.phases = [p for p in before + after if p.starts_at < p.ends_at]


def enforcements(town: Town, cast: Sequence[Account], dice: Dice) -> list[Enforcement]:
    """Bans right and wrong, reinstatements, limits and checks, in order of time."""
    made: list[Enforcement] = []
    reasons = ("abuse", "payment", "terms", "automated", None)
    for account in cast:
        name = account.account_id
        if account.banned_at is not None and account.banned_at < town.end:
            made.append(Enforcement(name, account.banned_at, "ban", dice.choice(reasons)))
        if account.reinstated_at is not None and account.reinstated_at < town.end:
            made.append(Enforcement(name, account.reinstated_at, "reinstate", "appeal"))
        if account.phases and dice.chance(0.02):
            first, last = account.phases[0].starts_at, account.phases[-1].ends_at
            at = first + int(dice.random() * max(last - first, HOUR_US))
            if at < town.end:
                made.append(Enforcement(name, at, dice.choice(("limit", "verify")), None))
    return sorted(made, key=lambda row: (row.occurred_at, row.account_id, row.action))


def labels(
    town: Town, cast: Sequence[Account], known: Sequence[str], share: float, dice: Dice
) -> list[Label]:
    """Labels of the campaigns that came to light and of some honest accounts.

    Args:
        town: the world's window; nothing is decided after its end.
        cast: every account.
        known: the campaigns that investigators found; other campaigns are labelled by chance only.
        share: share (0..1) of a known campaign's accounts that get a label.
        dice: the chance.
    """
    made: list[Label] = []
    names = {campaign: f"case-{dice.word(6)}" for campaign in known}
    for account in cast:
        made.extend(
            _guilty(account, names, share, dice) if account.campaign else _honest(account, dice)
        )
    inside = [label for label in made if label.decided_at < town.end]
    return sorted(inside, key=lambda row: (row.decided_at, row.account_id, row.source))


def _guilty(account: Account, names: dict[str, str], share: float, dice: Dice) -> list[Label]:
    name, begun = account.account_id, account.active_from or account.created_at
    case = names.get(account.campaign or "")
    if not dice.chance(share if case else 0.02):
        return []
    at = begun + int(dice.around(6.5, 0.6) * DAY_US)
    if dice.chance(0.04):
        return [Label(name, at, "legitimate", None, dice.choice(("appeal", "audit")))]
    source = dice.pick({"investigator": 6, "partner": 2, "chargeback": 1})
    told = case if source == "investigator" and dice.chance(0.7) else None
    return [Label(name, at, "fraud", told, source)]


def _honest(account: Account, dice: Dice) -> list[Label]:
    name = account.account_id
    made = []
    if account.reinstated_at is not None and dice.chance(0.7):
        made.append(Label(name, account.reinstated_at, "legitimate", None, "appeal"))
    if account.phases and dice.chance(0.012):
        first, last = account.phases[0].starts_at, account.phases[-1].ends_at
        at = first + int(dice.random() * max(last - first, HOUR_US)) + DAY_US
        wrong = dice.chance(0.08)
        source = dice.choice(("chargeback", "partner")) if wrong else "audit"
        made.append(Label(name, at, "fraud" if wrong else "legitimate", None, source))
    return made

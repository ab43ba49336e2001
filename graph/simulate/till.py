"""Payments: what the processor reports of every account that pays.

First payment, monthly renewals or top-ups by use, declines before a success, refunds and disputes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graph.simulate.cast import Account, Billing, Card
from graph.simulate.chance import Dice
from graph.simulate.clock import DAY_US, MINUTE_US
from graph.simulate.town import Town


@dataclass(frozen=True, slots=True)
class Payment:
    """One row of the payments table but its ids."""

    account_id: str
    occurred_at: int
    card: Card
    amount_usd: float
    outcome: str


def payments(town: Town, cast: Sequence[Account], dice: Dice) -> list[Payment]:
    """Every payment up to the window's end, in order of time."""
    made = [row for account in cast for row in _of(town, account, dice)]
    return sorted(made, key=lambda p: (p.occurred_at, p.account_id, p.outcome))


def _of(town: Town, account: Account, dice: Dice) -> Iterator[Payment]:
    bill = account.billing
    if bill is None or not account.phases:
        return
    until = max(phase.ends_at for phase in account.phases)
    at = account.created_at + bill.first_after_us + MINUTE_US
    if at < town.start:
        at += int((town.start - at) // (30 * DAY_US)) * 30 * DAY_US
        at -= 30 * DAY_US * dice.randint(0, 2)
        at = max(at, account.created_at + MINUTE_US)
    while at < min(until, town.end):
        yield from _attempts(account, bill, at, town.end, dice)
        at += int((dice.around(12.0, 0.8) if bill.prepaid_credits else 30.4) * DAY_US)


def _attempts(account: Account, bill: Billing, at: int, end: int, dice: Dice) -> Iterator[Payment]:
    """Declines first, then the success, then rarely its refund or dispute."""
    card = dice.choice(bill.cards)
    amount = round(bill.amount_usd * (dice.around(1.0, 0.5) if bill.prepaid_credits else 1.0), 2)
    name = account.account_id
    while dice.chance(bill.decline_share):
        yield Payment(name, at, card, amount, "declined")
        at += int(dice.around(20.0, 1.5) * MINUTE_US)
        card = dice.choice(bill.cards)
        if at >= end:
            return
    yield Payment(name, at, card, amount, "succeeded")
    for outcome, chance, wait in (
        ("refunded", 0.012, 3.0),
        ("disputed", bill.disputed_share, 16.0),
    ):
        later = at + int(dice.around(wait, 0.6) * DAY_US)
        if dice.chance(chance) and later < end:
            yield Payment(name, later, card, amount, outcome)

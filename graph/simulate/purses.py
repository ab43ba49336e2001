"""Cards and banks: issuers of every country, popular ones shared by thousands.

A few virtual and prepaid ranges are used by very many honest people, as they are in life, so that a
range alone proves nothing. It knows nothing of accounts.
"""

from dataclasses import dataclass
from typing import Final

from graph.simulate.cast import Billing, Card
from graph.simulate.chance import Dice
from graph.simulate.clock import DAY_US, HOUR_US

COUNTRIES: Final[dict[str, float]] = {
    "US": 30, "IN": 9, "GB": 7, "DE": 7, "FR": 5, "CA": 4, "BR": 5, "JP": 4, "KR": 4, "AU": 3,
    "NL": 2, "ES": 3, "IT": 3, "PL": 2, "SE": 1.5, "NO": 1, "BE": 1, "TR": 2, "VN": 3, "SG": 3,
    "PH": 2, "TH": 1.5, "ZA": 1.5, "HK": 2.5, "CN": 1.5, "RU": 0.5,
}  # fmt: skip
"""Where accounts are, by weight."""
KINDS: Final[dict[str, float]] = {
    "card": 66, "virtual": 10, "prepaid": 7, "wallet": 8, "bank": 6, "invoice": 3,
}  # fmt: skip
_GLOBAL: Final = ("virtual", "prepaid")


@dataclass(frozen=True, slots=True)
class Issuer:
    """One range (BIN) of one bank."""

    number: str
    country: str
    kind: str


class Bank:
    """Every issuer of a world; draws cards."""

    def __init__(self, dice: Dice) -> None:
        self._of: dict[tuple[str, str], list[Issuer]] = {}
        numbers = iter(dice.sample(range(400_000, 559_999), 900))
        for country in COUNTRIES:
            for kind, count in (("card", 14), ("wallet", 2), ("bank", 3), ("invoice", 1)):
                made = [Issuer(str(next(numbers)), country, kind) for _ in range(count)]
                self._of[country, kind] = made
        for kind in _GLOBAL:
            home = {"US": 7, "GB": 2, "SG": 1, "HK": 1, "DE": 1}
            made = [Issuer(str(next(numbers)), c, kind) for c, n in home.items() for _ in range(n)]
            self._of["*", kind] = made

    def issuer(self, dice: Dice, kind: str, country: str) -> Issuer:
        """An issuer by popularity: the first of a country's list are its big banks."""
        found = self._of["*" if kind in _GLOBAL else country, kind]
        near = [i for i in found if i.country == country] if dice.chance(0.6) else []
        options = near or found
        return options[min(int(len(options) * dice.random() ** 2.2), len(options) - 1)]

    def card(self, dice: Dice, country: str, kind: str | None = None) -> Card:
        """A new card of somebody living in the country; one in sixteen is foreign."""
        drawn = kind or dice.pick(KINDS)
        home = dice.pick(COUNTRIES) if dice.chance(0.0625) else country
        issuer = self.issuer(dice, drawn, home)
        return self.of_issuer(dice, issuer)

    def of_issuer(self, dice: Dice, issuer: Issuer) -> Card:
        """A new card of this issuer; some processors do not tell the range."""
        shown = issuer.number if issuer.kind in ("card", "virtual", "prepaid") else None
        if dice.chance(0.03):
            shown = None
        return Card(f"pm_{dice.word(20)}", issuer.kind, shown, issuer.country)


def billing(dice: Dice, cards: tuple[Card, ...], plan: str) -> Billing:
    """How somebody with these cards pays for the plan."""
    amounts = {"pro": 20.0, "team": 30.0, "api": round(dice.around(25.0, 1.0), 2)}
    declines = dice.pick({0.0: 82, 0.12: 12, 0.4: 6})
    wait = 0.0 if dice.chance(0.55) else dice.around(3.0, 1.2) * DAY_US
    return Billing(
        cards, amounts.get(plan, 20.0), plan == "api", declines, int(wait + dice.random() * HOUR_US)
    )

"""People who meet for a weekend: hackathons."""

from collections.abc import Iterator
from dataclasses import replace

from graph.simulate.cast import Account
from graph.simulate.chance import Dice
from graph.simulate.clock import DAY_US, HOUR_US
from graph.simulate.kits import CAMPAIGN_INTENTS, PRODUCT_INTENTS, written_kit
from graph.simulate.purses import COUNTRIES
from graph.simulate.registry import crowd
from graph.simulate.town import Town


@crowd("hackathon", 0.03)
def hackathon(town: Town, dice: Dice) -> Iterator[Account]:
    """A weekend: strangers sign up within a day, in one hall, on starter code with one template."""
    country = dice.pick(COUNTRIES)
    hall = town.networks.shared_block(dice, dice.choice(("campus", "office")), country, 3)
    weeks = int((town.end - town.start) / (7 * DAY_US))
    opens = town.start + (7 * dice.randrange(max(1, weeks)) + 4) * DAY_US + 17 * HOUR_US
    opens = min(opens, town.end - 3 * DAY_US)
    intent = dice.choice(CAMPAIGN_INTENTS[:5] + PRODUCT_INTENTS)
    starter = written_kit(dice, f"hackathon/{dice.word(5)}", intent, dice.randint(1, 3))
    kit = dice.choice(town.public) if dice.chance(0.4) else starter
    streams = town.repertoire.kit(kit, dice.pick({0: 3, 2: 3, 3: 1}))
    place = dice.word(5)
    for number in range(dice.randint(12, 50)):
        at = opens + int(dice.gauss(0, 9) * HOUR_US)
        account = town.person(
            dice, "developer", country if dice.chance(0.7) else None, max(at, town.start)
        )
        begins = max(account.created_at + HOUR_US // 10, opens)
        account.alter(starts_at=begins, ends_at=opens + int(2.4 * DAY_US), active_share=0.95)
        account.alter(
            places=(replace(hall, weight=4.0), *account.phases[0].places[:2]), rhythm="flat"
        )
        account.alter(rate=town.volume * dice.around(18, 0.8))
        account.sends(streams, dice.choice((0.1, 0.5, 0.9, 0.97)))
        account.team = f"hackathon/{place}/{number // 4}"
        account.alter(handover=dice.choice((0.0, 0.0, 0.05, 0.15)))
        if dice.chance(0.25):
            later = replace(account.phases[0], starts_at=opens + 3 * DAY_US, ends_at=town.end)
            later = replace(later, rate=town.volume * 5, active_share=0.1, rhythm="evening")
            account.phases.append(later)
        account.signup_address = dice.choice(hall.addresses)
        yield account

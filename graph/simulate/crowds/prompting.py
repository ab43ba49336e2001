"""People who copy prompts: users of one prompt library, strangers to each other."""

from collections.abc import Iterator

from graph.simulate.cast import Account
from graph.simulate.chance import Dice
from graph.simulate.clock import DAY_US
from graph.simulate.kits import CAMPAIGN_INTENTS, PRODUCT_INTENTS, written_kit
from graph.simulate.registry import crowd
from graph.simulate.town import Town


@crowd("library", 0.085)
def library(town: Town, dice: Dice) -> Iterator[Account]:
    """Readers of one prompt library or course: strangers who send the same few templates.

    Some libraries go viral: their readers come within days, newly signed up. Some publish whole
    conversations, which their readers go on with. Some are courses, worked through day by day.
    """
    intent = dice.choice(CAMPAIGN_INTENTS + PRODUCT_INTENTS)
    made = written_kit(dice, f"library/{dice.word(5)}", intent, dice.randint(1, 4))
    kit = dice.choice(town.public) if dice.chance(0.3) else made
    viral = town.start + int(dice.random() * 0.9 * (town.end - town.start))
    course = dice.chance(0.4)
    hot, spread = course or dice.chance(0.4), dice.choice((0.6, 2.0, 6.0))
    level = dice.pick({2: 3, 3: 1} if course else {0: 4, 2: 4, 3: 1})
    devoted = (0.9, 0.98) if course else (0.15, 0.4, 0.7, 0.95)
    published = dice.choice((0.1, 0.2, 0.35)) if dice.chance(0.5) else 0.0
    for _ in range(dice.randint(20, 110)):
        came = viral + int(dice.expovariate(1 / spread) * DAY_US)
        at = min(came, town.end - DAY_US) if hot else None
        style = dice.pick({"casual": 3, "worker": 3, "developer": 3, "student": 1, "batch": 1})
        account = town.person(dice, style, None, at)
        streams = town.repertoire.kit(kit, level if dice.chance(0.85) else 0)
        account.sends(streams[: dice.randint(1, len(streams))], dice.choice(devoted))
        if course:
            pace = town.volume * dice.around(11.0, 0.8)
            account.alter(rate=pace, active_share=0.4 + 0.5 * dice.random())
        account.team = made.name
        account.alter(handover=published)
        yield account

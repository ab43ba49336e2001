"""Small worlds with one campaign, and what its accounts have in common."""

from collections import defaultdict

import numpy as np

from graph.simulate import World, world
from graph.simulate.presets import CampaignSpec, WorldSpec


def campaign(*tactics: str | tuple[str, float], honest: int = 60, seed: int = 5) -> World:
    """A small world with one campaign of 40 that has these habits."""
    pairs = tuple((t, None) if isinstance(t, str) else t for t in tactics)
    spec = CampaignSpec(0.1, 0.8, 40, 12, pairs)
    return world(WorldSpec("one", honest, 40.0, (spec,)), seed)


def members_of(made: World) -> list[int]:
    """Places in the cast of the campaign's accounts."""
    return [i for i, account in enumerate(made.cast) if account.campaign]


def per_card(made: World) -> float:
    """How many of the campaign's accounts a card pays for, on average."""
    users: dict[str, set[str]] = defaultdict(set)
    guilty = {made.cast[i].account_id for i in members_of(made)}
    for payment in made.payments:
        if payment.account_id in guilty:
            users[payment.card.method].add(payment.account_id)
    return float(np.mean([len(who) for who in users.values()]))

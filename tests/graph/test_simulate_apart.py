"""Rings that keep their accounts apart: each tactic does more of it the stronger it is."""

from collections import Counter, defaultdict

import numpy as np

from graph.simulate import World
from tests.graph.campaign_worlds import campaign, members_of, per_card


def _sharing(made: World) -> float:
    """Share of the campaign's accounts whose device another one of them has, too."""
    devices = [made.cast[i].device_ids[0] for i in members_of(made)]
    held = Counter(device for device in devices if device)
    return float(np.mean([held[device] > 1 for device in devices]))


def test_own_cards_part_the_cards_and_leave_the_devices_shared() -> None:
    farm = (("shared_cards", 0.4), ("device_farm", 0.4))
    cards, devices = [], []
    for strength in (0.0, 0.4, 0.8, 1.0):
        made = campaign(*farm, ("own_cards", strength))
        cards.append(per_card(made))
        devices.append(_sharing(made))

    assert cards == sorted(cards, reverse=True)
    assert cards[0] > 2.0
    assert 1.5 > cards[2] > cards[3] == 1.0
    assert min(devices) > 0.6


def test_the_more_accounts_are_apart_the_fewer_share_anything() -> None:
    ring = (("shared_cards", 0.4), ("device_farm", 0.4), "shared_servers")
    shares = [
        _sharing(campaign(*ring, ("unique_identifiers", strength)))
        for strength in (0.0, 0.33, 0.67, 1.0)
    ]

    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.8
    assert 0.2 < shares[2] < shares[1] < shares[0]
    assert shares[3] == 0


def test_the_more_accounts_are_sharded_the_more_send_one_template_only() -> None:
    shares = []
    for strength in (0.0, 0.33, 0.67, 1.0):
        made = campaign("sibling_templates", ("mixed_traffic", 0.0), ("sharding", strength))
        phases = [p for i in members_of(made) for p in made.cast[i].phases if p.campaign]
        sent = [sum(weight > 0 for _, weight in phase.diet) for phase in phases]
        shares.append(float(np.mean([count == 1 for count in sent])))

    assert shares[0] == 0
    assert shares[3] == 1
    assert 0.15 < shares[1] < 0.5 < shares[2] < 0.85


def test_small_rings_are_more_the_stronger_and_share_no_card_device_or_template() -> None:
    counts = []
    for strength in (0.33, 0.67, 1.0):
        made = campaign("shared_cards", "device_farm", ("small_rings", strength))
        owners: dict[object, set[str]] = defaultdict(set)
        accounts = [made.cast[i] for i in members_of(made)]
        for account in accounts:
            things = [*account.device_ids, *(account.billing.cards if account.billing else ())]
            diet = {s for p in account.phases if p.campaign for s, weight in p.diet if weight > 0.1}
            for thing in (*filter(None, things), *diet):
                owners[thing].add(account.operator or "")
        counts.append(len({account.operator for account in accounts}))
        assert all(len(who) == 1 for who in owners.values())

    assert counts == sorted(set(counts))
    assert counts[0] <= counts[2] / 2

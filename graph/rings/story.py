"""The life of a ring as it is carried from refresh to refresh: its turns, and when it was flagged.

What a refresh alone knows is what changed since the one before; a page about a ring needs all of
it. Only turns that say something are kept, the latest :data:`TURNS_KEPT`, each with how many
accounts joined and left. It knows nothing of accounts but when they were flagged.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graph.rings.model import LineageEvent, Ring, Rings

TURNS_KEPT = 100

Story = Mapping[str, Any]


def with_stories(rings: Rings, previous: Rings | None, flagged_since: Mapping[str, int]) -> Rings:
    """``rings`` with what each has lived through.

    Args:
        rings: of this refresh, under lasting ids, with what changed.
        previous: of the refresh before, with their stories.
        flagged_since: account id -> since when (us) it has been flagged, for accounts that are.
    """
    before = {ring.ring_id: ring for ring in (previous.rings if previous else ())}
    turns: dict[str, list[LineageEvent]] = {}
    for event in rings.lineage:
        turns.setdefault(event.ring_id, []).append(event)
    told = tuple(
        replace(
            ring,
            story=_story(
                ring,
                before.get(ring.ring_id),
                turns.get(ring.ring_id, []),
                (rings.as_of, flagged_since),
            ),
        )
        for ring in rings.rings
    )
    return replace(rings, rings=told)


def _story(
    ring: Ring, was: Ring | None, turns: list[LineageEvent], now: tuple[int, Mapping[str, int]]
) -> Story:
    as_of, flagged_since = now
    before: Story = (was and was.story) or {}
    held = was.account_ids if was else frozenset()
    moved = {"joined": len(ring.account_ids - held), "left": len(held - ring.account_ids)}
    history = [
        *before.get("history", ()),
        *({"at": t.at, "change": t.change.value, "others": list(t.others), **moved} for t in turns),
    ]
    seen = [flagged_since[a] for a in ring.account_ids if a in flagged_since]
    first = [at for at in (before.get("first_flag_at"), *seen) if at is not None]
    flag = before.get("ring_flag_at")
    if flag is None and ring.flagged:
        flag = as_of
    return {
        "history": history[-TURNS_KEPT:],
        "first_flag_at": min(first, default=flag),
        "ring_flag_at": flag,
    }

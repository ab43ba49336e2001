"""Who has how many things in common with a ring or an account, found from that side.

A hub's accounts are never read: what the ring's members hold is, and who else holds that. Things
that so many have that they say nothing (supernodes) are not counted as common.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from api.browse.history import told_of
from api.browse.nodes import around_of, degrees_of
from api.browse.reader import Reader
from api.schemas.graph import SUPERNODE

PER_MEMBER = 200
HOLDERS_MAX = 5_000
"""Holders of all that a ring has that are looked at, of the rarest things first."""
_RING = "ring:"
_ACCOUNT = "account:"


@dataclass(frozen=True, slots=True)
class Kin:
    """For accounts: with how many things they are tied to it, the one in view counted as well.

    For things: how many of it hold them. ``complete`` False: too much is held to be read whole.
    """

    counts: Mapping[str, int]
    complete: bool


def kin_of(reader: Reader, identity: str, view: str) -> Kin:
    """Accounts with something in common with a ring (``ring:ID``) or an account, and those things.

    Args:
        reader: what is read.
        identity: the ring or account.
        view: the node whose neighbours are looked at: it ties them too if the ring has it.

    Raises:
        NotFound: if there is no such ring.
    """
    if identity.startswith(_RING):
        members = told_of(reader, identity.removeprefix(_RING)).member_ids
    else:
        members = [reader.checked(identity)]
    piece = reader.store.neighbourhood(members, per_id=PER_MEMBER)
    inside = frozenset(members)
    degree, around = degrees_of(piece), around_of(piece)
    things = [i for i in degree if i not in inside and degree[i] < SUPERNODE]
    things.sort(key=lambda i: (degree[i], i))
    kept = _within(things, degree)
    counts = Counter({i: len(around.get(i, set()) & inside) for i in degree if i not in inside})
    holders = around_of(reader.store.neighbourhood(kept, per_id=SUPERNODE)) if kept else {}
    for thing in kept:
        held_by = [i for i in holders.get(thing, ()) if i.startswith(_ACCOUNT)]
        # What an account of the ring has for itself alone is nothing in common.
        counts.update(held_by if len(held_by) > 1 else ())
    # A hub in view was not walked to, and ties them all the same.
    if degree.get(view, 0) >= SUPERNODE and view not in inside:
        counts.update([i for i in counts if i.startswith(_ACCOUNT)])
    cut = any(degree[m] > len(around.get(m, ())) for m in members if m in degree)
    return Kin(counts, complete=len(kept) == len(things) and not cut)


def _within(things: list[str], degree: Mapping[str, int]) -> list[str]:
    """As many of ``things``, rarest first, as have at most :data:`HOLDERS_MAX` holders in all."""
    kept, held = [], 0
    for thing in things:
        held += degree[thing]
        if held > HOLDERS_MAX:
            break
        kept.append(thing)
    return kept

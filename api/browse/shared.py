"""A ring as a table: identifiers that two or more accounts share, and which account has which.

This, not the drawing, is what an investigator reads first: a column full but for three cells says
who may only have passed by.
"""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from api.browse.history import Told
from api.browse.nodes import around_of, nodes_of
from api.cursor import page
from api.schemas.answers import moment
from api.schemas.graph import NodeOut
from api.schemas.rings import SharedRow, SharedTable
from graph.snapshot import Snapshot

COLUMNS_MAX = 60


def shared_table(piece: Snapshot, told: Told, window: tuple[int, str | None]) -> SharedTable:
    """Rows after the cursor, most in common first; ``piece`` is around the members."""
    members = told.member_ids
    nodes, around = nodes_of(piece, frozenset(members)), around_of(piece)
    holders = shared_by(nodes, around, told)
    # What so many have that it says nothing stands last, however many of the ring have it.
    found = sorted(holders, key=lambda i: (nodes[i].supernode, -holders[i], i))
    shared = found[:COLUMNS_MAX]
    place = {identity: n for n, identity in enumerate(shared)}
    rows = [
        SharedRow(
            account=nodes[member],
            has=sorted(around.get(member, set()) & place.keys(), key=place.__getitem__),
        )
        for member in members
        if member in nodes
    ]
    rows.sort(key=_row_place)
    shown, more = page(rows, _row_place, *window)
    return SharedTable(
        identifiers=[nodes[identity] for identity in shared],
        rows=list(shown),
        total=len(rows),
        truncated=more is not None or len(found) > len(shared),
        next_cursor=more,
        as_of=moment(told.as_of),
    )


def shared_by(
    nodes: Mapping[str, NodeOut], around: Mapping[str, AbstractSet[str]], told: Told
) -> dict[str, int]:
    """What two or more members have, seen by the moment told of: id -> how many of them."""
    members = told.member_ids
    inside = frozenset(members)
    holders = Counter(thing for m in members for thing in around.get(m, ()) if thing not in inside)
    return {i: n for i, n in holders.items() if n > 1 and _by_then(nodes[i], told)}


def _by_then(node: NodeOut, told: Told) -> bool:
    return told.now or node.first_seen <= moment(told.as_of)


def _row_place(row: SharedRow) -> tuple[float, str]:
    return (-len(row.has), row.account.id)

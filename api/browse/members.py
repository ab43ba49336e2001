"""The accounts of a ring, a page at a time: how firmly they belong, and what is known of each."""

from api.browse.history import Told
from api.browse.nodes import around_of, nodes_of
from api.browse.shared import shared_by
from api.cursor import page
from api.schemas.answers import moment
from api.schemas.rings import MemberList, MemberOut
from graph.schema import NodeType, node_id
from graph.snapshot import Snapshot

Seat = tuple[str, float, int]


def member_page(piece: Snapshot, told: Told, window: tuple[int, str | None]) -> MemberList:
    """The members after the cursor, firmest first; ``piece`` is around all members."""
    seats = sorted(told.row.members, key=_place)
    shown, more = page(seats, _place, *window)
    ids = [node_id(NodeType.ACCOUNT, account) for account, _, _ in shown]
    nodes, around = nodes_of(piece, frozenset(told.member_ids)), around_of(piece)
    shared = shared_by(nodes, around, told).keys()
    items = []
    for identity, (account, strength, since) in zip(ids, shown, strict=True):
        node = nodes.get(identity)
        facts = {} if node is None else node.properties
        items.append(
            MemberOut(
                id=identity,
                account_id=account,
                strength=strength,
                since=moment(since),
                score=None if node is None else node.score,
                status=None if node is None else node.status,
                shared=len(around.get(identity, set()) & shared),
                **{name: facts.get(name) for name in _FACTS},
            )
        )
    return MemberList(items=items, total=len(seats), next_cursor=more, as_of=moment(told.as_of))


_FACTS = ("created_at", "country", "pathway", "plan")


def _place(seat: Seat) -> tuple[float, str]:
    return (-seat[1], seat[0])

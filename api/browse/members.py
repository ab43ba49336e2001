"""The accounts of a ring, a page at a time: how firmly they belong, and what is known of each.

What stands around an account is read for those of the page alone; of the other members only which
of these things they hold as well. It takes two short reads, however many accounts a ring has.
"""

from api.browse.history import Told
from api.browse.nodes import around_of, nodes_of
from api.browse.picture import PER_ACCOUNT
from api.browse.shared import shared_by
from api.cursor import page
from api.schemas.answers import moment
from api.schemas.graph import NodeOut
from api.schemas.rings import MemberList, MemberOut
from graph.schema import NodeType, node_id
from graph.store import GraphStore

Seat = tuple[str, float, int]


def member_page(store: GraphStore, told: Told, window: tuple[int, str | None]) -> MemberList:
    """The members after the cursor, firmest first."""
    seats = sorted(told.row.members, key=_place)
    shown, more = page(seats, _place, *window)
    ids = [node_id(NodeType.ACCOUNT, account) for account, _, _ in shown]
    nodes, around, shared = _around(store, told, ids)
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
                shared=len(around.get(identity, frozenset()) & shared),
                **{name: facts.get(name) for name in _FACTS},
            )
        )
    return MemberList(items=items, total=len(seats), next_cursor=more, as_of=moment(told.as_of))


def _around(
    store: GraphStore, told: Told, ids: list[str]
) -> tuple[dict[str, NodeOut], dict[str, set[str]], set[str]]:
    """What stands around ``ids``, and which of it two or more members of the ring have."""
    piece = store.neighbourhood(ids, per_id=PER_ACCOUNT)
    nodes, around = nodes_of(piece, frozenset(told.member_ids)), around_of(piece)
    shared = set(shared_by(nodes, around, told))
    # One tie is this page's own: only what has more can be held by a member that is not on it.
    open_ = [i for i, n in nodes.items() if not n.member and n.degree > 1 and i not in shared]
    if len(ids) < len(told.row.members) and open_:
        others = around_of(store.between([*open_, *told.member_ids]))
        shared |= shared_by(nodes, {**others, **around}, told).keys()
    return nodes, around, shared


_FACTS = ("created_at", "country", "pathway", "plan")


def _place(seat: Seat) -> tuple[float, str]:
    return (-seat[1], seat[0])

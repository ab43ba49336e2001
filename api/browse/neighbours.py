"""Neighbours of an entity, counted before they are loaded, filtered, ordered, a page at a time.

Three ways lead to a page, each of a cost that does not grow with a hub: in the order of time the
store pages by itself; flagged accounts are few and known by name; and what shares something with a
ring is found from the ring's side. Only when none of these can tell (all of a hub by score or
degree) the most recent :data:`SCAN` are looked at, and the answer says so.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.browse.asked import NeighboursQuery, Order
from api.browse.kin import kin_of
from api.browse.nodes import edges_of, is_flagged, nodes_of, pairs_of
from api.browse.reader import Reader
from api.browse.times import micros
from api.cursor import Key, page
from api.schemas.graph import BundleOut, EdgeOut, Facets, Neighbours, NodeOut
from graph.errors import NotFound
from graph.schema import NodeType, node_id
from graph.snapshot import Snapshot
from graph.store import Flag
from graph.stores.cursor import encode

SCAN = 1_000
"""Neighbours of a hub that are looked at where no index leads to those that are wanted."""
_FLAGS = "flags"


@dataclass(frozen=True)
class Found:
    """Neighbours before they are cut into pages: ids to look up, or the nodes themselves.

    ``total`` None: only a scan could tell. ``complete``: nothing that matches is missing.
    """

    nodes: Mapping[str, NodeOut]
    edges: Sequence[EdgeOut]
    kin: Mapping[str, int]
    complete: bool


def neighbours_of(reader: Reader, identity: str, asked: NeighboursQuery) -> Neighbours:
    """A page of the neighbours of ``identity``.

    Raises:
        NotFound: if there is no such node.
        InputError: if the cursor is none of ours.
    """
    if _by_time(asked):
        return _stored_page(reader, identity, asked)
    if _by_flag(asked):
        return _flag_page(reader, identity, asked)
    found = _found(reader, identity, asked)
    own = found.nodes[identity]
    wanted = [n for n in found.nodes.values() if n.id != identity and _fits(n, found, asked)]
    place = _place(asked.order, _latest(found.edges, identity))
    wanted.sort(key=place)
    shown, more = page(wanted, place, asked.limit, asked.cursor, asked.order.value)
    kept = {node.id for node in shown}
    edges = [edge for edge in found.edges if _other(edge, identity) in kept]
    total = len(wanted) if found.complete else None
    return _answer(reader, own, shown, edges, (total, more, asked, found))


def _by_time(asked: NeighboursQuery) -> bool:
    """Whether the store can page by itself."""
    return asked.order is Order.RECENT and asked.flagged is None and asked.shares_with is None


def _by_flag(asked: NeighboursQuery) -> bool:
    """Whether flagged accounts are asked for in the order the store gives them in."""
    plain = asked.shares_with is None and asked.since is None and asked.until is None
    accounts = asked.kind in (None, NodeType.ACCOUNT)
    return bool(asked.flagged) and asked.order is Order.SCORE and plain and accounts


# -- pages of the store --------------------------------------------------------------------------


def _stored_page(reader: Reader, identity: str, asked: NeighboursQuery) -> Neighbours:
    """Most recently tied first, from the index, which a span ends early."""
    kind = None if asked.kind is None else asked.kind.value
    cursor = asked.cursor
    if cursor is None and asked.until is not None:
        cursor = encode((-micros(asked.until), "", "", ""))
    found = reader.store.neighbours(identity, kind=kind, limit=asked.limit, cursor=cursor)
    nodes, edges = nodes_of(found.piece), edges_of(found.piece)
    own = nodes.pop(identity)
    latest = _latest(edges, identity)
    more, total = found.next_cursor, found.total
    shown = sorted(nodes.values(), key=_place(Order.RECENT, latest))
    if asked.since is not None:
        inside = [node for node in shown if latest[node.id] >= asked.since]
        more = more if len(inside) == len(shown) else None
        shown = inside
    kept = {node.id for node in shown}
    edges = [edge for edge in edges if _other(edge, identity) in kept]
    spanned = asked.since is not None or asked.until is not None
    looked = Found(nodes, edges, {}, found.total <= len(nodes))
    return _answer(reader, own, shown, edges, (None if spanned else total, more, asked, looked))


def _flag_page(reader: Reader, identity: str, asked: NeighboursQuery) -> Neighbours:
    """Flagged accounts of an entity, highest score first: only those of the page are read."""
    flags = reader.store.flags(near=identity)
    shown, more = page(flags, _flag_place, asked.limit, asked.cursor, _FLAGS)
    ids = [node_id(NodeType.ACCOUNT, flag.account_id) for flag in shown]
    found = _among(reader, identity, ids, {}, complete=True)
    nodes = [found.nodes[i] for i in ids if i in found.nodes]
    own = found.nodes[identity]
    return _answer(reader, own, nodes, found.edges, (len(flags), more, asked, found))


def _flag_place(flag: Flag) -> Key:
    return (-flag.score, flag.account_id)


# -- pages of what was found ---------------------------------------------------------------------


def _found(reader: Reader, identity: str, asked: NeighboursQuery) -> Found:
    """What could be wanted, by the way that costs least."""
    if asked.shares_with is not None:
        kin = kin_of(reader, asked.shares_with, identity)
        return _among(reader, identity, list(kin.counts), kin.counts, complete=kin.complete)
    if asked.flagged and asked.kind in (None, NodeType.ACCOUNT):
        flags = reader.store.flags(near=identity)
        named = [node_id(NodeType.ACCOUNT, flag.account_id) for flag in flags]
        return _among(reader, identity, named, {}, complete=True)
    piece = reader.store.neighbourhood([identity], per_id=SCAN)
    nodes = nodes_of(piece)
    if identity not in nodes:
        raise NotFound(f"no entity {identity!r}")
    return Found(nodes, edges_of(piece), {}, nodes[identity].degree <= SCAN)


def _among(
    reader: Reader, identity: str, ids: Sequence[str], kin: Mapping[str, int], *, complete: bool
) -> Found:
    """Those of ``ids`` that are tied to the entity."""
    piece = reader.store.between([identity, *ids])
    nodes = nodes_of(piece, only={identity} | _tied(piece, identity))
    if identity not in nodes:
        raise NotFound(f"no entity {identity!r}")
    return Found(nodes, edges_of(piece, at=identity), kin, complete)


def _tied(piece: Snapshot, identity: str) -> set[str]:
    return {
        target if source == identity else source
        for source, target in pairs_of(piece)
        if identity in (source, target)
    }


def _fits(node: NodeOut, found: Found, asked: NeighboursQuery) -> bool:
    flagged = asked.flagged is None or asked.flagged == is_flagged(node)
    kind = asked.kind is None or node.kind == asked.kind.value
    kin = asked.shares_with is None or found.kin.get(node.id, 0) >= asked.co_shared
    return flagged and kind and kin and _in_span(node, found, asked)


def _in_span(node: NodeOut, found: Found, asked: NeighboursQuery) -> bool:
    if asked.since is None and asked.until is None:
        return True
    return any(
        (asked.since is None or edge.last_seen >= asked.since)
        and (asked.until is None or edge.first_seen <= asked.until)
        for edge in found.edges
        if node.id in (edge.source, edge.target)
    )


def _place(order: Order, latest: Mapping[str, datetime]) -> Callable[[NodeOut], Key]:
    """Where a neighbour stands in an order; what is unknown comes last."""
    if order is Order.SCORE:
        return lambda n: (-(n.score if n.score is not None else -1.0), n.id)
    if order is Order.DEGREE:
        return lambda n: (-n.degree, n.id)
    return lambda n: (-micros(latest[n.id]) if n.id in latest else 0, n.id)


def _latest(edges: Sequence[EdgeOut], identity: str) -> dict[str, datetime]:
    """When each neighbour was last tied."""
    latest: dict[str, datetime] = {}
    for edge in edges:
        other = _other(edge, identity)
        latest[other] = max(edge.last_seen, latest.get(other, edge.last_seen))
    return latest


def _other(edge: EdgeOut, identity: str) -> str:
    return edge.target if edge.source == identity else edge.source


# -- the answer ----------------------------------------------------------------------------------


def _answer(
    reader: Reader,
    own: NodeOut,
    shown: Sequence[NodeOut],
    edges: Sequence[EdgeOut],
    of: tuple[int | None, str | None, NeighboursQuery, Found],
) -> Neighbours:
    total, more, asked, found = of
    facets = _facets(reader, own, found) if asked.facets else None
    hidden = max(0, own.degree - len(edges))
    # The rest of an account's neighbours is as mixed as what is shown; of an entity's it is not.
    kind = NodeType.ACCOUNT.value if own.kind != NodeType.ACCOUNT.value else "entity"
    flagged = max(0, own.flagged - sum(map(is_flagged, shown)))
    rest = BundleOut(id=f"bundle:{own.id}", of=own.id, kind=kind, count=hidden, flagged=flagged)
    return Neighbours(
        nodes=[own.model_copy(update={"hidden": hidden}), *shown],
        edges=list(edges),
        bundles=[rest] if hidden else [],
        facets=facets,
        total=total,
        truncated=more is not None or not found.complete or hidden > 0,
        next_cursor=more,
        as_of=reader.era().moment,
    )


def _facets(reader: Reader, own: NodeOut, found: Found) -> Facets:
    """Counts over all neighbours where the store keeps them, over what was looked at elsewhere."""
    kinds = dict(reader.store.degrees([own.id]).get(own.id, {}))
    accounts = kinds.get(NodeType.ACCOUNT.value, 0)
    flagged = min(own.flagged, accounts)
    counts = Counter(found.kin[i] for i in found.nodes if i in found.kin)
    months = Counter(at.strftime("%Y-%m") for at in _latest(found.edges, own.id).values())
    return Facets(
        kind=kinds,
        flagged={"yes": flagged, "no": accounts - flagged} if accounts else {},
        month=dict(sorted(months.items())),
        co_shared={
            "1": counts[1],
            "2": counts[2],
            "3+": sum(n for shared, n in counts.items() if shared > 2),
        }
        if found.kin
        else {},
        scanned=len(found.nodes) - (own.id in found.nodes),
        complete=found.complete,
    )

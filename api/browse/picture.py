"""A ring drawn: its accounts, what two or more of them share, grouped and laid out on the server.

One read of the store whatever the ring's size. What so many have that it says nothing stands
there once, as a supernode with a bundle for the rest; what is left out is counted, never dropped.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.browse.groups import MEMBERS_LEAST, Group, grouped
from api.browse.layout import BUNDLE_X, two_columns
from api.browse.nodes import edges_of, is_flagged, nodes_of
from api.schemas.answers import moment
from api.schemas.graph import BundleOut, EdgeOut, GroupOut, NodeOut, Subgraph
from graph.schema import NodeType
from graph.snapshot import Snapshot

PER_ACCOUNT = 200
"""Ties of one account that a picture looks at, most recent first."""
SAMPLE = 8


@dataclass(frozen=True, slots=True)
class View:
    """How a ring is to be drawn: ``grouped`` or every account, at most ``nodes`` nodes, a span."""

    grouped: bool = True
    nodes: int = 200
    since: datetime | None = None
    until: datetime | None = None
    least: int = MEMBERS_LEAST

    def shows(self, edge: EdgeOut) -> bool:
        """Whether a tie falls into the span."""
        early = self.until is not None and edge.first_seen > self.until
        late = self.since is not None and edge.last_seen < self.since
        return not early and not late


@dataclass(frozen=True)
class Scene:
    """What is to be drawn before it has places: nodes in order, ties of each account, edges."""

    accounts: Sequence[NodeOut]
    things: Sequence[NodeOut]
    edges: Sequence[EdgeOut]
    total: int

    def ties(self) -> dict[str, list[str]]:
        """Account -> what it is tied to."""
        known = {node.id for node in self.accounts}
        found: dict[str, list[str]] = {node.id: [] for node in self.accounts}
        for edge in self.edges:
            if edge.source in known:
                found[edge.source].append(edge.target)
        return found


def picture(piece: Snapshot, members: Sequence[str], view: View) -> Subgraph:
    """The ring of ``members`` (node ids, firmest first) as a drawing.

    Args:
        piece: the members and what they are tied to.
        members: the ring's accounts.
        view: how much of it, and of when.
    """
    scene = _scene(piece, members, view)
    groups = grouped(scene.ties(), view.least) if view.grouped else []
    ties = _group_ties(scene.ties(), groups)
    apart = [node for node in scene.accounts if node.id in ties]
    room = max(0, view.nodes - len(scene.things) - len(groups))
    alone, cut = apart[:room], len(apart) > room
    places = two_columns(
        [*(group.id for group in groups), *(node.id for node in alone)],
        [node.id for node in scene.things],
        ties,
    )
    drawn = {node.id for node in alone} | {node.id for node in scene.things}
    return Subgraph(
        nodes=[_at(node, places) for node in (*alone, *scene.things)],
        groups=[_group(group, scene, places) for group in groups],
        edges=_edges(scene, groups, drawn),
        bundles=_bundles(scene, places),
        total=scene.total,
        truncated=cut or scene.total > len(scene.accounts) + len(scene.things),
        as_of=moment(piece.as_of),
    )


def _scene(piece: Snapshot, members: Sequence[str], view: View) -> Scene:
    """Accounts in order of the ring, then what is shared, most shared first."""
    inside = frozenset(members)
    nodes = nodes_of(piece, inside)
    edges = [edge for edge in edges_of(piece) if view.shows(edge) and edge.source in inside]
    shared = Counter(edge.target for edge in edges if edge.target not in inside)
    wanted = sorted((i for i, n in shared.items() if n > 1), key=lambda i: (-shared[i], i))
    kept = set(wanted[: max(1, view.nodes // 2)])
    active = {edge.source for edge in edges}
    accounts = [nodes[i] for i in members if i in nodes and i in active]
    return Scene(
        accounts,
        [nodes[identity] for identity in wanted if identity in kept],
        [edge for edge in edges if edge.target in kept],
        len(accounts) + len(wanted),
    )


def _group_ties(ties: Mapping[str, Sequence[str]], groups: Sequence[Group]) -> dict[str, list[str]]:
    """The ties of every node of the left column: groups in place of their members."""
    hidden = {member for group in groups for member in group.members}
    left = {account: list(found) for account, found in ties.items() if account not in hidden}
    return left | {group.id: list(group.signature) for group in groups}


def _group(group: Group, scene: Scene, places: Mapping[str, tuple[float, float]]) -> GroupOut:
    inside = set(group.members)
    members = [node for node in scene.accounts if node.id in inside]
    scores = [node.score for node in members if node.score is not None]
    x, y = places[group.id]
    return GroupOut(
        id=group.id,
        label=f"{len(members)} accounts",
        member_count=len(members),
        member_ids_sample=[node.id for node in members[:SAMPLE]],
        signature=list(group.signature),
        score=max(scores, default=None),
        flagged=sum(is_flagged(node) for node in members),
        x=x,
        y=y,
    )


def _edges(scene: Scene, groups: Sequence[Group], drawn: set[str]) -> list[EdgeOut]:
    """Edges of what is drawn, those of a group's members joined into one a thing and verb."""
    of = {member: group.id for group in groups for member in group.members}
    joined: dict[str, EdgeOut] = {}
    for edge in scene.edges:
        group = of.get(edge.source)
        if group is None:
            if edge.source in drawn and edge.target in drawn:
                joined[edge.id] = edge
            continue
        own = edge.model_copy(update={"id": f"{group}|{edge.kind}|{edge.target}", "source": group})
        held = joined.get(own.id)
        joined[own.id] = own if held is None else _merged(held, own)
    return list(joined.values())


def _merged(held: EdgeOut, more: EdgeOut) -> EdgeOut:
    return held.model_copy(
        update={
            "first_seen": min(held.first_seen, more.first_seen),
            "last_seen": max(held.last_seen, more.last_seen),
            "count": held.count + more.count,
        }
    )


def _bundles(scene: Scene, places: Mapping[str, tuple[float, float]]) -> list[BundleOut]:
    """For each supernode what it is tied to beside the ring."""
    here = Counter(edge.target for edge in scene.edges)
    flagged = {node.id for node in scene.accounts if is_flagged(node)}
    ours = Counter(edge.target for edge in scene.edges if edge.source in flagged)
    return [
        BundleOut(
            id=f"bundle:{node.id}",
            of=node.id,
            kind=NodeType.ACCOUNT.value,
            count=node.degree - here[node.id],
            flagged=max(0, node.flagged - ours[node.id]),
            x=BUNDLE_X,
            y=places[node.id][1],
        )
        for node in scene.things
        if node.supernode and node.degree > here[node.id]
    ]


def _at(node: NodeOut, places: Mapping[str, tuple[float, float]]) -> NodeOut:
    x, y = places[node.id]
    return node.model_copy(update={"x": x, "y": y})

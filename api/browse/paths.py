"""Shortest paths between two nodes: both sides grow a step at a time until they meet.

Each step is one read of the store for a whole frontier, the smaller side first. Supernodes are
stepped over unless asked for (they tie everybody to everybody), and time and room are bounded: what
was not looked at is said by ``gave_up``.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from api.browse.nodes import around_of, edges_of, nodes_of
from api.schemas.answers import moment
from api.schemas.graph import NodeOut, PathIn, PathOut
from graph.errors import NotFound
from graph.store import GraphStore

FRONTIER_MAX = 2_000
PER_NODE = 100
PATHS_MAX = 10
LIMIT_S = 2.0


@dataclass
class _Side:
    """What one end has reached: the nodes before each on its shortest ways, and the outermost."""

    start: str
    before: dict[str, set[str]] = field(default_factory=dict)
    depth: dict[str, int] = field(default_factory=dict)
    frontier: list[str] = field(default_factory=list)
    steps: int = 0

    @classmethod
    def at(cls, start: str) -> "_Side":
        """A side that has not moved."""
        return cls(start, {start: set()}, {start: 0}, [start])


def paths_between(
    store: GraphStore, asked: PathIn, clock: Callable[[], float] = time.monotonic
) -> PathOut:
    """The shortest paths of at most ``max_hops`` ties, at most :data:`PATHS_MAX` of them.

    Raises:
        NotFound: if one of the ends does not exist.
    """
    ends = store.between([asked.from_id, asked.to])
    known = nodes_of(ends)
    for end in (asked.from_id, asked.to):
        if end not in known:
            raise NotFound(f"no entity {end!r}")
    search = _Search(store, asked, clock() + LIMIT_S, clock)
    paths = search.run()
    piece = store.between(list(dict.fromkeys(node for path in paths for node in path)))
    nodes, steps = nodes_of(piece), {frozenset(pair) for path in paths for pair in _pairs(path)}
    return PathOut(
        paths=paths,
        nodes=list(nodes.values()),
        edges=[e for e in edges_of(piece) if frozenset((e.source, e.target)) in steps],
        explored=search.explored,
        gave_up=search.gave_up,
        as_of=moment(piece.as_of),
    )


class _Search:
    def __init__(
        self, store: GraphStore, asked: PathIn, until_s: float, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._asked = asked
        self._until_s = until_s
        self._clock = clock
        self._ends = frozenset((asked.from_id, asked.to))
        self._sides = (_Side.at(asked.from_id), _Side.at(asked.to))
        self.explored = 0
        self.gave_up = False

    def run(self) -> list[list[str]]:
        """The paths, shortest only, in a stable order."""
        if self._asked.from_id == self._asked.to:
            return [[self._asked.from_id]]
        here, there = self._sides
        while here.steps + there.steps < self._asked.max_hops:
            side = min(here, there, key=lambda s: (not s.frontier, len(s.frontier)))
            if not side.frontier or self._clock() > self._until_s:
                self.gave_up = bool(side.frontier)
                break
            self._step(side)
            meeting = sorted(here.depth.keys() & there.depth.keys())
            if meeting:
                return self._joined(meeting)
        return []

    def _step(self, side: _Side) -> None:
        asked = side.frontier[:FRONTIER_MAX]
        self.gave_up |= len(asked) < len(side.frontier)
        piece = self._store.neighbourhood(asked, per_id=PER_NODE)
        nodes, around = nodes_of(piece), around_of(piece)
        self.explored += len(nodes)
        side.steps += 1
        reached: dict[str, None] = {}
        for node in asked:
            self.gave_up |= nodes[node].hidden > 0
            for other in sorted(around.get(node, ())):
                if not self._passable(nodes[other]):
                    continue
                if side.depth.setdefault(other, side.steps) == side.steps:
                    side.before.setdefault(other, set()).add(node)
                    reached[other] = None
        side.frontier = list(reached)

    def _passable(self, node: NodeOut) -> bool:
        avoided = node.supernode and self._asked.avoid_supernodes
        return not avoided or node.id in self._ends

    def _joined(self, meeting: list[str]) -> list[list[str]]:
        here, there = self._sides
        least = min(here.depth[node] + there.depth[node] for node in meeting)
        found: dict[tuple[str, ...], None] = {}
        for node in meeting:
            if here.depth[node] + there.depth[node] != least:
                continue
            for head in _ways(here, node):
                for tail in _ways(there, node):
                    found[(*head, *reversed(tail[:-1]))] = None
                    if len(found) >= PATHS_MAX:
                        return [list(path) for path in found]
        return [list(path) for path in found]


def _ways(side: _Side, node: str) -> Iterator[tuple[str, ...]]:
    """Every shortest way of a side from its start to ``node``."""
    if node == side.start:
        yield (node,)
        return
    for before in sorted(side.before[node]):
        for way in _ways(side, before):
            yield (*way, node)


def _pairs(path: list[str]) -> Iterator[tuple[str, str]]:
    return pairwise(path)

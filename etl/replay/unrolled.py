"""What the graph store would be told, event by event, laid out so that any stretch is one slice.

A replay writes what happened between two sign-ups, thousands of times. Facts of distinct rows
are worked out once by ``graph.facts.facts_of``, and each occurrence of an edge knows how often the
edge has been seen so far; so a stretch of time is a slice, and an edge in it is written once with
its *absolute* value, as the journal would. It knows nothing of stores. Read :mod:`etl.replay.walk`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from etl.replay.timeline import EventTables
from graph.facts import Edge, Event, Facts, Node, Payment, Place, Request, Session, Signup, facts_of
from graph.schema import NodeType

Ints = npt.NDArray[np.int64]

_PLACE = ("ip", "subnet", "asn", "asn_name", "ip_country", "ip_class")
_SIGNUP = (
    "account_id", *_PLACE, "mailbox", "email_domain", "email_class", "email_shape", "phone",
    "phone_country", "device", "user_agent", "country", "pathway", "plan", "organisation",
    "referrer_account_id",
)  # fmt: skip
_STATUS = {"ban": "banned", "limit": "limited", "reinstate": "active"}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Unrolled:
    """Occurrences of nodes and edges in the order of time.

    Shapes: ``at``, ``edge``, ``count`` int64 [O], an occurrence each: when, which edge, and the
    edge's number of events up to and with this one; ``first`` int64 [K] and ``edges`` [K]
    (source id, verb, target id). ``node_at`` int64 [M] and ``nodes`` [M]: a node as of the moment
    at which something new was learnt about it.
    """

    at: Ints
    edge: Ints
    count: Ints
    first: Ints
    edges: tuple[tuple[str, str, str], ...]
    node_at: Ints
    nodes: tuple[Node, ...]

    def between(self, since: int, before: int) -> Facts:
        """What happened at ``since <= at < before`` (us), each edge once, by its last value."""
        start, stop = np.searchsorted(self.at, [since, before])
        rows = np.arange(start, stop)[::-1]
        _, newest = np.unique(self.edge[rows], return_index=True)
        first, last = np.searchsorted(self.node_at, [since, before])
        return Facts(self.nodes[first:last], tuple(self._written(rows[newest])))

    def _written(self, rows: Ints) -> Iterator[Edge]:
        edges, ats, counts = self.edge[rows], self.at[rows], self.count[rows]
        firsts = self.first[edges]
        for edge, at, count, first in zip(
            edges.tolist(), ats.tolist(), counts.tolist(), firsts.tolist(), strict=True
        ):
            source, verb, target = self.edges[edge]
            yield Edge(source, verb, target, first, at, count, count)


def unroll(events: EventTables) -> Unrolled:
    """Lay out the facts of every event that ``events`` holds."""
    spool = _Spool()
    for table, (columns, event_of) in _MAKERS.items():
        spool.take(events.read(table), columns, event_of)
    spool.take_statuses(events.read("enforcements"))
    return spool.wound()


@dataclass
class _Spool:
    """Occurrences as they come, table by table."""

    edges: dict[tuple[str, str, str], int] = field(default_factory=dict)
    at: list[Ints] = field(default_factory=list)
    edge: list[Ints] = field(default_factory=list)
    nodes: list[tuple[int, Node]] = field(default_factory=list)

    def take(
        self, table: pa.Table, columns: tuple[str, ...], event_of: Callable[[Row, int], Event]
    ) -> None:
        """Work out the facts of each distinct row once, and note when they occurred."""
        if not table.num_rows:
            return
        held = [name for name in columns if name in table.column_names]
        frame = pl.DataFrame(pl.from_arrow(table.select([*held, "at"])))
        kinds = frame.group_by(held, maintain_order=True).agg(pl.col("at").min().alias("first"))
        kinds = kinds.with_row_index("distinct")
        which = frame.join(kinds, on=held, how="left", nulls_equal=True, maintain_order="left")
        starts, members = self._facts_of(kinds, event_of)
        kind = which["distinct"].to_numpy().astype(np.int64)
        sizes = np.diff(starts)[kind]
        self.at.append(np.repeat(which["at"].to_numpy().astype(np.int64), sizes))
        offsets = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        self.edge.append(members[np.repeat(starts[kind], sizes) + offsets])

    def _facts_of(
        self, kinds: pl.DataFrame, event_of: Callable[[Row, int], Event]
    ) -> tuple[Ints, Ints]:
        """Edge numbers of every distinct row, as starts [n + 1] and members."""
        starts, members = [0], []
        for row in kinds.iter_rows(named=True):
            facts = facts_of(event_of(row, row["first"]))
            self.nodes += [(row["first"], node) for node in facts.nodes]
            for edge in facts.edges:
                triple = (edge.source, edge.verb, edge.target)
                members.append(self.edges.setdefault(triple, len(self.edges)))
            starts.append(len(members))
        return np.array(starts, np.int64), np.array(members, np.int64)

    def take_statuses(self, enforcements: pa.Table) -> None:
        """An account's status as of each enforcement."""
        if not enforcements.num_rows:
            return
        for row in enforcements.select(["account_id", "at", "action"]).to_pylist():
            status = _STATUS.get(row["action"])
            if status is not None:
                node = Node(NodeType.ACCOUNT, row["account_id"], row["at"], {"status": status})
                self.nodes.append((row["at"], node))

    def wound(self) -> Unrolled:
        """Everything in the order of time."""
        none = [np.empty(0, np.int64)]
        at, edge = np.concatenate(self.at or none), np.concatenate(self.edge or none)
        order = np.argsort(at, kind="stable")
        at, edge = at[order], edge[order]
        first = np.zeros(len(self.edges), np.int64)
        first[edge[::-1]] = at[::-1]
        node_at, nodes = _learnt(self.nodes)
        return Unrolled(at, edge, _running_count(edge), first, tuple(self.edges), node_at, nodes)


def _running_count(edge: Ints) -> Ints:
    """How often each value has occurred up to and with its place, [O]."""
    order = np.argsort(edge, kind="stable")
    ordered = edge[order]
    fresh = np.ones(len(edge), dtype=bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    place = np.arange(len(edge))
    count = np.empty(len(edge), np.int64)
    count[order] = place - np.maximum.accumulate(np.where(fresh, place, 0)) + 1
    return count


def _learnt(occurred: list[tuple[int, Node]]) -> tuple[Ints, tuple[Node, ...]]:
    """Each node whenever something new was learnt about it, with all that was known by then."""
    known: dict[str, Node] = {}
    at: list[int] = []
    nodes: list[Node] = []
    for moment, node in sorted(occurred, key=lambda pair: pair[0]):
        before = known.get(node.id)
        properties = {**(before.properties if before else {}), **node.properties}
        if before is not None and properties == before.properties:
            continue
        first = before.first_seen if before else node.first_seen
        now = Node(node.kind, node.key, first, properties, len(nodes) + 1)
        known[node.id] = now
        nodes.append(now)
        at.append(moment)
    return np.array(at, np.int64), tuple(nodes)


def place_of(row: Row) -> Place | None:
    """Where a cleaned row came from; None where it does not say."""
    if row.get("ip") is None:
        return None
    country, kind = row.get("ip_country"), row.get("ip_class") or "unknown"
    return Place(row["ip"], row["subnet"], row.get("asn"), row.get("asn_name"), country, kind)


def signup_of(row: Row, at: int) -> Signup:
    """A cleaned row of ``signups`` as the event it was."""
    place = place_of(row)
    if place is None:
        raise ValueError("a sign-up without an address passed the door")
    plain = {name: row.get(name) for name in _SIGNUP if name not in _PLACE}
    plain["email_class"] = plain["email_class"] or "none"
    return Signup(at=at, place=place, **plain)  # type: ignore[arg-type]


def payment_of(row: Row, at: int) -> Payment:
    """A cleaned row of ``payments`` as far as the graph goes: who paid with what."""
    return Payment(
        "", row["account_id"], at, row["payment_method"], row["kind"], 0.0, "",
        row.get("issuer"), row.get("issuer_country"),
    )  # fmt: skip


def _session_of(row: Row, at: int) -> Session:
    place = place_of(row)
    if place is None:
        raise ValueError("a session without an address passed the door")
    return Session("", row["account_id"], at, place, row.get("device"))


def _request_of(row: Row, at: int) -> Request:
    return Request("", row["account_id"], at, "", 0, 0, place_of(row))


_MAKERS: dict[str, tuple[tuple[str, ...], Callable[[Row, int], Event]]] = {
    "signups": (_SIGNUP, signup_of),
    "payments": (
        ("account_id", "payment_method", "kind", "issuer", "issuer_country"), payment_of,
    ),
    "sessions": (("account_id", *_PLACE, "device"), _session_of),
    "requests": (("account_id", *_PLACE), _request_of),
}  # fmt: skip

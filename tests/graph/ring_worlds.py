"""A small world for ring tests, told as cleaned events: who signed up, paid, came and asked."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from graph.facts import Edge, Enforcement, Node, Payment, Place, Request, Session, Signup, facts_of
from graph.rings import RingInputs
from graph.rings.inputs import DAY_US, HOUR_US
from graph.schema import EDGE_OF, NodeType
from graph.snapshot import Snapshot

START = 1_767_225_600_000_000  # Thursday, 2026-01-01 00:00 UTC
MINUTE_US = 60_000_000


@dataclass
class World:
    """Events in any order, and the inputs of the ring finder that follow from them."""

    seed: int = 7
    events: list[object] = field(default_factory=list)
    marks: dict[str, tuple[int, int]] = field(default_factory=dict)
    clusters: dict[str, tuple[float, str]] = field(default_factory=dict)
    suspicion: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self._serial = 0

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def place(self, name: str, ip_class: str = "home", country: str = "US") -> Place:
        return Place(name, f"{name}/24", f"AS-{ip_class}-{country}", None, country, ip_class)

    def account(self, name: str, at: int, **known: object) -> str:
        known.setdefault("place", self.place(f"ip-{name}"))
        known.setdefault("pathway", "self_serve")
        known.setdefault("mailbox", f"mail-{name}")
        known.setdefault("email_class", "public")
        known.setdefault("email_domain", "mail.example")
        known.setdefault("email_shape", "a.a9")
        known.setdefault("device", f"device-{name}")
        known.setdefault("user_agent", "chrome/windows")
        known.setdefault("country", "US")
        self.events.append(Signup(name, at, **known))  # type: ignore[arg-type]
        return name

    def pays(self, name: str, at: int, method: str, kind: str = "card", **known: object) -> None:
        event = Payment(f"p{self.serial()}", name, at, method, kind, 20.0, "succeeded")
        for column, value in known.items():
            object.__setattr__(event, column, value)
        self.events.append(event)

    def visits(self, name: str, at: int, place: Place, device: str | None = None) -> None:
        self.events.append(Session(f"s{self.serial()}", name, at, place, device))

    def asks(self, name: str, at: int, cluster: str | None = None, **known: object) -> None:
        marks = known.pop("marks", (0, 0))
        known.setdefault("model", "standard")
        event = Request(
            f"r{self.serial()}",
            name,
            int(at),
            str(known.pop("model")),
            int(known.pop("prompt_tokens", 300)),  # type: ignore[call-overload]
            int(known.pop("completion_tokens", 500)),  # type: ignore[call-overload]
            cluster=cluster,
            **known,  # type: ignore[arg-type]
        )
        self.events.append(event)
        self.marks[event.request_id] = marks  # type: ignore[assignment]

    def banned(self, name: str, at: int) -> None:
        self.events.append(Enforcement(f"e{self.serial()}", name, at, "ban"))

    def people(self, count: int, days: int = 40, prefix: str = "person") -> list[str]:
        """Unrelated honest accounts, with their own card, address and device."""
        names = []
        for i in range(count):
            at = START + int(self.rng.uniform(0, days) * DAY_US)
            name = self.account(
                f"{prefix}{i}",
                at,
                user_agent=str(self.rng.choice(["chrome/windows", "safari/mac"])),
            )
            self.pays(name, at + HOUR_US, f"card-{name}", issuer=f"bin{i % 40}")
            names.append(name)
        return names

    def works(self, name: str, first_day: int, days: int, a_day: float, hours: tuple[int, int]):
        """Plain requests at random moments of the hours given."""
        for day in range(first_day, first_day + days):
            for _ in range(self.rng.poisson(a_day)):
                hour = self.rng.uniform(*hours)
                self.asks(name, START + day * DAY_US + int(hour * HOUR_US))

    def inputs(self, as_of: int, order: Iterable[int] | None = None) -> RingInputs:
        """The ring finder's inputs as of ``as_of``; ``order`` permutes the rows of every table."""
        rng = np.random.default_rng(0 if order is None else sum(order))
        snapshot = snapshot_of([e for e in self.events if e.at <= as_of], as_of)
        ids = snapshot.keys(NodeType.ACCOUNT).to_pylist()
        suspicion = None
        if self.suspicion:
            suspicion = np.array([self.suspicion.get(i, np.nan) for i in ids])
        return RingInputs(
            snapshot,
            as_of,
            suspicion,
            self._cluster_table(),
            *(self._table(kind, rng, order) for kind in (Request, Payment, Signup, Enforcement)),
        )

    def _cluster_table(self) -> pa.Table | None:
        if not self.clusters:
            return None
        weight, why = zip(*self.clusters.values(), strict=True)
        return pa.table({"cluster_id": list(self.clusters), "weight": weight, "why": why})

    def _table(self, kind: type, rng: np.random.Generator, order: object) -> pa.Table | None:
        events = [event for event in self.events if isinstance(event, kind)]
        if not events:
            return None
        names = [slot for slot in kind.__slots__ if slot not in ("place", "mark")]
        columns = {name: [getattr(event, name) for event in events] for name in names}
        if kind is Signup:
            columns |= {
                name: [getattr(event.place, name) for event in events]
                for name in ("ip", "subnet", "asn", "ip_class")
            }
        if kind is Request:
            marks = [self.marks[event.request_id] for event in events]
            columns["system_digest"] = [mark[0] for mark in marks]
            columns["first_turn_digest"] = [mark[1] for mark in marks]
        table = pa.table(columns)
        if order is not None:
            table = table.take(pa.array(rng.permutation(table.num_rows)))
        return table


def snapshot_of(events: Iterable[object], as_of: int) -> Snapshot:
    """The graph of ``events``, as a store would give it."""
    nodes: dict[NodeType, dict[str, Node]] = defaultdict(dict)
    edges: dict[str, dict[tuple[str, str], list[int]]] = defaultdict(dict)
    for event in events:
        facts = facts_of(event)  # type: ignore[arg-type]
        for node in facts.nodes:
            held = nodes[node.kind].get(node.key)
            known = {**(held.properties if held else {}), **node.properties}
            first = min(node.first_seen, held.first_seen if held else node.first_seen)
            nodes[node.kind][node.key] = Node(node.kind, node.key, first, known)
        for edge in facts.edges:
            _count(edges[edge.verb], edge)
    rows = {kind: {key: i for i, key in enumerate(sorted(held))} for kind, held in nodes.items()}
    return Snapshot(
        as_of,
        {kind: _nodes(held) for kind, held in nodes.items()},
        {verb: _edges(verb, held, rows) for verb, held in edges.items()},
    )


def _count(held: dict[tuple[str, str], list[int]], edge: Edge) -> None:
    ends = (edge.source.split(":", 1)[1], edge.target.split(":", 1)[1])
    first, last, count = held.get(ends, [edge.first_seen, edge.last_seen, 0])
    held[ends] = [min(first, edge.first_seen), max(last, edge.last_seen), count + 1]


def _nodes(held: dict[str, Node]) -> pa.Table:
    keys = sorted(held)
    names = sorted({name for node in held.values() for name in node.properties})
    columns = {name: [held[key].properties.get(name) for key in keys] for name in names}
    first = pa.array([held[key].first_seen for key in keys], pa.int64())
    return pa.table({"key": keys, "first_seen": first, **columns})


def _edges(verb: str, held: dict[tuple[str, str], list[int]], rows: dict) -> pa.Table:
    spec = EDGE_OF[verb]
    found = sorted(
        (rows[spec.source][source], rows[spec.target][target], *values)
        for (source, target), values in held.items()
        if target in rows[spec.target]
    )
    columns = list(zip(*found, strict=True))
    return pa.table(
        {
            "source": pa.array(columns[0], pa.int32()),
            "target": pa.array(columns[1], pa.int32()),
            "first_seen": pa.array(columns[2], pa.int64()),
            "last_seen": pa.array(columns[3], pa.int64()),
            "count": pa.array(columns[4], pa.int64()),
        }
    )


def office(world: World, count: int) -> list[str]:
    """Clerks behind one address, with one domain and one card, who keep office hours."""
    place, names = world.place("hq", "office"), [f"clerk{i}" for i in range(count)]
    for i, name in enumerate(names):
        world.account(
            name,
            START + DAY_US + i * HOUR_US,
            place=place,
            email_domain="firm.example",
            email_class="private",
            organisation="Firm",
        )
        world.pays(name, START + 2 * DAY_US, "firm-card")
        world.works(name, 5, 50, 1.0, (9, 17))
    return names

"""A scene of a few hundred accounts, handmade so that what a test sees can be told by eye.

Honest people come with things of their own, some households share an address. A ring's accounts are
opened within hours, share a device and a card, and work at night like a machine. The whole thing is
a function of its seed; the store is the embedded one, in memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import pyarrow as pa
import pytest

from gnn.features_signup import Moment
from gnn.known import Known
from gnn.train import TrainConfig, train
from gnn.training_rows import AccountMoment, TrainingRows
from gnn.vicinity import Vicinity, ids_of
from graph.activity import add_activity
from graph.facts import (
    Edge,
    Event,
    Facts,
    Node,
    Payment,
    Place,
    Request,
    Session,
    Signup,
    facts_of,
)
from graph.snapshot import Snapshot
from graph.stores import open_store
from graph.velocity import Velocity

DAY = 86_400_000_000
HOUR = DAY // 24
TABLE_OF = {Signup: "signups", Payment: "payments", Session: "sessions", Request: "requests"}


@dataclass
class Scene:
    """Events in the order of time, and which account is in which ring."""

    events: list[Event]
    ring_of: dict[str, str]

    @property
    def signups(self) -> list[Signup]:
        return [event for event in self.events if isinstance(event, Signup)]

    def tables(self) -> dict[str, pa.Table]:
        """The journal's tables, with the columns that summaries look at."""
        rows: dict[str, list[dict[str, object]]] = {}
        for event in self.events:
            row = {k: v for k, v in asdict(event).items() if k != "place"}
            place = getattr(event, "place", None)
            if place is not None:
                row |= {"ip": place.ip, "subnet": place.subnet, "asn": place.asn}
                row |= {"ip_country": place.country, "ip_class": place.ip_class}
            rows.setdefault(TABLE_OF[type(event)], []).append(row)
        return {name: pa.Table.from_pylist(table) for name, table in rows.items()}

    def snapshot(self, as_of: int) -> Snapshot:
        """The graph of what happened up to ``as_of``, with activity set."""
        with open_store("sqlite://") as store:
            store.write(_summed(event for event in self.events if event.at <= as_of))
            whole = replace(store.snapshot(), as_of=as_of)
        return add_activity(whole, self.tables())

    def walk(self) -> Iterator[Moment]:
        """Each sign-up with the sign-ups before it."""
        velocity = Velocity()
        with open_store("sqlite://") as store:
            for event in self.events:
                if isinstance(event, Signup):
                    piece = store.neighbourhood(ids_of(event))
                    rates = velocity.rates(event, event.at)
                    yield Moment(event, Vicinity.of(event, piece), event.at, rates=rates)
                    store.write(facts_of(event))
                    velocity.see(event)

    def training(self, until: int, moments: Sequence[int]) -> TrainingRows:
        """What a training up to ``until`` is given; every second mate is known by then."""
        opened = {event.account_id: event.at for event in self.signups}
        known = {
            a: until for n, a in enumerate(sorted(self.ring_of)) if n % 2 and opened[a] < until
        }
        told = Known(known, campaign={account: self.ring_of[account] for account in known})
        seen = [AccountMoment.of(self.snapshot(at)) for at in moments]
        return TrainingRows(until, told, seen, [m for m in self.walk() if m.now <= until])


def _summed(events: Iterable[Event]) -> Facts:
    """The facts of many events with every edge summed, as a journal gives them."""
    edges: dict[tuple[str, str, str], Edge] = {}
    nodes: dict[str, Node] = {}
    for facts in map(facts_of, events):
        for node in facts.nodes:
            if node.id not in nodes or node.properties:
                nodes[node.id] = node
        for edge in facts.edges:
            key = (edge.source, edge.verb, edge.target)
            had = edges.get(key, replace(edge, count=0))
            count = had.count + 1
            edges[key] = replace(had, last_seen=edge.last_seen, count=count, version=count)
    return Facts(tuple(nodes.values()), tuple(edges.values()))


def _place(name: str, kind: str = "home") -> Place:
    return Place(f"ip-{name}", f"net-{name}", "AS1", "an operator", "DE", kind)


def _honest(number: int, rng: np.random.Generator) -> Iterator[Event]:
    name = f"h{number:04d}"
    at = int(rng.integers(0, 30 * DAY))
    home = _place(f"house-{number // 3}" if number % 4 == 0 else name)
    yield Signup(
        name, at, home, "self_serve", f"box-{name}", "gmail.com", "public", "aaaa.aaaa",
        device=f"device-{name}", user_agent="chrome/windows", country="DE",
    )  # fmt: skip
    yield Payment(f"p-{name}", name, at + HOUR, f"card-{name}", "card", 20.0, "succeeded")
    for turn in range(int(rng.integers(2, 20))):
        when = at + int(rng.integers(1, 9 * 24)) * HOUR + int(rng.integers(0, HOUR))
        yield Session(f"s-{name}-{turn}", name, when, home, f"device-{name}", "chrome/windows")
        yield Request(
            f"r-{name}-{turn}", name, when, "large", int(rng.integers(50, 900)),
            int(rng.integers(20, 900)), home, "chrome/windows", f"c-{name}-{turn // 3}",
            turn % 3 + 1,
        )  # fmt: skip


def _ring(ring: str, start: int, size: int, rng: np.random.Generator) -> Iterator[Event]:
    for number in range(size):
        name = f"{ring}-{number:02d}"
        at = start + number * HOUR + int(rng.integers(0, HOUR))
        exit_ = _place(f"{ring}-{number % 5}", "hosting")
        yield Signup(
            name, at, exit_, "self_serve", f"box-{name}", f"{ring}.example", "private", "aaa999",
            device=f"device-{ring}-{number % 3}", user_agent="python-requests", country="DE",
        )  # fmt: skip
        yield Payment(f"p-{name}", name, at + 60, f"card-{ring}", "prepaid", 5.0, "succeeded")
        for turn in range(40):
            when = at + HOUR + turn * HOUR // 2
            yield Request(
                f"r-{name}-{turn}", name, when, "large", 300, 900, exit_, "python-requests",
                f"c-{name}-{turn}", 1,
            )  # fmt: skip


def scene(seed: int = 7, honest: int = 240) -> Scene:
    """Honest accounts over a month, two rings in its first two thirds and one after them."""
    rng = np.random.default_rng(seed)
    events = [event for number in range(honest) for event in _honest(number, rng)]
    ring_of: dict[str, str] = {}
    for ring, day, size in (("red", 3, 16), ("blue", 10, 14), ("late", 22, 12)):
        own = list(_ring(ring, day * DAY, size, rng))
        ring_of |= {event.account_id: ring for event in own if isinstance(event, Signup)}
        events += own
    events.sort(key=lambda event: (event.at, getattr(event, "account_id", "")))
    return Scene(events, ring_of)


@pytest.fixture(scope="session")
def small_scene() -> Scene:
    return scene()


@pytest.fixture(scope="session")
def training(small_scene: Scene) -> TrainingRows:
    return small_scene.training(20 * DAY, [6 * DAY, 12 * DAY, 16 * DAY, 20 * DAY])


@pytest.fixture(scope="session")
def bundle(training: TrainingRows):
    return train(training, TrainConfig(folds=3), np.random.default_rng(5))

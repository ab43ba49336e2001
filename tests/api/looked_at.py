"""A home as the console reads it: three refreshes, a ring that grew, one that another took over.

Read-only and open once a session. Rings are the world's campaigns; what they share is what their
accounts really share in the store, and the reasons name it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from fastapi.testclient import TestClient

from api.app import create_app
from api.opened import store_of
from api.serving.service import Service
from etl.acted_on import flags_of
from etl.asked import Asked
from etl.refreshed import RefreshReport, RefreshState
from etl.shown import flagged_since, generation_of
from graph.door import Door
from graph.facts import Edge, Facts, Node
from graph.flush import flush
from graph.journal.journal import Journal
from graph.rings import RingInputs, Rings
from graph.rings.brief import briefs
from graph.rings.model import Change, Family, LineageEvent, Reason, Ring
from graph.rings.story import with_stories
from graph.schema import NodeType, split_id
from graph.simulate import table
from graph.store import Generation, GraphStore
from tests.api.small_home import KEY, Home, bearer, rings_of

DAY = 86_400_000_000
HUB = "subnet:203.0.113.0/24"
HUB_ACCOUNTS = 1_500
_FAMILIES = {"payment_method": Family.PAYMENT, "prompt_cluster": Family.PROMPTS}


@dataclass(frozen=True)
class Seen:
    """The service, its HTTP client, and the rings of the three refreshes, the latest last."""

    client: TestClient
    service: Service
    home: Home
    refreshes: tuple[Rings, ...]

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """The JSON of an answer that is fine."""
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The JSON of an answer that is fine."""
        answer = self.client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    @property
    def ring(self) -> Ring:
        """The first ring of the latest refresh."""
        return self.refreshes[-1].rings[0]


@contextmanager
def looked_at(home: Home) -> Iterator[Seen]:
    """``home`` with requests of a ring, a hub, and two more refreshes, behind HTTP."""
    first = rings_of(home.world, home.world.town.end)
    with (
        Journal(home.settings.journal_path, Door(KEY).key_id) as journal,
        store_of(home.settings, make=True) as store,
    ):
        if not store.generation()[0]:
            # Another store than the one the home was built with: told everything anew.
            flush(journal, store)
            store.publish(Generation(1, first.as_of, {}, *first.tables()))
        _ask(home, journal, first.rings[0])
        _add_hub(store, first.rings[0])
        refreshes = _refreshed(journal, store, first)
    clock = refreshes[-1].as_of + 1
    with Service.of(home.settings, KEY, clock=lambda: clock) as service:
        app = create_app(service)
        with TestClient(app, raise_server_exceptions=False, headers=bearer(service)) as client:
            yield Seen(client, service, home, refreshes)


def _ask(home: Home, journal: Journal, ring: Ring) -> None:
    """The requests of a ring's accounts."""
    rows = table(home.world, "requests")
    rows = rows.filter(
        pc.is_in(rows["account_id"], value_set=pa.array(sorted(ring.account_ids)))
    ).slice(0, 400)
    columns = {name: rows[name].combine_chunks() for name in rows.column_names}
    journal.append("requests", Door(KEY).batch("requests", columns, rows.num_rows).rows)


def _add_hub(store: GraphStore, ring: Ring) -> None:
    """A network of 1,500 strangers that six of the ring's accounts were seen in as well."""
    strangers = tuple(Node(NodeType.ACCOUNT, f"h{n:04d}", n) for n in range(1, HUB_ACCOUNTS + 1))
    seen = [(account.id, n) for n, account in enumerate(strangers, 1)]
    seen += [(f"account:{member.account_id}", member.since) for member in ring.members[:6]]
    edges = tuple(Edge(account, "SEEN_IN", HUB, at, at) for account, at in seen)
    store.write(Facts((Node(NodeType.SUBNET, split_id(HUB)[1], 1), *strangers), edges))


def _refreshed(journal: Journal, store: GraphStore, first: Rings) -> tuple[Rings, ...]:
    start = first.as_of
    kept, merged = first.rings[:2], first.rings[2]
    small = replace(kept[0], members=kept[0].members[:-1], version=4)
    turns = [(0, Change.BORN, ()), (1, Change.BORN, ()), (2, Change.BORN, ())]
    second = Rings(start + DAY, (small, kept[1], merged), _turns(first, start + DAY, turns))
    grown = replace(kept[0], version=5)
    turns = [(0, Change.GREW, ()), (1, Change.MERGED, (merged.ring_id,))]
    third = Rings(start + 2 * DAY, (grown, kept[1]), _turns(first, start + 2 * DAY, turns))
    told: list[Rings] = []
    for number, rings in enumerate((second, third), 2):
        told.append(_published(journal, store, (rings, told[-1] if told else None), number))
    return (first, *told)


def _turns(
    rings: Rings, at: int, turns: list[tuple[int, Change, tuple[str, ...]]]
) -> tuple[LineageEvent, ...]:
    return tuple(LineageEvent(rings.rings[n].ring_id, at, c, others) for n, c, others in turns)


def _published(
    journal: Journal, store: GraphStore, both: tuple[Rings, Rings | None], number: int
) -> Rings:
    """A refresh as the job would publish it, of rings that are given."""
    found, previous = both
    inputs = RingInputs(replace(store.snapshot(), as_of=found.as_of), found.as_of)
    shared = briefs(found, inputs)
    rings = replace(
        found, rings=tuple(_reasoned(r, shared[r.ring_id]["shared"]) for r in found.rings)
    )
    flags = flags_of(None, rings, previous)
    since = flagged_since(store, flags, rings.as_of)
    rings = with_stories(rings, previous, since)
    state = RefreshState(Asked.nothing("tests"), number, rings)
    report = RefreshReport(rings.as_of, state, inputs, rings, None, flags)
    store.publish(generation_of(report, since, entities=True))
    return rings


def _reasoned(ring: Ring, shared: list[str]) -> Ring:
    """The ring with a reason for each kind of thing that its accounts share."""
    by_kind: dict[str, list[str]] = {}
    for identity in shared:
        by_kind.setdefault(split_id(identity)[0].value, []).append(identity)
    reasons = [
        Reason(
            f"shared.{kind}", f"They share {kind}; few do", 1.0, 0.1, 3.0,
            _FAMILIES.get(kind, Family.IDENTIFIERS), tuple(things),
        )
        for kind, things in by_kind.items()
    ]  # fmt: skip
    lockstep = Reason("timing.lockstep", "They work in lockstep", 0.9, 0.1, 4.0, Family.TIMING)
    sorting = Reason("triage.own_kit", "They work one kit", 0.8, 0.05, 0.0)
    return replace(ring, reasons=(*reasons, lockstep, sorting))

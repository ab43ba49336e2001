"""What every answer of the read side needs: the store, the journal, the cases, and one generation.

What can be known once a refresh (its rings by id, which rings name an entity, which ring took
another over) is read once a refresh and kept. The cases people work on are asked at every call:
they change between refreshes. It knows nothing of HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, Protocol

from api.browse.masks import Masks
from api.browse.nodes import checked
from api.schemas.answers import moment
from api.schemas.rings import RingSummary
from api.schemas.telling import title_of, usual_of
from graph.journal.journal import Journal
from graph.normalise import Pseudonyms
from graph.store import GraphStore, RingRow


class Cases(Protocol):
    """What people have made of rings, and rings that they made: ``graph.ledger`` knows."""

    def cases(self, ring_ids: Sequence[str] | None = None) -> Mapping[str, Mapping[str, Any]]:
        """``status``, ``assignee``, ``snoozed_until`` by ring (None: all); unworked are absent."""
        ...

    def gathered(self) -> Sequence[RingRow]:
        """Cases that were made by hand, without members."""
        ...

    def gathered_mark(self) -> object:
        """What differs as soon as :meth:`gathered` does."""
        ...

    def ring(self, store: GraphStore, ring_id: str) -> RingRow:
        """A ring with its members, found by a refresh or made by hand."""
        ...


class NoCases:
    """Nobody has worked on any ring: a service without a ledger."""

    def cases(self, ring_ids: Sequence[str] | None = None) -> Mapping[str, Mapping[str, Any]]:
        """Nothing."""
        return {}

    def gathered(self) -> Sequence[RingRow]:
        """None."""
        return ()

    def gathered_mark(self) -> object:
        """Always the same."""
        return None

    def ring(self, store: GraphStore, ring_id: str) -> RingRow:
        """The store's."""
        return store.ring(ring_id)


@dataclass(frozen=True)
class Era:
    """One generation as the read side sees it, with the cases that were made by hand.

    ``naming`` lists, for each entity that a ring's evidence names, the rings; ``heirs`` the ring
    that took over one which is gone; ``made`` tells cases made by hand from those made since.
    ``usual`` is the share of flagged rings in which each code of evidence speaks.
    """

    number: int
    as_of: int
    rings: Mapping[str, RingRow] = field(default_factory=dict)
    naming: Mapping[str, Sequence[str]] = field(default_factory=dict)
    heirs: Mapping[str, str] = field(default_factory=dict)
    made: object = None
    usual: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, number: int, as_of: int, rows: Sequence[RingRow], made: object = None) -> "Era":
        """The era of these rings."""
        naming: dict[str, list[str]] = {}
        heirs: dict[str, str] = {}
        for row in rows:
            for identity in named_by(row):
                naming.setdefault(identity, []).append(row.ring_id)
            for turn in _turns(row):
                if turn["change"] in ("merged", "born"):
                    heirs.update((other, row.ring_id) for other in turn["others"])
        living = {row.ring_id: row for row in rows}
        gone = {old: new for old, new in heirs.items() if old not in living}
        return cls(number, as_of, living, naming, gone, made, usual_of(rows))

    def title(self, row: RingRow) -> str:
        """The name of a ring among the others of this era."""
        return title_of(row, self.usual)

    @property
    def moment(self) -> datetime:
        """``as_of`` for the wire."""
        return moment(self.as_of)


class Reader:
    """Store, journal and cases, open together; safe to share between threads."""

    def __init__(
        self,
        store: GraphStore,
        journal: Journal,
        pseudonyms: Pseudonyms,
        cases: Cases | None = None,
    ) -> None:
        self.store = store
        self.journal = journal
        self.pseudonyms = pseudonyms
        self.cases: Cases = cases or NoCases()
        self.masks = Masks(store, pseudonyms)
        self._era = Era(-1, 0)
        self._reading = Lock()

    def era(self) -> Era:
        """The visible generation; read again when another one is published or a case is made."""
        number, as_of = self.store.generation()
        made = self.cases.gathered_mark()
        held = self._era
        if (held.number, held.made) == (number, made):
            return held
        with self._reading:
            if (self._era.number, self._era.made) != (number, made):
                rows = [*self.store.rings(), *self.cases.gathered()]
                self._era = Era.of(number, as_of, rows, made)
            return self._era

    def ring(self, ring_id: str) -> RingRow:
        """A ring of the era with its members.

        Raises:
            NotFound: if there is no such ring.
        """
        return self.cases.ring(self.store, ring_id)

    def checked(self, identity: str) -> str:
        """The id of a node that a caller names, out of its mask if it wears one.

        Raises:
            UnknownName: if it is of no kind of node.
            NotFound: if nothing wears that mask.
        """
        return self.masks.opened(checked(identity))

    def summaries(self, era: Era) -> list[RingSummary]:
        """Every ring of ``era`` with what its case says, highest score first."""
        cases = self.cases.cases()
        return [
            RingSummary.of(row, {"title": era.title(row), **cases.get(row.ring_id, {})})
            for row in era.rings.values()
        ]


def named_by(row: RingRow) -> list[str]:
    """The entities that the evidence of a ring names, each once."""
    detail: Mapping[str, Any] = row.detail
    forms = [*detail.get("reasons", ()), *detail.get("counter_evidence", ())]
    named = [identity for form in forms for identity in form.get("entities", ())]
    return list(dict.fromkeys([*detail.get("shared", ()), *named]))


def _turns(row: RingRow) -> Sequence[Mapping[str, Any]]:
    detail: Mapping[str, Any] = row.detail
    turns: Sequence[Mapping[str, Any]] = detail.get("history", ())
    return turns

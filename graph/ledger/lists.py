"""Block, allow and protected lists: kept in the ledger, consulted from memory by every score.

An entry names an entity (``payment_method:9f2c...``, ``organisation:acme``, ``account:a-17``), why,
who put it there and until when. :class:`Lists` is the copy in memory; it reads what changed when
the counter ``lists`` moves, so that a list of a million entries is read once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from graph.errors import NotFound
from graph.facts import Payment, Signup, facts_of
from graph.ledger.marks import bump
from graph.ledger.port import Ledger, ListEntry, ListName
from graph.ledger.tables import list_entry
from graph.schema import NodeType, node_id

COUNTER = "lists"


@dataclass(frozen=True, slots=True)
class Hit:
    """A thing of a sign-up that stands on a list."""

    list: ListName
    entity_id: str
    reason: str
    entry_id: str


def add(book: Connection, entry: ListEntry) -> ListEntry:
    """Put an entity on a list; an entry that already holds it there at ``created_at`` stays."""
    held = _holding(entry.list, entry.entity_id, entry.created_at)
    row = book.execute(select(list_entry).where(*held)).mappings().first()
    if row is not None:
        return _entry(dict(row))
    fields = {name: getattr(entry, name) for name in ListEntry.__slots__}
    book.execute(insert(list_entry).values(**fields, revision=bump(book, COUNTER)))
    return entry


def remove(book: Connection, identity: str, at: int, by: str) -> ListEntry:
    """Take an entry off its list.

    Raises:
        NotFound: if there is none, or it is off already.
    """
    query = select(list_entry).where(list_entry.c.id == identity, list_entry.c.removed_at.is_(None))
    row = book.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no list entry {identity!r}")
    book.execute(
        update(list_entry)
        .where(list_entry.c.id == identity)
        .values(removed_at=at, removed_by=by, revision=bump(book, COUNTER))
    )
    return _entry(dict(row))


def remove_decided(book: Connection, decision_id: str, at: int, by: str) -> int:
    """Take off what one decision put on lists; gives how many entries that were."""
    done = book.execute(
        update(list_entry)
        .where(list_entry.c.decision_id == decision_id, list_entry.c.removed_at.is_(None))
        .values(removed_at=at, removed_by=by, revision=bump(book, COUNTER))
    )
    return done.rowcount


def standing(
    book: Connection,
    now: int,
    *,
    name: ListName | None = None,
    entity_ids: Iterable[str] | None = None,
    after: tuple[int, str] | None = None,
    limit: int = 200,
) -> list[ListEntry]:
    """Entries that hold at ``now``, newest first, behind ``after`` (created_at, id)."""
    query = select(list_entry).where(_holds(now))
    if name is not None:
        query = query.where(list_entry.c.list == name)
    if entity_ids is not None:
        query = query.where(list_entry.c.entity_id.in_(list(entity_ids)))
    if after is not None:
        at, identity = after
        older = list_entry.c.created_at < at
        same = (list_entry.c.created_at == at) & (list_entry.c.id > identity)
        query = query.where(or_(older, same))
    query = query.order_by(list_entry.c.created_at.desc(), list_entry.c.id).limit(limit)
    return [_entry(dict(row)) for row in book.execute(query).mappings()]


class Lists:
    """The lists in memory; safe to share between threads.

    ``lists.consult(event, payment, now)`` reads no database.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._entries: dict[str, dict[str, ListEntry]] = {}
        self._seen = 0
        self._lock = Lock()
        self.reload()

    def reload(self) -> None:
        """Read what changed since the last time."""
        with self._lock, self._ledger.reading() as book:
            query = (
                select(list_entry)
                .where(list_entry.c.revision > self._seen)
                .order_by(list_entry.c.revision)
            )
            for row in book.execute(query).mappings():
                self._take(dict(row))

    def consult(self, event: Signup, payment: Payment | None, now: int) -> tuple[Hit, ...]:
        """Everything a sign-up names that stands on a list at ``now`` (us)."""
        if not self._entries:
            return ()
        # Who referred an applicant is named by the sign-up too, and is not the applicant.
        ids = [n.id for n in facts_of(event).nodes if n.kind is not NodeType.ACCOUNT]
        ids.append(node_id(NodeType.ACCOUNT, event.account_id))
        if payment is not None:
            ids += [n.id for n in facts_of(payment).nodes if n.kind is not NodeType.ACCOUNT]
        if event.email_domain:
            # Public providers are no node of the graph; a list may name one all the same.
            ids.append(f"email_domain:{event.email_domain}")
        return self.hits(dict.fromkeys(ids), now)

    def hits(self, ids: Iterable[str], now: int) -> tuple[Hit, ...]:
        """What of ``ids`` stands on a list at ``now`` (us), in their order."""
        return tuple(
            Hit(entry.list, identity, entry.reason, entry.id)
            for identity in ids
            for entry in tuple(self._entries.get(identity, {}).values())
            if entry.expires_at is None or now < entry.expires_at
        )

    def _take(self, row: dict[str, Any]) -> None:
        self._seen = row["revision"]
        entry = _entry(row)
        held = dict(self._entries.get(entry.entity_id, {}))
        if row["removed_at"] is None:
            held[entry.id] = entry
        else:
            held.pop(entry.id, None)
        if held:
            self._entries[entry.entity_id] = held
        else:
            self._entries.pop(entry.entity_id, None)


def _holds(now: int) -> ColumnElement[bool]:
    later = list_entry.c.expires_at > now
    return list_entry.c.removed_at.is_(None) & or_(list_entry.c.expires_at.is_(None), later)


def _holding(name: ListName, entity_id: str, now: int) -> tuple[ColumnElement[bool], ...]:
    return (_holds(now), list_entry.c.list == name, list_entry.c.entity_id == entity_id)


def _entry(row: dict[str, Any]) -> ListEntry:
    fields = {name: row[name] for name in ListEntry.__slots__}
    return ListEntry(**{**fields, "list": ListName(fields["list"])})

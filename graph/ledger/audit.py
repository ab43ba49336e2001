"""The audit chain: every act as a link that names the digest of the one before it.

Changing, dropping or re-ordering a link breaks every digest after it, and :func:`verify` says
where. What a link tells of an account (subject, detail) is covered by a salted digest of its own,
the seal, so that erasing an account blanks the two and the salt, and the chain still holds.

Appending locks the head of the chain: acts of two transactions come one after the other, also where
several processes share a PostgreSQL ledger.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from graph.ledger.port import AuditEntry
from graph.ledger.tables import audit, mark

HEAD = "audit_head"
FIRST = "0" * 64
SALT_BYTES = 16
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Act:
    """One act to write down. ``actor`` is a caller's id, ``subject`` an entity's or a thing's."""

    at: int
    actor: str
    action: str
    subject: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk over the chain found; ``broken_at`` is the first link that does not hold."""

    links: int
    head: str
    broken_at: int | None = None
    why: str | None = None


def canonical(value: object) -> str:
    """``value`` as the one JSON text that digests are taken of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def append(book: Connection, acts: Sequence[Act]) -> int:
    """Add ``acts`` to the chain in their order; gives the number of the last link."""
    seq, previous = lock_head(book)
    rows = []
    for act in acts:
        seq += 1
        salt = book.info["chance"](SALT_BYTES).hex()
        detail = canonical(act.detail)
        seal = _sealed(salt, act.subject, detail)
        digest = _linked(previous, seq, act.at, act.actor, act.action, seal)
        rows.append(
            {
                "seq": seq, "at": act.at, "actor": act.actor, "action": act.action,
                "subject": act.subject, "detail": detail, "salt": salt, "seal": seal,
                "previous": previous, "digest": digest,
            }
        )  # fmt: skip
        previous = digest
    if rows:
        book.execute(insert(audit), rows)
        head = canonical([seq, previous])
        book.execute(update(mark).where(mark.c.name == HEAD).values(value=head))
    return seq


def lock_head(book: Connection) -> tuple[int, str]:
    """Number and digest of the last link; nobody else appends until this transaction ends."""
    first = {"name": HEAD, "value": canonical([0, FIRST])}
    kind = sqlite if book.dialect.name == "sqlite" else postgresql
    book.execute(kind.insert(mark).values(first).on_conflict_do_nothing())
    query = select(mark.c.value).where(mark.c.name == HEAD).with_for_update()
    seq, digest = json.loads(book.execute(query).scalar_one())
    return int(seq), str(digest)


def verify(book: Connection) -> Verified:
    """Walk the whole chain and compare its end with the head."""
    previous, seq = FIRST, 0
    for row in _rows(book):
        why = _wrong(row, seq, previous)
        if why is not None:
            return Verified(seq, previous, min(row.seq, seq + 1), why)
        seq, previous = row.seq, row.digest
    kept = book.execute(select(mark.c.value).where(mark.c.name == HEAD)).scalar_one_or_none()
    if (json.loads(kept) if kept else [0, FIRST]) != [seq, previous]:
        return Verified(seq, previous, seq + 1, "the end of the chain is missing")
    return Verified(seq, previous)


def entries(
    book: Connection,
    *,
    before: int | None = None,
    limit: int = 50,
    subject: str | None = None,
    actor: str | None = None,
    action: str | None = None,
) -> list[AuditEntry]:
    """Links from the newest backwards, older than number ``before``."""
    query = select(audit).order_by(audit.c.seq.desc()).limit(limit)
    wanted = {"subject": subject, "actor": actor, "action": action}
    for name, value in wanted.items():
        if value is not None:
            query = query.where(audit.c[name] == value)
    if before is not None:
        query = query.where(audit.c.seq < before)
    return [_entry(row) for row in book.execute(query)]


def count(book: Connection) -> int:
    """Number of links."""
    return int(book.execute(select(func.count()).select_from(audit)).scalar_one())


def blank(book: Connection, seqs: Sequence[int]) -> int:
    """Forget what these links tell; their digests, and so the chain, stay. Gives how many."""
    for seq in seqs:
        book.execute(
            update(audit).where(audit.c.seq == seq).values(subject=None, detail=None, salt=None)
        )
    return len(seqs)


def _rows(book: Connection) -> Iterator[Row[Any]]:
    last = 0
    while True:
        query = select(audit).where(audit.c.seq > last).order_by(audit.c.seq).limit(_PAGE)
        found = book.execute(query).all()
        yield from found
        if len(found) < _PAGE:
            return
        last = found[-1].seq


def _wrong(row: Row[Any], seq: int, previous: str) -> str | None:
    if row.seq != seq + 1:
        return f"link {seq + 1} is missing"
    if row.previous != previous:
        return "it names another predecessor"
    if row.salt is not None and row.seal != _sealed(row.salt, row.subject, row.detail):
        return "its subject or detail was changed"
    if row.salt is None and (row.subject, row.detail) != (None, None):
        return "its subject or detail was written after it was erased"
    if row.digest != _linked(previous, row.seq, row.at, row.actor, row.action, row.seal):
        return "its time, actor or action was changed"
    return None


def _sealed(salt: str, subject: str | None, detail: str) -> str:
    return hashlib.sha256(canonical([salt, subject, detail]).encode()).hexdigest()


def _linked(previous: str, seq: int, at: int, actor: str, action: str, seal: str) -> str:
    return hashlib.sha256(canonical([previous, seq, at, actor, action, seal]).encode()).hexdigest()


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        detail=None if row.detail is None else json.loads(row.detail),
        seal=row.seal,
        previous=row.previous,
        digest=row.digest,
    )

"""Cases: where the work on each ring stands, with notes and saved views.

A ring that nobody touched has an open case of version 0 without a row. Every change makes the next
version, so that two people cannot overwrite each other unseen. Notes are append-only: an edit is a
further revision and the earlier ones stay.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from graph.errors import NotAllowed, NotFound, Stale
from graph.ledger.audit import canonical
from graph.ledger.port import Case, CaseStatus, Note, View
from graph.ledger.tables import note, ring_case, view

_FIELDS = Case.__slots__


def of(book: Connection, ring_ids: Sequence[str]) -> dict[str, Case]:
    """The case of each of these rings, untouched ones included."""
    query = select(ring_case).where(ring_case.c.ring_id.in_(list(ring_ids)))
    found = {row["ring_id"]: _case(dict(row)) for row in book.execute(query).mappings()}
    return {ring_id: found.get(ring_id) or Case(ring_id) for ring_id in ring_ids}


def every(book: Connection) -> dict[str, Case]:
    """Every case that somebody touched, by ring."""
    return {row["ring_id"]: _case(dict(row)) for row in book.execute(select(ring_case)).mappings()}


def awake(case: Case, now: int) -> Case:
    """``case`` as it stands at ``now``: one whose snooze has ended is open again."""
    if case.status is CaseStatus.SNOOZED and case.snooze_until and case.snooze_until <= now:
        return replace(case, status=CaseStatus.OPEN, snooze_until=None)
    return case


def put(book: Connection, case: Case, seen_version: int | None) -> Case:
    """Keep ``case`` as its next version.

    Raises:
        Stale: if its version is not ``seen_version`` any more (None looks at nothing).
    """
    query = select(ring_case.c.version).where(ring_case.c.ring_id == case.ring_id)
    version = book.execute(query.with_for_update()).scalar_one_or_none() or 0
    if seen_version is not None and version != seen_version:
        raise Stale(
            f"the case of {case.ring_id} has version {version}, not {seen_version}",
            current_version=version,
        )
    kept = replace(case, version=version + 1)
    row = {name: getattr(kept, name) for name in _FIELDS}
    kind = sqlite if book.dialect.name == "sqlite" else postgresql
    book.execute(
        kind.insert(ring_case).values(row).on_conflict_do_update(
            index_elements=["ring_id"], set_=row
        )
    )  # fmt: skip
    return kept


# ---------------------------------------------------------------------------------------- notes
def write_note(
    book: Connection, ring_id: str, identity: str, author: str, text: str, at: int
) -> Note:
    """Add a note."""
    row = {"id": identity, "revision": 1, "ring_id": ring_id, "author": author}
    book.execute(insert(note).values(**row, text=text, at=at))
    return Note(identity, ring_id, author, text, at)


def edit_note(book: Connection, identity: str, author: str, text: str, at: int) -> Note:
    """Add a revision to a note; only its author may.

    Raises:
        NotFound: if there is no such note.
        NotAllowed: if somebody else wrote it.
    """
    said = revisions(book, identity)
    if said[0]["author"] != author:
        raise NotAllowed("a note is edited by its author alone")
    row = {"id": identity, "revision": len(said) + 1, "ring_id": said[0]["ring_id"]}
    book.execute(insert(note).values(**row, author=author, text=text, at=at))
    return _note([*said, {**row, "author": author, "text": text, "at": at}])


def revisions(book: Connection, identity: str) -> list[dict[str, Any]]:
    """Every revision of a note, the first one first.

    Raises:
        NotFound: if there is no such note.
    """
    query = select(note).where(note.c.id == identity).order_by(note.c.revision)
    found = [dict(row) for row in book.execute(query).mappings()]
    if not found:
        raise NotFound(f"no note {identity!r}")
    return found


def notes(book: Connection, ring_id: str) -> list[Note]:
    """The notes of a ring, the first one first."""
    query = select(note).where(note.c.ring_id == ring_id).order_by(note.c.id, note.c.revision)
    said: dict[str, list[dict[str, Any]]] = {}
    for row in book.execute(query).mappings():
        said.setdefault(row["id"], []).append(dict(row))
    return sorted(map(_note, said.values()), key=lambda one: (one.created_at, one.id))


def _note(said: list[dict[str, Any]]) -> Note:
    first, last = said[0], said[-1]
    edited = last["at"] if len(said) > 1 else None
    return Note(
        first["id"], first["ring_id"], first["author"], last["text"], first["at"], edited, len(said)
    )


# ---------------------------------------------------------------------------------------- views
def save_view(book: Connection, saved: View) -> None:
    """Keep a view."""
    row = {name: getattr(saved, name) for name in View.__slots__}
    book.execute(insert(view).values(**{**row, "state": canonical(saved.state)}))


def views(book: Connection, owner: str) -> list[View]:
    """The views a person may open: the own ones and those that are shared, newest first."""
    query = select(view).where(or_(view.c.owner == owner, view.c.shared))
    rows = book.execute(query.order_by(view.c.created_at.desc(), view.c.id)).mappings()
    return [_view(dict(row)) for row in rows]


def view_named(book: Connection, identity: str) -> View:
    """One view; whoever has its id may open it, as with any link.

    Raises:
        NotFound: if there is none.
    """
    row = book.execute(select(view).where(view.c.id == identity)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no view {identity!r}")
    return _view(dict(row))


def drop_view(book: Connection, identity: str, owner: str) -> None:
    """Forget a view of one's own.

    Raises:
        NotFound: if the owner has none of that id.
    """
    mine = (view.c.id == identity) & (view.c.owner == owner)
    if book.execute(delete(view).where(mine)).rowcount == 0:
        raise NotFound(f"no view {identity!r} of yours")


def open_cases(book: Connection) -> dict[str, int]:
    """Number of touched cases by status."""
    query = select(ring_case.c.status, func.count()).group_by(ring_case.c.status)
    return {row[0]: row[1] for row in book.execute(query)}


def _view(row: dict[str, Any]) -> View:
    return View(**{**row, "state": json.loads(row["state"])})


def _case(row: dict[str, Any]) -> Case:
    return Case(**{**row, "status": CaseStatus(row["status"])})

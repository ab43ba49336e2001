"""Cases that people made by hand, as rows of the ledger and as rings to read.

``graph.cases.gather`` makes them. A ring's id says where it lives: one that begins with
:data:`MARK` is kept here, with its accounts in a table of their own so that one can be erased;
every other one is the store's and replaced by each refresh.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, func, insert, select

from graph.errors import NotFound
from graph.ledger.audit import canonical
from graph.ledger.tables import gathered, gathered_member
from graph.store import GraphStore, RingRow

MARK = "case-"
"""What the id of a case made by hand begins with."""


def keep(book: Connection, row: RingRow, author: str, at: int) -> None:
    """Keep a case and its members."""
    facts = {
        "score": row.score, "first_seen": row.first_seen, "last_seen": row.last_seen,
        "detail": row.detail,
    }  # fmt: skip
    kept = {"ring_id": row.ring_id, "facts": canonical(facts), "created_at": at}
    book.execute(insert(gathered).values(**kept, author=author))
    members = [{"ring_id": row.ring_id, "account_id": account} for account, _, _ in row.members]
    book.execute(insert(gathered_member), members)


def all_of(book: Connection) -> list[RingRow]:
    """Every case made by hand, without members, as :meth:`GraphStore.rings` gives rings."""
    size = func.count(gathered_member.c.account_id)
    query = (
        select(gathered, size.label("size"))
        .outerjoin(gathered_member, gathered_member.c.ring_id == gathered.c.ring_id)
        .group_by(*gathered.c)
        .order_by(gathered.c.ring_id)
    )
    return [_read(dict(row)) for row in book.execute(query).mappings()]


def mark_of(book: Connection) -> tuple[int, int]:
    """What differs as soon as :func:`all_of` would give something else."""
    cases = select(func.count()).select_from(gathered).scalar_subquery()
    members = select(func.count()).select_from(gathered_member).scalar_subquery()
    row = book.execute(select(cases, members)).one()
    return (row[0], row[1])


def ring_of(book: Connection, store: GraphStore, ring_id: str) -> RingRow:
    """A ring with its members, whether a refresh found it or a person made it.

    Raises:
        NotFound: if there is no such ring.
    """
    if not ring_id.startswith(MARK):
        return store.ring(ring_id)
    row = book.execute(select(gathered).where(gathered.c.ring_id == ring_id)).mappings().first()
    if row is None:
        raise NotFound(f"no ring {ring_id!r}")
    query = select(gathered_member.c.account_id).where(gathered_member.c.ring_id == ring_id)
    accounts = book.execute(query.order_by(gathered_member.c.account_id)).scalars().all()
    members = tuple((account, 1.0, int(row["created_at"])) for account in accounts)
    return replace(_read({**row, "size": len(members)}), members=members)


def _read(row: Mapping[str, Any]) -> RingRow:
    facts = json.loads(row["facts"])
    return RingRow(
        row["ring_id"], facts["score"], row["size"], "active",
        facts["first_seen"], facts["last_seen"], facts["detail"],
    )  # fmt: skip

"""Answers given under an Idempotency-Key: a repeated call gets the first one's, whatever happened.

The answer is kept in the transaction of what it tells. The same key with another body is refused.
"""

import hashlib
import json
from typing import Any

from sqlalchemy import Connection, insert, select

from graph.errors import Conflict
from graph.ledger.audit import canonical
from graph.ledger.tables import answered


def earlier(book: Connection, caller: str, key: str | None, body: object) -> dict[str, Any] | None:
    """The answer this caller got under ``key``, if there was one.

    Raises:
        Conflict: if the call was another one.
    """
    if key is None:
        return None
    mine = (answered.c.caller == caller) & (answered.c.key == key)
    row = book.execute(select(answered).where(mine)).one_or_none()
    if row is None:
        return None
    if row.digest != _digest(body):
        raise Conflict("this Idempotency-Key was used for another call")
    found: dict[str, Any] = json.loads(row.body)
    return found


def keep(
    book: Connection, caller: str, key: str | None, body: object, *, answer: object, at: int
) -> None:
    """Keep ``answer`` as what the caller gets under ``key``."""
    if key is not None:
        row = {"caller": caller, "key": key, "digest": _digest(body), "at": at}
        book.execute(insert(answered).values(**row, body=canonical(answer)))


def _digest(body: object) -> str:
    return hashlib.sha256(canonical(body).encode()).hexdigest()

"""An account taken out of the embedded store for good: its row, its ties, and every mention of it.

The law is in ``graph.store``. Free pages are overwritten afterwards, by rewriting the file.
"""

import sqlite3

from graph.erased import text_without

_RINGS = "SELECT generation, ring_id, detail FROM ring WHERE instr(detail, ?) > 0"
_VERSIONS = (
    "SELECT ring_id, version, detail, members FROM ring_version "
    "WHERE instr(detail, ?1) > 0 OR instr(members, ?1) > 0"
)


def erase(db: sqlite3.Connection, account_word: int, account_id: str) -> None:
    """Take the account out, in the transaction of ``db``."""
    row = db.execute(
        "SELECT number FROM node WHERE kind = ? AND key = ?", (account_word, account_id)
    ).fetchone()
    if row is not None:
        db.execute("DELETE FROM edge WHERE source = ?1 OR target = ?1", row)
        db.execute("DELETE FROM published WHERE node = ?", row)
        db.execute("DELETE FROM node WHERE number = ?", row)
    db.execute("DELETE FROM member WHERE account = ?", (account_id,))
    db.execute("DELETE FROM flag WHERE account = ?", (account_id,))
    for generation, ring_id, detail in db.execute(_RINGS, (account_id,)).fetchall():
        db.execute(
            "UPDATE ring SET detail = ? WHERE generation = ? AND ring_id = ?",
            (text_without(detail, account_id), generation, ring_id),
        )
    for ring_id, version, detail, members in db.execute(_VERSIONS, (account_id,)).fetchall():
        texts = (text_without(detail, account_id), text_without(members, account_id))
        db.execute(
            "UPDATE ring_version SET detail = ?, members = ? WHERE ring_id = ? AND version = ?",
            (*texts, ring_id, version),
        )

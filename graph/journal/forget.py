"""Taking events out of the journal: one label that was withdrawn, or all of an account.

What the lost events had given the sums is added up again from what is left, as after a conflict, so
the journal reads as if they had never come. Nodes that nothing names any more stay as marks for the
stores that follow, until :func:`bury` removes those of an account for good. Statements are written
out from the contract's own names; values are bound.
"""
# ruff: noqa: S608

import sqlite3

from graph.cleaned import SCHEMAS, identity_of
from graph.facts import Label
from graph.journal.write import BatchWriter

_OF_ACCOUNT = {
    table: f"SELECT {', '.join(schema.names)} FROM {table} WHERE account_id = ?"
    for table, schema in SCHEMAS.items()
    if "account_id" in schema.names
}
_DROP = {table: f"DELETE FROM {table} WHERE account_id = ?" for table in _OF_ACCOUNT}
_REFERRED = (
    f"SELECT {', '.join(SCHEMAS['signups'].names)} FROM signups WHERE referrer_account_id = ?"
)


def retract(connection: sqlite3.Connection, label: Label) -> bool:
    """Take a label back; gives whether it was there."""
    key, _ = identity_of(label)
    return connection.execute("DELETE FROM labels WHERE key = ?", (key,)).rowcount > 0


def forget(connection: sqlite3.Connection, account_id: str, version: int) -> dict[str, int]:
    """Take every event of an account out; gives how many by table.

    Who was referred by it keeps the sign-up without the reference.
    """
    lost = {}
    for table, query in _OF_ACCOUNT.items():
        rows = connection.execute(query, (account_id,)).fetchall()
        connection.execute(_DROP[table], (account_id,))
        BatchWriter(connection, table, version).take_back(rows)
        if rows:
            lost[table] = len(rows)
    referred = connection.execute(_REFERRED, (account_id,)).fetchall()
    connection.execute(
        "UPDATE signups SET referrer_account_id = NULL WHERE referrer_account_id = ?", (account_id,)
    )
    BatchWriter(connection, "signups", version).take_back(referred)
    return lost


def bury(connection: sqlite3.Connection) -> int:
    """Remove the marks of nodes and edges that are gone; every store must have seen them."""
    connection.execute("DELETE FROM edge WHERE count = 0")
    return connection.execute(
        "DELETE FROM node WHERE gone AND number NOT IN (SELECT source FROM edge) "
        "AND number NOT IN (SELECT target FROM edge)"
    ).rowcount

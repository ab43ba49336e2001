"""An account taken out of the ledger: its rows, every mention, and what the chain tells of it.

Links of the audit chain stay with their digests and tell nothing more; so do answers to sign-ups.
What was kept is a digest of the account's id under the deployment's key, so that a second request
can be answered without knowing whom it was about. It knows nothing of the graph.
"""

from typing import Any

from sqlalchemy import Column, Connection, Table, delete, select, update

from graph.erased import text_without
from graph.ledger import audit as chain
from graph.ledger import hot
from graph.ledger.tables import (
    announced,
    answered,
    appeal,
    audit,
    audit_sample,
    enforcement,
    gathered,
    gathered_member,
    handover,
    label,
    list_entry,
    note,
    outgoing,
    ring_decision,
    view,
)
from graph.schema import NodeType, node_id

_OF_ACCOUNT = (label, handover, enforcement, appeal, audit_sample, gathered_member)
# Texts that may name the account: the table, its key columns, and the columns.
_TEXTS: tuple[tuple[Table, tuple[str, ...], tuple[str, ...]], ...] = (
    (ring_decision, ("id",), ("plan", "reason")),
    (outgoing, ("seq",), ("body",)),
    (answered, ("caller", "key"), ("body",)),
    (note, ("id", "revision"), ("text",)),
    (view, ("id",), ("state", "name")),
    (list_entry, ("id",), ("reason",)),
    (enforcement, ("id",), ("reason",)),
    (gathered, ("ring_id",), ("facts",)),
)


def erase(book: Connection, account_id: str) -> dict[str, int]:
    """Take the account out; gives how many rows of which table were removed or rewritten."""
    node = node_id(NodeType.ACCOUNT, account_id)
    done: dict[str, int] = {"signup_answer": hot.forget(book, account_id)}
    for table in _OF_ACCOUNT:
        found = book.execute(delete(table).where(table.c.account_id == account_id))
        done[table.name] = found.rowcount
    done["list_entry"] = book.execute(
        delete(list_entry).where(list_entry.c.entity_id == node)
    ).rowcount
    done["announced"] = book.execute(delete(announced).where(announced.c.id == node)).rowcount
    for table, key, columns in _TEXTS:
        rewritten = _rewritten(book, table, key, columns, account_id)
        done[table.name] = done.get(table.name, 0) + rewritten
    done["signup_answer"] += _replies_blanked(book, account_id)
    done["outbox"] = _parcels_rewritten(book, account_id)
    done["audit"] = chain.blank(book, _links(book, account_id, node))
    return {name: count for name, count in sorted(done.items()) if count}


def _replies_blanked(book: Connection, account_id: str) -> int:
    """Blank answers to others that name the account; their seals stay, so the chain holds."""
    answers = hot.signup_answer
    rows = book.execute(
        select(answers.c.seq, answers.c.reply).where(_names(answers.c.reply, account_id))
    ).all()
    named = [row.seq for row in rows if text_without(row.reply, account_id) != row.reply]
    for seq in named:
        book.execute(update(answers).where(answers.c.seq == seq).values(reply=None))
    return len(named)


def _parcels_rewritten(book: Connection, account_id: str) -> int:
    """Rewrite what waits for the graph, or is parked, and names the account."""
    count = 0
    for row in book.execute(select(hot.outbox.c.seq, hot.outbox.c.body)).all():
        body = bytes(row.body).decode("utf-8", "surrogateescape")
        clean = text_without(body, account_id)
        if clean != body:
            kept = clean.encode("utf-8", "surrogateescape")
            book.execute(update(hot.outbox).where(hot.outbox.c.seq == row.seq).values(body=kept))
            count += 1
    return count


def _rewritten(
    book: Connection, table: Table, key: tuple[str, ...], columns: tuple[str, ...], account_id: str
) -> int:
    """Rewrite every text of ``table`` that names the account; gives how many rows that were."""
    named: Any = _names(table.c[columns[0]], account_id)
    for column in columns[1:]:
        named |= _names(table.c[column], account_id)
    rows = book.execute(select(table).where(named)).mappings().all()
    count = 0
    for row in rows:
        place: Any = table.c[key[0]] == row[key[0]]
        for name in key[1:]:
            place &= table.c[name] == row[name]
        texts = {name: row[name] and text_without(row[name], account_id) for name in columns}
        if any(texts[name] != row[name] for name in columns):
            book.execute(update(table).where(place).values(texts))
            count += 1
    return count


def _links(book: Connection, account_id: str, node: str) -> list[int]:
    mentions = (audit.c.subject == node) | _names(audit.c.detail, account_id)
    rows = book.execute(select(audit.c.seq, audit.c.subject, audit.c.detail).where(mentions))
    # `a-1` is found inside `a-17`; that one's links are let be.
    return [
        row.seq
        for row in rows
        if row.subject == node
        or (row.detail and text_without(row.detail, account_id) != row.detail)
    ]


def _names(column: Column[Any], account_id: str) -> Any:
    return column.contains(account_id, autoescape=True)

"""One way for every label: an investigator's, a chargeback, a partner's, an appeal's, an audit's.

:func:`record_label` writes it here with its author and decision, and owes it to the journal, from
which training reads it as a label of the moment it was decided. It knows nothing of training.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, insert, select, true

from graph.contract import LABEL_SOURCES, VERDICTS
from graph.errors import UnknownName
from graph.facts import Label
from graph.ledger.handover import owe
from graph.ledger.port import LabelRecord
from graph.ledger.tables import label


def record_label(book: Connection, record: LabelRecord, now: int) -> LabelRecord:
    """Write a label down and owe it to the journal; gives it as it was kept.

    One account gets one label a source and moment (the contract's key): where there is one, the
    new one is kept a microsecond later, so that the latest word is the last.

    Raises:
        UnknownName: for a verdict or source outside the contract.
    """
    if record.verdict not in VERDICTS:
        raise UnknownName.among("verdict", record.verdict, VERDICTS)
    if record.source not in LABEL_SOURCES:
        raise UnknownName.among("source", record.source, LABEL_SOURCES)
    latest = book.execute(
        select(label.c.decided_at)
        .where(label.c.account_id == record.account_id, label.c.source == record.source)
        .where(label.c.decided_at >= record.decided_at)
        .order_by(label.c.decided_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    kept = record if latest is None else replace(record, decided_at=latest + 1)
    fields = {name: getattr(kept, name) for name in LabelRecord.__slots__}
    book.execute(insert(label).values(**fields, created_at=now))
    owe(book, [_event(kept)], now)
    return kept


def retract(book: Connection, decision_id: str, accounts: Sequence[str], now: int) -> int:
    """Take back what an undone decision said of ``accounts``, here and in the journal."""
    told = [one for one in of_decision(book, decision_id) if one.account_id in set(accounts)]
    owe(book, [_event(one) for one in told], now, retract=True)
    for one in told:
        book.execute(delete(label).where(label.c.id == one.id))
    return len(told)


def of_decision(book: Connection, decision_id: str) -> list[LabelRecord]:
    """The labels that one decision gave."""
    return _found(book, label.c.decision_id == decision_id)


def of_accounts(book: Connection, accounts: Sequence[str]) -> dict[str, LabelRecord]:
    """The latest label of each account that has one."""
    found = _found(book, label.c.account_id.in_(list(accounts)))
    return {one.account_id: one for one in sorted(found, key=lambda one: one.decided_at)}


def every(book: Connection) -> list[LabelRecord]:
    """Every label with its author, oldest first: what labellers are held to each other by."""
    return _found(book, true())


def _found(book: Connection, where: Any) -> list[LabelRecord]:
    query = select(label).where(where).order_by(label.c.decided_at, label.c.id)
    return [
        LabelRecord(**{name: row[name] for name in LabelRecord.__slots__})
        for row in book.execute(query).mappings()
    ]


def _event(record: LabelRecord) -> Label:
    return Label(
        record.account_id, record.decided_at, record.verdict, record.source, record.campaign_id
    )

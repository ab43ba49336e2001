"""The ledger's tables, as SQLAlchemy Core metadata: one place for columns, keys and indexes.

The migrations in ``graph.ledger.migrations`` make them, and a test compares what they make with
this. Times are microseconds since the epoch, UTC; JSON is canonical text (sorted keys). The hot
tables of scoring have their own module beside this one. Read ``graph.ledger.engine`` next.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)
ID_CHARACTERS = 80


def _id(name: str = "id", **rest: Any) -> Column[str]:
    return Column(name, String(ID_CHARACTERS), nullable=False, **rest)


def _at(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


# Counters that others watch (``lists``, ``keys``) and the head of the audit chain.
mark = Table("mark", metadata, _id("name", primary_key=True), _text("value"))

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _at("at"),
    _text("actor"),
    _text("action"),
    _text("subject", null=True),
    _text("detail", null=True),
    _text("salt", null=True),
    _text("seal"),
    _text("previous"),
    _text("digest"),
    Index("ix_audit_subject", "subject"),
)

api_key = Table(
    "api_key",
    metadata,
    _id(primary_key=True),
    _text("name"),
    _text("scopes"),
    _text("role"),
    _text("digest"),
    Column("reasons", Boolean, nullable=False),
    Column("rate_per_s", Float),
    _at("created_at"),
    _text("created_by"),
    _at("expires_at", null=True),
    _at("revoked_at", null=True),
)

list_entry = Table(
    "list_entry",
    metadata,
    _id(primary_key=True),
    _text("list"),
    _text("entity_id"),
    _text("reason"),
    _text("author"),
    _at("created_at"),
    _at("expires_at", null=True),
    _at("removed_at", null=True),
    _text("removed_by", null=True),
    _text("decision_id", null=True),
    Column("revision", Integer, nullable=False),
    Index("ix_list_entry_revision", "revision"),
    Index("ix_list_entry_entity_id", "entity_id"),
    Index("ix_list_entry_decision_id", "decision_id"),
)

label = Table(
    "label",
    metadata,
    _id(primary_key=True),
    _text("account_id"),
    _at("decided_at"),
    _text("verdict"),
    _text("source"),
    _text("author"),
    _text("campaign_id", null=True),
    _text("decision_id", null=True),
    _at("created_at"),
    UniqueConstraint("account_id", "decided_at", "source"),
    Index("ix_label_decision_id", "decision_id"),
)

# Events of the contract (labels, enforcements) that wait for the journal to take them.
handover = Table(
    "handover",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _text("event_table"),
    _text("account_id"),
    _text("body"),
    _at("created_at"),
    _at("taken_at", null=True),
    Index("ix_handover_taken_at", "taken_at"),
    Index("ix_handover_account_id", "account_id"),
)

ring_case = Table(
    "ring_case",
    metadata,
    _id("ring_id", primary_key=True),
    _text("status"),
    _text("assignee", null=True),
    _at("snooze_until", null=True),
    Column("version", Integer, nullable=False),
    _at("changed_at"),
    _text("changed_by"),
)

ring_decision = Table(
    "ring_decision",
    metadata,
    _id(primary_key=True),
    _text("ring_id"),
    _text("action"),
    _text("reason"),
    _text("author"),
    _at("decided_at"),
    Column("ring_version", Integer, nullable=False),
    _text("state"),
    _at("undo_until"),
    _text("plan"),
    _text("case_before"),
    _at("snooze_until", null=True),
    _text("second", null=True),
    _at("ended_at", null=True),
    Index("ix_ring_decision_ring_id", "ring_id"),
    Index("ix_ring_decision_state", "state"),
)

# Cases that people make by hand: what was known of their accounts then, and which they are.
gathered = Table(
    "gathered",
    metadata,
    _id("ring_id", primary_key=True),
    _text("facts"),
    _text("author"),
    _at("created_at"),
)

gathered_member = Table(
    "gathered_member",
    metadata,
    _id("ring_id", primary_key=True),
    Column("account_id", Text, primary_key=True),
    Index("ix_gathered_member_account_id", "account_id"),
)

# Flagged rings and accounts (``kind:key``) that were told to webhooks and are flagged still.
announced = Table("announced", metadata, _id(primary_key=True), _at("at"))

# What a decision did to which account; ``status`` is the account's after it.
enforcement = Table(
    "enforcement",
    metadata,
    _id(primary_key=True),
    _text("account_id"),
    _text("action"),
    _at("at"),
    _text("decision_id", null=True),
    _text("author"),
    _text("reason", null=True),
    Index("ix_enforcement_account_id", "account_id"),
    Index("ix_enforcement_decision_id", "decision_id"),
)

note = Table(
    "note",
    metadata,
    _id(),
    Column("revision", Integer, nullable=False),
    _text("ring_id"),
    _text("author"),
    _text("text"),
    _at("at"),
    UniqueConstraint("id", "revision"),
    Index("ix_note_ring_id", "ring_id"),
)

view = Table(
    "view",
    metadata,
    _id(primary_key=True),
    _text("owner"),
    _text("name"),
    _text("state"),
    Column("shared", Boolean, nullable=False),
    _at("created_at"),
    Index("ix_view_owner", "owner"),
)

appeal = Table(
    "appeal",
    metadata,
    _id(primary_key=True),
    _text("account_id"),
    _text("statement"),
    _at("opened_at"),
    _text("opened_by"),
    _text("outcome", null=True),
    _text("reason", null=True),
    _at("decided_at", null=True),
    _text("decided_by", null=True),
    Index("ix_appeal_account_id", "account_id"),
)

audit_sample = Table(
    "audit_sample",
    metadata,
    _id("account_id", primary_key=True),
    _at("drawn_at"),
    _text("drawn_by"),
    Column("chance", Float, nullable=False),
    _text("verdict", null=True),
    _at("decided_at", null=True),
    _text("decided_by", null=True),
)

outgoing = Table(
    "outgoing",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _id(unique=True),
    _text("name"),
    _at("at"),
    _text("body"),
    Index("ix_outgoing_name", "name"),
)

endpoint = Table(
    "endpoint",
    metadata,
    _id(primary_key=True),
    _text("url"),
    _text("events"),
    _at("created_at"),
    _text("created_by"),
    Column("secret_version", Integer, nullable=False),
    _at("disabled_at", null=True),
)

delivery = Table(
    "delivery",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _id("endpoint_id", primary_key=True),
    Column("attempts", Integer, nullable=False),
    _at("next_at", null=True),
    _at("delivered_at", null=True),
    _text("trouble", null=True),
    Index("ix_delivery_next_at", "next_at"),
)

# Answers that were given under an Idempotency-Key, so that a repeated call gets the same one.
answered = Table(
    "answered",
    metadata,
    _id("caller", primary_key=True),
    Column("key", String(255), primary_key=True),
    _text("digest"),
    _text("body"),
    _at("at"),
    Index("ix_answered_at", "at"),
)

erased = Table(
    "erased",
    metadata,
    _id("digest", primary_key=True),
    _at("at"),
    _text("author"),
    _text("receipt"),
)

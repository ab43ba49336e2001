"""The columns of a cleaned event, what identifies it, and the way between a row and an event.

``graph.door`` fills these columns, ``graph.journal.journal`` keeps them; an event read back equals
the one put in. Two rows with one key are the same event if their digests are equal; the digest
covers what the source said, not what was looked up about it, so a newer address table makes no
conflicts. It knows nothing of files or SQL.
"""

import hashlib
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graph.contract import TABLES
from graph.facts import (
    Enforcement,
    Event,
    Label,
    ModelRelease,
    Payment,
    Place,
    Request,
    Session,
    Signup,
)
from graph.prompts.mark import PromptMark

INTENTS_TYPE = pa.list_(pa.float32(), 7)
_TYPES = {
    "at": pa.int64(),
    "amount_usd": pa.float64(),
    "turn": pa.int64(),
    "prompt_tokens": pa.int64(),
    "completion_tokens": pa.int64(),
    "sketch": pa.binary(),
    "system_sketch": pa.binary(),
    "system_digest": pa.int64(),
    "first_turn_digest": pa.int64(),
    "words": pa.int64(),
    "intent": INTENTS_TYPE,
}
PLACE = ("ip", "subnet", "asn", "asn_name", "ip_country", "ip_class")
MARK = (
    "sketch", "system_digest", "first_turn_digest", "language", "words", "intent", "system_sketch",
)  # fmt: skip
SKETCHES = ("sketch", "system_sketch")
"""The columns of a mark that are bytes."""
_LOOKED_UP = frozenset(
    {"subnet", "asn", "asn_name", "ip_country", "ip_class", "email_class", "phone_country"}
    | {"language", "intent", "sketch", "system_sketch"}
)


def _schema(names: str) -> pa.Schema:
    return pa.schema([(name, _TYPES.get(name, pa.string())) for name in names.split()])


_PLACE, _MARK = " ".join(PLACE), " ".join(MARK)
SCHEMAS: dict[str, pa.Schema] = {
    "signups": _schema(
        f"account_id at {_PLACE} mailbox email_domain email_class email_shape phone phone_country"
        " device user_agent country pathway plan organisation referrer_account_id"
    ),
    "payments": _schema(
        "event_id account_id at payment_method kind issuer issuer_country amount_usd outcome"
    ),
    "sessions": _schema(f"event_id account_id at {_PLACE} device user_agent"),
    "requests": _schema(
        f"request_id account_id at {_PLACE} user_agent model conversation turn prompt_tokens"
        f" completion_tokens outcome {_MARK}"
    ),
    "enforcements": _schema("event_id account_id at action reason"),
    "labels": _schema("account_id at verdict source campaign_id"),
    "model_releases": _schema("model at"),
}
CONTENT: dict[str, tuple[str, ...]] = {
    table: tuple(name for name in schema.names if name not in _LOOKED_UP)
    for table, schema in SCHEMAS.items()
}
TABLE_OF: dict[type[Event], str] = {
    Signup: "signups",
    Payment: "payments",
    Session: "sessions",
    Request: "requests",
    Enforcement: "enforcements",
    Label: "labels",
    ModelRelease: "model_releases",
}


def key_columns(table: str) -> tuple[str, ...]:
    """The cleaned columns that make the key of ``table``."""
    spec = TABLES[table]
    return tuple("at" if name == spec.time else name for name in spec.key)


# -------------------------------------------------------------------------------------- identity
def identity(table: str, batch: pa.RecordBatch) -> tuple[list[bytes], list[bytes]]:
    """The key and the digest of each row, 16 bytes each."""
    heads = _joined(batch, key_columns(table))
    texts = _joined(batch, CONTENT[table])
    keys = [_digest(table.encode(), head) for head in heads]
    if "sketch" not in batch.schema.names:
        return keys, [_digest(b"", text) for text in texts]
    sketches = batch.column("sketch").to_pylist()
    return keys, [_digest(s or b"", text) for s, text in zip(sketches, texts, strict=True)]


def identity_of(event: Event) -> tuple[bytes, bytes]:
    """The key and the digest of one event: the same as its row's in a batch."""
    table = TABLE_OF[type(event)]
    row = row_of(event)
    head = "\x1f".join(_canonical(name, row[name]) for name in key_columns(table))
    text = "\x1f".join(_canonical(name, row[name]) for name in CONTENT[table])
    key = _digest(table.encode(), head.encode())
    return key, _digest(row.get("sketch") or b"", text.encode())


def _digest(prefix: bytes, text: bytes) -> bytes:
    return hashlib.blake2b(prefix + b"\x1e" + text, digest_size=16).digest()


def _joined(batch: pa.RecordBatch, names: Sequence[str]) -> list[bytes]:
    columns = [_canonical_column(name, batch.column(name)) for name in names]
    joined = pc.binary_join_element_wise(
        *columns, "\x1f", null_handling="replace", null_replacement="\x00"
    )
    return list(joined.cast(pa.binary()).to_pylist())


def _canonical_column(name: str, column: pa.Array) -> pa.Array:
    if name == "amount_usd":
        column = pc.round(pc.multiply(column, 1e6)).cast(pa.int64())
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _canonical(name: str, value: Any) -> str:
    if value is None:
        return "\x00"
    return str(round(value * 1e6)) if name == "amount_usd" else str(value)


# ----------------------------------------------------------------------------------------- marks
_HEAD = struct.Struct("<qqii8s7f")


def pack_mark(mark: PromptMark) -> bytes:
    """A mark as the bytes that :attr:`graph.facts.Request.mark` holds."""
    language = mark.language.encode()[:8]
    head = _HEAD.pack(
        mark.system_digest,
        mark.first_turn_digest,
        mark.words,
        len(mark.sketch),
        language,
        *mark.intent,
    )
    return head + mark.sketch + mark.system_sketch


def unpack_mark(packed: bytes) -> PromptMark:
    """The mark that :func:`pack_mark` packed; intents are rounded to single precision."""
    system, first, words, length, language, *intent = _HEAD.unpack_from(packed)
    name = language.rstrip(b"\x00").decode()
    sketch, apart = packed[_HEAD.size : _HEAD.size + length], packed[_HEAD.size + length :]
    return PromptMark(sketch, system, first, name, words, tuple(intent), apart)


# ---------------------------------------------------------------------------------- rows, events
def row_of(event: Event) -> dict[str, Any]:
    """The cleaned columns of an event by name."""
    place = getattr(event, "place", None)
    row = {name: getattr(event, name) for name in type(event).__slots__ if name not in _NOT_COLUMNS}
    if hasattr(event, "place"):
        row |= _place_columns(place)
    if isinstance(event, Request):
        row |= _mark_columns(event.mark)
    return row


_NOT_COLUMNS = frozenset({"place", "mark", "cluster"})


def _place_columns(place: Place | None) -> dict[str, Any]:
    if place is None:
        return dict.fromkeys(PLACE)
    return {
        "ip": place.ip,
        "subnet": place.subnet,
        "asn": place.asn,
        "asn_name": place.asn_name,
        "ip_country": place.country,
        "ip_class": place.ip_class,
    }


def _mark_columns(packed: bytes) -> dict[str, Any]:
    if not packed:
        return dict.fromkeys(MARK)
    mark = unpack_mark(packed)
    return {name: getattr(mark, name) for name in MARK}


def event_of(table: str, row: Mapping[str, Any]) -> Event:
    """The event of a row that has the columns of ``table`` (mark columns may be missing)."""
    return _MAKERS[table](row)


def _plain(kind: Callable[..., Event], table: str) -> Callable[[Mapping[str, Any]], Event]:
    skip = {*PLACE, *MARK}
    names = tuple(name for name in SCHEMAS[table].names if name not in skip)
    placed = "ip" in SCHEMAS[table].names

    def make(row: Mapping[str, Any]) -> Event:
        fields = {name: row[name] for name in names}
        if placed:
            fields["place"] = _place_of(row)
        if table == "requests" and row.get("sketch") is not None:
            # Rows from before system prompts had a sketch hold none.
            mark = {name: row[name] for name in MARK if name != "system_sketch"}
            apart = row.get("system_sketch") or b""
            fields["mark"] = pack_mark(PromptMark(**mark, system_sketch=apart))
        return kind(**fields)

    return make


def _place_of(row: Mapping[str, Any]) -> Place | None:
    if row["ip"] is None:
        return None
    return Place(*(row[name] for name in PLACE))


_MAKERS = {table: _plain(kind, table) for kind, table in TABLE_OF.items()}

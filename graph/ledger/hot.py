"""The hot side of the ledger: what was answered to sign-ups, and what waits to enter the graph.

One answer is one link of a chain of its own (number, predecessor, digest), and the whole of what an
Idempotency-Key must give back; in the same transaction its events go into the outbox, from where
``api.serving.applier`` brings them to journal and store. So an answer that was sent is written
down, and what is written down reaches the graph, whenever the process is killed. A denied
applicant's events are parked: they enter the graph only when the caller reports that the account
was opened after all.

Functions take a transaction, ``book``, as those beside this module do. :func:`record` is called for
a group of answers at a time; it keeps to three statements, because every sign-up pays for them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from graph.ledger.engine import driver
from graph.ledger.tables import ID_CHARACTERS, metadata

FIRST = "0" * 64
KEY_CHARACTERS = 255
_PAGE = 1_000

signup_answer = Table(
    "signup_answer",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("caller", String(ID_CHARACTERS), nullable=False),
    Column("key", String(KEY_CHARACTERS)),
    Column("request_digest", Text, nullable=False),
    Column("inputs_digest", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("degraded", Boolean, nullable=False),
    Column("score", Float),
    Column("model_version", Text),
    Column("graph_as_of", BigInteger, nullable=False),
    Column("id", String(ID_CHARACTERS)),
    Column("account_id", Text),
    Column("reply", Text),
    Column("seal", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("link", Text, nullable=False),
    UniqueConstraint("caller", "key"),
    Index("ix_signup_answer_id", "id"),
    Index("ix_signup_answer_account_id", "account_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column(
        "seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    ),
    Column("kind", Text, nullable=False),
    Column("account_id", Text),
    Column("body", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("parked", Boolean, nullable=False),
    Index("ix_outbox_account_id", "account_id"),
    sqlite_autoincrement=True,
)

signup_outcome = Table(
    "signup_outcome",
    metadata,
    Column("request_id", String(ID_CHARACTERS), primary_key=True),
    Column("outcome", String(ID_CHARACTERS), primary_key=True),
    Column("account_id", Text),
    Column("caller", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reported_at", BigInteger, nullable=False),
)


# For SQLite as texts: making a statement anew costs more than the row that it writes.
_ANSWER_COLUMNS = tuple(column.name for column in signup_answer.columns)
_ADD_ANSWER = (
    f"INSERT INTO signup_answer ({', '.join(_ANSWER_COLUMNS)}) "  # noqa: S608
    f"VALUES ({', '.join('?' * len(_ANSWER_COLUMNS))})"
)
_ADD_PARCEL = "INSERT INTO outbox (kind, account_id, body, at, parked) VALUES (?, ?, ?, ?, ?)"
_DELIVERED = "DELETE FROM outbox WHERE seq = ?"
_EARLIER = (
    "SELECT caller, held.key, request_digest, reply "
    "FROM json_each(?) AS asked CROSS JOIN signup_answer AS held "
    "ON caller = json_extract(asked.value, '$[0]') AND held.key = json_extract(asked.value, '$[1]')"
)
_HEAD = "SELECT seq, link FROM signup_answer ORDER BY seq DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Parcel:
    """Events on their way: ``kind`` says how ``body`` is read; a ``parked`` one stays."""

    kind: str
    body: bytes
    at: int
    account_id: str | None = None
    parked: bool = False
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sign-up was answered; ``reply`` is the very text that was sent.

    ``request_digest`` is of the body as it came, ``inputs_digest`` of what the score was made from.
    ``key`` is the caller's Idempotency-Key, if there was one; ``parcel`` what follows from it.
    """

    at: int
    caller: str
    request_digest: str
    inputs_digest: str
    decision: str
    degraded: bool
    graph_as_of: int
    id: str
    account_id: str
    reply: str
    score: float | None = None
    model_version: str | None = None
    key: str | None = None
    parcel: Parcel | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the same caller was answered under the same key before."""

    request_digest: str
    reply: str | None


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk over the chain of answers found; ``broken_at`` is the first link that fails."""

    links: int
    broken_at: int | None = None


def record(book: Connection, answers: Sequence[Answer]) -> list[Earlier | int | None]:
    """Write down ``answers`` in their order, with what follows from them.

    Gives for each what was answered before under its key, if anything was (it is then not written
    again); else the number of its parcel in the outbox, None without one.
    """
    found: list[Earlier | int | None] = []
    known = _earlier(book, answers)
    seq, previous = _head(book)
    rows: list[dict[str, Any]] = []
    parcels: list[Parcel] = []
    for answer in answers:
        name = (answer.caller, answer.key)
        if answer.key is not None and name in known:
            found.append(known[name])
            continue
        if answer.key is not None:
            known[name] = Earlier(answer.request_digest, answer.reply)
        seq += 1
        row = _row(answer, seq, previous)
        previous = row["link"]
        rows.append(row)
        found.append(-len(parcels) - 1 if answer.parcel is not None else None)
        if answer.parcel is not None:
            parcels.append(answer.parcel)
    if rows and book.dialect.name == "sqlite":
        given = [tuple(row[name] for name in _ANSWER_COLUMNS) for row in rows]
        driver(book).executemany(_ADD_ANSWER, given)
    elif rows:
        book.execute(insert(signup_answer), rows)
    seqs = post(book, parcels)
    return [seqs[-place - 1] if isinstance(place, int) else place for place in found]


def post(book: Connection, parcels: Sequence[Parcel]) -> list[int]:
    """Put ``parcels`` into the outbox; gives their numbers, ascending."""
    if not parcels:
        return []
    if book.dialect.name == "sqlite":
        given = [(p.kind, p.account_id, p.body, p.at, p.parked) for p in parcels]
        db = driver(book)
        db.executemany(_ADD_PARCEL, given)
        # Whoever writes is alone, and numbers are given in turn.
        (last,) = db.execute("SELECT last_insert_rowid()").fetchone()
        return list(range(last - len(parcels) + 1, last + 1))
    rows = [
        {"kind": p.kind, "account_id": p.account_id, "body": p.body, "at": p.at, "parked": p.parked}
        for p in parcels
    ]
    if len(rows) == 1:
        return [int(book.execute(insert(outbox).returning(outbox.c.seq), rows[0]).scalar_one())]
    query = insert(outbox).returning(outbox.c.seq, sort_by_parameter_order=True)
    return [int(seq) for seq in book.execute(query, rows).scalars()]


def waiting(book: Connection, after: int = 0, limit: int = 500) -> list[Parcel]:
    """What waits to enter the graph, oldest first; parked parcels do not."""
    query = (
        select(outbox)
        .where(outbox.c.seq > after, outbox.c.parked.is_(False))
        .order_by(outbox.c.seq)
        .limit(limit)
    )
    return _parcels(book, query)


def _parcels(book: Connection, query: Select[Any]) -> list[Parcel]:
    return [
        Parcel(row.kind, row.body, row.at, row.account_id, row.parked, row.seq)
        for row in book.execute(query)
    ]


def delivered(book: Connection, seqs: Sequence[int]) -> None:
    """These parcels are in the graph."""
    if book.dialect.name == "sqlite":
        driver(book).executemany(_DELIVERED, [(seq,) for seq in seqs])
    else:
        book.execute(delete(outbox).where(outbox.c.seq.in_(list(seqs))))


def depth(book: Connection) -> tuple[int, int]:
    """Number of parcels that wait and of those that are parked."""
    query = select(outbox.c.parked, func.count()).group_by(outbox.c.parked)
    counts = {bool(parked): int(count) for parked, count in book.execute(query).all()}
    return counts.get(False, 0), counts.get(True, 0)


def count(book: Connection) -> int:
    """Number of answers."""
    return int(book.execute(select(func.count()).select_from(signup_answer)).scalar_one())


def answer_of(book: Connection, request_id: str) -> tuple[str | None, str] | None:
    """Account and decision of an answer; None if there is no such answer."""
    query = select(signup_answer.c.account_id, signup_answer.c.decision)
    row = book.execute(query.where(signup_answer.c.id == request_id)).one_or_none()
    return None if row is None else (row.account_id, row.decision)


def latest_of(book: Connection, account_id: str) -> Mapping[str, Any] | None:
    """The latest reply about an account, as it was sent."""
    query = select(signup_answer.c.reply).where(signup_answer.c.account_id == account_id)
    text = book.execute(query.order_by(signup_answer.c.seq.desc()).limit(1)).scalar_one_or_none()
    return None if text is None else dict(json.loads(text))


def report(book: Connection, row: Mapping[str, Any]) -> bool:
    """Write down an outcome (columns of ``signup_outcome``); False if it was known already."""
    where = (
        signup_outcome.c.request_id == row["request_id"],
        signup_outcome.c.outcome == row["outcome"],
    )
    if book.execute(select(signup_outcome.c.at).where(*where)).first() is not None:
        return False
    book.execute(insert(signup_outcome), [dict(row)])
    return True


def parked_of(book: Connection, account_id: str) -> list[Parcel]:
    """The parked parcels of an account, oldest first."""
    where = (outbox.c.account_id == account_id, outbox.c.parked.is_(True))
    return _parcels(book, select(outbox).where(*where).order_by(outbox.c.seq))


def unpark(book: Connection, account_id: str) -> int:
    """Let the parked parcels of an account go on; gives how many."""
    where = (outbox.c.account_id == account_id, outbox.c.parked.is_(True))
    return int(book.execute(update(outbox).where(*where).values(parked=False)).rowcount)


def forget(book: Connection, account_id: str) -> int:
    """Blank what the answers tell of an account, and drop what waits; the chain still holds."""
    book.execute(delete(outbox).where(outbox.c.account_id == account_id))
    book.execute(
        update(signup_outcome)
        .where(signup_outcome.c.account_id == account_id)
        .values(account_id=None)
    )
    blank = {"id": None, "account_id": None, "reply": None, "key": None}
    where = signup_answer.c.account_id == account_id
    return int(book.execute(update(signup_answer).where(where).values(blank)).rowcount)


def verify(book: Connection) -> Walked:
    """Walk the chain of answers from its beginning."""
    previous, seq = FIRST, 0
    while True:
        query = select(signup_answer).where(signup_answer.c.seq > seq)
        rows = book.execute(query.order_by(signup_answer.c.seq).limit(_PAGE)).all()
        for row in rows:
            seal = row.seal if row.reply is None else _seal(row.account_id, row.reply)
            link = _link(previous, row.seq, row.at, row.decision, row.seal)
            if (row.seq, row.previous, row.link, seal) != (seq + 1, previous, link, row.seal):
                return Walked(seq, seq + 1)
            previous, seq = row.link, row.seq
        if len(rows) < _PAGE:
            return Walked(seq)


def head(book: Connection) -> tuple[int, str]:
    """Number and digest of the last answer; what anchors the chain elsewhere."""
    return _head(book)


def _head(book: Connection) -> tuple[int, str]:
    lite = book.dialect.name == "sqlite"
    row = driver(book).execute(_HEAD).fetchone() if lite else book.exec_driver_sql(_HEAD).first()
    return (0, FIRST) if row is None else (int(row[0]), str(row[1]))


def _earlier(book: Connection, answers: Sequence[Answer]) -> dict[tuple[str, str | None], Earlier]:
    names = [(answer.caller, answer.key) for answer in answers if answer.key is not None]
    if not names:
        return {}
    # By caller and key, as the index has them: by key alone every answer would be looked at.
    if book.dialect.name == "sqlite":
        rows: Iterable[Any] = driver(book).execute(_EARLIER, (json.dumps(names),))
    else:
        columns = signup_answer.c
        query = select(columns.caller, columns.key, columns.request_digest, columns.reply)
        rows = book.execute(query.where(tuple_(columns.caller, columns.key).in_(names)))
    return {(caller, key): Earlier(digest, reply) for caller, key, digest, reply in rows}


def _row(answer: Answer, seq: int, previous: str) -> dict[str, Any]:
    seal = _seal(answer.account_id, answer.reply)
    return {
        "seq": seq, "at": answer.at, "caller": answer.caller, "key": answer.key,
        "request_digest": answer.request_digest, "inputs_digest": answer.inputs_digest,
        "decision": answer.decision, "degraded": answer.degraded, "score": answer.score,
        "model_version": answer.model_version, "graph_as_of": answer.graph_as_of,
        "id": answer.id, "account_id": answer.account_id, "reply": answer.reply,
        "seal": seal, "previous": previous,
        "link": _link(previous, seq, answer.at, answer.decision, seal),
    }  # fmt: skip


def _seal(account_id: str | None, reply: str) -> str:
    """Covers what may have to be forgotten; the reply's request id is chance enough for a salt."""
    return hashlib.sha256(f"{account_id}\x1f{reply}".encode()).hexdigest()


def _link(previous: str, seq: int, at: int, decision: str, seal: str) -> str:
    text = f"{previous}\x1f{seq}\x1f{at}\x1f{decision}\x1f{seal}"
    return hashlib.sha256(text.encode()).hexdigest()

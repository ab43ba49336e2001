"""The journal's tables, and every statement whose names come from the contract.

SQL cannot take a table's name as a parameter, so the statements are written out here, once, from
the contract's own names; nothing a caller says ever becomes part of one (hence no S608 below).
Values are always bound. Read :mod:`graph.journal.journal` for what they are for.
"""
# ruff: noqa: S608

from dataclasses import dataclass

import pyarrow as pa

from graph.cleaned import SCHEMAS
from graph.schema import NodeType
from graph.tally import ACCOUNT_COLUMNS, LINKS, LINKS_OF, Link

JOURNAL_VERSION = 2

_SQL_TYPE = {pa.string(): "TEXT", pa.int64(): "INTEGER", pa.float64(): "REAL"}

_FIXED = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE node (
  number INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  first INTEGER NOT NULL,
  a TEXT,
  b TEXT,
  gone INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL,
  UNIQUE (kind, key)
);
CREATE INDEX node_by_version ON node (version);
CREATE TABLE edge (
  source INTEGER NOT NULL,
  verb TEXT NOT NULL,
  target INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  count INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (source, verb, target)
) WITHOUT ROWID;
CREATE INDEX edge_by_version ON edge (version);
CREATE TABLE source (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  event_table TEXT NOT NULL,
  mapping TEXT NOT NULL,
  size INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  UNIQUE (name, event_table)
);
CREATE TABLE chunk (
  source INTEGER NOT NULL REFERENCES source (number),
  ordinal INTEGER NOT NULL,
  start INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  first_row INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (source, ordinal)
) WITHOUT ROWID;
CREATE TABLE quarantine (
  source INTEGER NOT NULL,
  row INTEGER NOT NULL,
  event_table TEXT NOT NULL,
  key TEXT,
  broken_column TEXT NOT NULL,
  shape TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (source, row)
) WITHOUT ROWID;
INSERT INTO source VALUES (0, '(live)', '', '', -1, -1);
INSERT INTO meta VALUES ('journal_id', lower(hex(randomblob(8)))), ('clock', '0');
"""


@dataclass(frozen=True, slots=True)
class EventStatements:
    """What is done with one table of events; columns are those of the cleaned schema."""

    create: str
    insert: str
    replace: str
    stored: str
    fresh: str
    digest: str
    columns: tuple[str, ...]


def _event_statements(table: str) -> EventStatements:
    schema = SCHEMAS[table]
    names = schema.names
    typed = ", ".join(f"{f.name} {_SQL_TYPE.get(f.type, 'BLOB')}" for f in schema)
    # With the moment beside the account, what an account did is counted in the index alone.
    indexed = {"at": "at", "account_id": "account_id, at", "payment_method": "payment_method"}
    indexes = "".join(
        f"CREATE INDEX {table}_by_{name} ON {table} ({listed});"
        for name, listed in indexed.items()
        if name in names
    )
    marks = ", ".join("?" for _ in range(len(names) + 4))
    listed = ", ".join(names)
    assigned = ", ".join(f"{name} = ?" for name in ("digest", "file", "file_row", *names))
    return EventStatements(
        create=f"CREATE TABLE {table} (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, "
        f"digest BLOB NOT NULL, file INTEGER NOT NULL, file_row INTEGER NOT NULL, {typed});"
        f"{indexes}",
        insert=f"INSERT INTO {table} (key, digest, file, file_row, {listed}) VALUES ({marks}) "
        "ON CONFLICT (key) DO NOTHING",
        replace=f"UPDATE {table} SET {assigned} WHERE key = ?",
        stored=f"SELECT {listed} FROM {table} WHERE key = ?",
        fresh=f"SELECT key FROM {table} WHERE number > ?",
        digest=f"SELECT digest, file, file_row FROM {table} WHERE key = ?",
        columns=tuple(names),
    )


UPGRADES: dict[int, tuple[str, ...]] = {
    1: ("ALTER TABLE requests ADD COLUMN system_sketch BLOB",),
}
"""What makes a journal of a version one of the next; rows of before keep what they had."""
EVENTS: dict[str, EventStatements] = {table: _event_statements(table) for table in SCHEMAS}
LAST_NUMBER: dict[str, str] = {
    table: f"SELECT coalesce(max(number), 0) FROM {table}" for table in SCHEMAS
}
COUNT: dict[str, str] = {table: f"SELECT count(*) FROM {table}" for table in SCHEMAS}
SCHEMA = _FIXED + "\n".join(statements.create for statements in EVENTS.values())


# --------------------------------------------------------------------------------- reading events
def select(table: str, columns: tuple[str, ...]) -> str:
    """Rows of ``table`` after ``?`` and up to ``?`` (us); columns of the contract only."""
    known = {*SCHEMAS[table].names, "key"}
    if not known.issuperset(columns):
        raise ValueError(f"not columns of {table}: {sorted(set(columns) - known)}")
    listed = ", ".join(columns)
    return f"SELECT {listed} FROM {table} WHERE at > ? AND at <= ?"


# ------------------------------------------------------------------------- sums made from events
_TYING = {"MAILED_AT": " AND email_class IN ('disposable', 'private')"}


def _sums(link: Link, condition: str) -> str:
    return (
        f"SELECT {link.source}, {link.target}, min(at), max(at), count(*) FROM {link.table} "
        f"WHERE {link.source} IS NOT NULL AND {link.target} IS NOT NULL"
        f"{_TYING.get(link.verb, '')} AND {condition} GROUP BY 1, 2"
    )


_ASKED = "(SELECT value FROM json_each(?))"
EDGES_AS_OF: tuple[tuple[Link, str], ...] = tuple((k, _sums(k, "at <= ?")) for k in LINKS)
EDGES_FROM: tuple[tuple[Link, str], ...] = tuple(
    (link, _sums(link, f"{link.source} IN {_ASKED}")) for link in LINKS
)
ACCOUNTS_AS_OF: tuple[str, ...] = tuple(
    f"SELECT account_id, min(at) FROM {table} WHERE at <= ? GROUP BY 1" for table in LINKS_OF
)
# When each node of a kind was first named, by every column that can name it.
FIRST_NAMED: tuple[tuple[NodeType, str], ...] = tuple(
    (
        kind,
        f"SELECT {column}, min(at) FROM {table} WHERE {column} IN {_ASKED}{condition} GROUP BY 1",
    )
    for kind, table, column, condition in sorted(
        {(NodeType.ACCOUNT, table, "account_id", "") for table in LINKS_OF}
        | {(k.target_kind, k.table, k.target, _TYING.get(k.verb, "")) for k in LINKS}
    )
)
# Of the looked-up properties only these two can differ from event to event.
SAID_OF: dict[str, str] = {
    "payment_method": "SELECT payment_method, max(kind) FROM payments "
    f"WHERE payment_method IN {_ASKED} GROUP BY 1",
    "issuer": "SELECT issuer, max(issuer_country) FROM payments "
    f"WHERE issuer IN {_ASKED} GROUP BY 1",
}

# ------------------------------------------------------------------------------------ the sums
ADD_NODE = """
INSERT INTO node (kind, key, first, a, b, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (kind, key) DO UPDATE SET
  first = CASE WHEN gone THEN excluded.first ELSE min(first, excluded.first) END,
  a = nullif(max(coalesce(a, ''), coalesce(excluded.a, '')), ''),
  b = nullif(max(coalesce(b, ''), coalesce(excluded.b, '')), ''),
  gone = 0,
  version = excluded.version
WHERE gone OR excluded.first < first OR coalesce(excluded.a, '') > coalesce(a, '')
  OR coalesce(excluded.b, '') > coalesce(b, '') OR ?7
"""
# One row by VALUES, not INSERT ... SELECT: the latter opens a statement journal, whose end inside a
# savepoint walks all that the batch has changed; a chunk of 50,000 requests took minutes by it.
ADD_EDGE = """
INSERT INTO edge (source, verb, target, first, last, count, version) VALUES (
  (SELECT number FROM node WHERE kind = ?1 AND key = ?2), ?3,
  (SELECT number FROM node WHERE kind = ?4 AND key = ?5), ?6, ?7, ?8, ?9)
ON CONFLICT (source, verb, target) DO UPDATE SET
  first = CASE WHEN count = 0 THEN excluded.first ELSE min(first, excluded.first) END,
  last = CASE WHEN count = 0 THEN excluded.last ELSE max(last, excluded.last) END,
  count = count + excluded.count,
  version = excluded.version
"""
SET_EDGE = """
UPDATE edge SET first = ?6, last = ?7, count = ?8, version = ?9
WHERE verb = ?3 AND source = (SELECT number FROM node WHERE kind = ?1 AND key = ?2)
  AND target = (SELECT number FROM node WHERE kind = ?4 AND key = ?5)
"""
TOUCH_ACCOUNT = "UPDATE node SET version = ? WHERE kind = 'account' AND key = ? AND NOT gone"
SET_NODE = "UPDATE node SET first = ?3, gone = 0, version = ?4 WHERE kind = ?1 AND key = ?2"
SET_SAID = "UPDATE node SET a = ?3 WHERE kind = ?1 AND key = ?2"
LOSE_NODE = """
UPDATE node SET gone = 1, a = NULL, b = NULL, version = ?3 WHERE kind = ?1 AND key = ?2
"""
NODES_SINCE = """
SELECT kind, key, first, a, b, gone, version FROM node WHERE version > ? ORDER BY version
"""
EDGES_SINCE = """
SELECT s.kind || ':' || s.key, e.verb, t.kind || ':' || t.key, e.first, e.last, e.count,
  e.version
FROM edge e JOIN node s ON s.number = e.source JOIN node t ON t.number = e.target
WHERE e.version > ? ORDER BY e.version
"""
_RANKED = """
SELECT account_id, action FROM (
  SELECT account_id, action,
    row_number() OVER (PARTITION BY account_id ORDER BY at DESC, key DESC) AS place
  FROM enforcements WHERE action != 'verify' AND at <= ?1 {}
) WHERE place = 1
"""
STATUS_AS_OF = _RANKED.format("")
STATUS_OF = _RANKED.format("AND account_id IN (SELECT value FROM json_each(?2))")
SAID_AT_SIGNUP = (
    f"SELECT account_id, {', '.join(column for _, column in ACCOUNT_COLUMNS)} FROM signups "
    f"WHERE account_id IN {_ASKED}"
)
STATUSES = {"ban": "banned", "limit": "limited", "reinstate": "active"}
LATER: dict[str, str] = {
    table: f"SELECT EXISTS (SELECT 1 FROM {table} WHERE at > ?)" for table in SCHEMAS
}
LATEST: dict[str, str] = {table: f"SELECT max(at) FROM {table}" for table in SCHEMAS}
NTH_AFTER: dict[str, str] = {
    table: f"SELECT at FROM {table} WHERE at > ? AND at <= ? ORDER BY at LIMIT 1 OFFSET 20000"
    for table in SCHEMAS
}
CHANGES_SINCE = """
SELECT (SELECT count(*) FROM node WHERE version > ?1)
  + (SELECT count(*) FROM edge WHERE version > ?1)
"""

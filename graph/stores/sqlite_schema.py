"""The tables of the embedded store, and every statement that the vocabulary shapes.

Column names come from :mod:`graph.schema` and nowhere else; values are always parameters. Nodes are
one wide table with small integer numbers, edges a table clustered by source, with one index for
each direction ordered by most recent first, which is what makes a hub cost no more than another
node.

The law of versions (see ``graph.store``) is in the upserts below. Read on in
``sqlite_write`` and ``sqlite_read``.
"""

import sqlite3

from graph.schema import EDGES, NODE_PROPERTIES, PROPERTY_TYPE, NodeType

PROPERTY_NAMES = tuple(dict.fromkeys(n for names in NODE_PROPERTIES.values() for n in names))
COLUMNS = {name: f"p_{name}" for name in PROPERTY_NAMES}
_SQL_TYPE = {int: "INTEGER", float: "REAL", str: "TEXT"}

# Rewriting a row in a table without rowid moves it whole: narrow rows, so that is cheap.
TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE word (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """CREATE TABLE node (
        number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL,
        first_seen INTEGER NOT NULL, version INTEGER NOT NULL, degree INTEGER NOT NULL DEFAULT 0,
        UNIQUE (kind, key))""",
    """CREATE TABLE edge (
        source INTEGER NOT NULL, verb INTEGER NOT NULL, target INTEGER NOT NULL,
        first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
        count INTEGER NOT NULL, version INTEGER NOT NULL,
        PRIMARY KEY (source, verb, target)) WITHOUT ROWID""",
    "CREATE INDEX edge_out ON edge (source, last_seen DESC) WHERE count > 0",
    "CREATE INDEX edge_in ON edge (target, last_seen DESC) WHERE count > 0",
    """CREATE TABLE shape (generation INTEGER, kind TEXT, names TEXT NOT NULL,
        PRIMARY KEY (generation, kind)) WITHOUT ROWID""",
    """CREATE TABLE published (generation INTEGER, node INTEGER, list TEXT NOT NULL,
        PRIMARY KEY (generation, node)) WITHOUT ROWID""",
    """CREATE TABLE ring (generation INTEGER, ring_id TEXT, score REAL NOT NULL,
        size INTEGER NOT NULL, status TEXT NOT NULL, first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL, detail TEXT NOT NULL,
        PRIMARY KEY (generation, ring_id)) WITHOUT ROWID""",
    """CREATE TABLE member (generation INTEGER, ring_id TEXT, account TEXT,
        strength REAL NOT NULL, since INTEGER NOT NULL,
        PRIMARY KEY (generation, ring_id, account)) WITHOUT ROWID""",
)

# What the console looks back at: the versions of rings, and the accounts that call for action.
LOOKING_BACK = (
    """CREATE TABLE ring_version (ring_id TEXT, version INTEGER, generation INTEGER NOT NULL,
        as_of INTEGER NOT NULL, score REAL NOT NULL, size INTEGER NOT NULL, status TEXT NOT NULL,
        first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, detail TEXT NOT NULL,
        members TEXT NOT NULL, PRIMARY KEY (ring_id, version)) WITHOUT ROWID""",
    "CREATE INDEX ring_version_generation ON ring_version (generation)",
    """CREATE TABLE flag (generation INTEGER, account TEXT, score REAL NOT NULL, ring_id TEXT,
        since INTEGER NOT NULL, PRIMARY KEY (generation, account)) WITHOUT ROWID""",
)

# Who reads the edges around a node finds in the index all that is asked of them: without the last
# two columns each edge is looked up once more, on a page of its own.
COVERING = (
    "DROP INDEX edge_out",
    "DROP INDEX edge_in",
    """CREATE INDEX edge_out ON edge (source, last_seen DESC, first_seen, count)
        WHERE count > 0""",
    """CREATE INDEX edge_in ON edge (target, last_seen DESC, first_seen, count)
        WHERE count > 0""",
)

# Step n brings a store from schema version n - 1 to n; the first makes a new one.
STEPS: tuple[tuple[str, ...], ...] = (TABLES, LOOKING_BACK, COVERING)


def add_properties(db: sqlite3.Connection) -> None:
    """Give ``node`` a column for each property of the vocabulary that it lacks."""
    known = {row[1] for row in db.execute("PRAGMA table_info(node)")}
    for name, column in COLUMNS.items():
        if column not in known:
            kind = _SQL_TYPE[PROPERTY_TYPE.get(name, str)]
            db.execute(f"ALTER TABLE node ADD COLUMN {column} {kind}")


def add_words(db: sqlite3.Connection) -> None:
    """Give every kind and verb of the vocabulary a number that stays its own."""
    names = [(kind.value,) for kind in NodeType] + [(edge.verb,) for edge in EDGES]
    db.executemany("INSERT OR IGNORE INTO word (name) VALUES (?)", names)


def _node_upsert(kind: NodeType) -> str:
    """The higher version holds; equal ones are joined; a row that would not change is let be."""
    columns = [COLUMNS[name] for name in NODE_PROPERTIES[kind]]
    settled = "".join(
        f", {c} = CASE WHEN excluded.version > version THEN excluded.{c} "
        f"WHEN excluded.version < version THEN {c} "
        f"ELSE coalesce(max({c}, excluded.{c}), {c}, excluded.{c}) END"
        for c in columns
    )
    news = "".join(
        f" OR ifnull(excluded.{c} > {c}, {c} IS NULL AND excluded.{c} IS NOT NULL)" for c in columns
    )
    named = ", ".join(("kind", "key", "first_seen", "version", *columns))
    marks = ", ".join("?" * (4 + len(columns)))
    return (
        f"INSERT INTO node ({named}) "  # noqa: S608
        f"VALUES ({marks}) ON CONFLICT (kind, key) DO UPDATE SET "
        "first_seen = CASE "
        "WHEN excluded.version > version AND excluded.version > 0 THEN excluded.first_seen "
        "WHEN excluded.version < version AND version > 0 THEN first_seen "
        f"ELSE min(first_seen, excluded.first_seen) END{settled}, "
        "version = max(version, excluded.version) "
        "WHERE excluded.version > version OR (excluded.first_seen < first_seen "
        "AND (excluded.version = version OR version <= 0)) "
        f"OR (excluded.version = version AND (false{news}))"
    )


UPSERT_NODE = {kind: _node_upsert(kind) for kind in NodeType}
"""A statement a kind: most have few properties or none, and a row is bound value by value."""
# An end is made empty; one that exists only learns that it was there earlier.
UPSERT_END = """INSERT INTO node (kind, key, first_seen, version) VALUES (?, ?, ?, -1)
ON CONFLICT (kind, key) DO UPDATE SET first_seen = excluded.first_seen
WHERE excluded.first_seen < first_seen AND version <= 0"""
# The edges of one batch, compared with what is there and then merged into it.
INTAKE = """CREATE TEMP TABLE IF NOT EXISTS intake (
    source INTEGER, verb INTEGER, target INTEGER,
    first_seen INTEGER, last_seen INTEGER, count INTEGER, version INTEGER)"""
CLEAR_INTAKE = "DELETE FROM temp.intake"
FILL_INTAKE = "INSERT INTO temp.intake VALUES (?, ?, ?, ?, ?, ?, ?)"
CHANGED_EXISTENCE = """SELECT source, target, iif(after, 1, -1) FROM (
    SELECT new.source, new.target, ifnull(old.count > 0, 0) AS before,
        CASE WHEN old.version IS NULL OR new.version > old.version THEN new.count > 0
             WHEN new.version = old.version THEN max(new.count, old.count) > 0
             ELSE old.count > 0 END AS after
    FROM temp.intake AS new LEFT JOIN edge AS old
    ON old.source = new.source AND old.verb = new.verb AND old.target = new.target)
WHERE before <> after"""
UPSERT_EDGES = """INSERT INTO edge (source, verb, target, first_seen, last_seen, count, version)
SELECT * FROM temp.intake WHERE true
ON CONFLICT (source, verb, target) DO UPDATE SET
first_seen = iif(excluded.version > version, excluded.first_seen,
                 min(first_seen, excluded.first_seen)),
last_seen = iif(excluded.version > version, excluded.last_seen,
                max(last_seen, excluded.last_seen)),
count = iif(excluded.version > version, excluded.count, max(count, excluded.count)),
version = excluded.version
WHERE excluded.version > version OR (excluded.version = version AND
(excluded.first_seen < first_seen OR excluded.last_seen > last_seen OR excluded.count > count))"""

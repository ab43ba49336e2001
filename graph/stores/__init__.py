"""The homes a graph can have: an embedded SQLite file, or a Neo4j server.

:func:`open_store` is the one door; it imports only the adapter that the URL names, so that a
process on SQLite never pays for the Neo4j driver. What a store must do is said in
:mod:`graph.store`; one contract suite (``tests/graph/stores``) holds both adapters to it.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from graph.errors import SettingsError
from graph.store import GraphStore

BOLT_SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")


def open_store(url: str, user: str | None = None, password: str | None = None) -> GraphStore:
    """The store at ``url``, made or brought to this version's schema if need be.

    Args:
        url: ``sqlite:///relative/path.db``, ``sqlite:////absolute/path.db``, ``sqlite://`` (in
            memory, gone when closed), or ``bolt://host:7687`` and its kin for Neo4j.
        user: the Neo4j user; SQLite has none.
        password: the Neo4j password.

    Raises:
        SettingsError: if no adapter serves the URL.
        StoreUnavailable: if the store cannot be reached.
        SchemaMismatch: if a newer version of Ringsight wrote it.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        from graph.stores.sqlite import SqliteStore

        path = unquote(parts.path.removeprefix("/"))
        return SqliteStore(None if path in {"", ":memory:"} else Path(path))
    if parts.scheme in BOLT_SCHEMES:
        from graph.stores.neo4j import Neo4jStore

        return Neo4jStore(url, user or "neo4j", password or "")
    known = ", ".join(("sqlite", *BOLT_SCHEMES))
    raise SettingsError(f"no store serves {parts.scheme or 'an empty scheme'!r}; known: {known}")

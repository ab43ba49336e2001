"""Brings an open ledger to this release's schema with the migrations that ship beside this module.

Each migration is one Alembic revision in ``graph/ledger/migrations/versions``; a new ledger runs
them all. All due ones run in the caller's transaction, under a lock, so that two processes that
open one ledger do not both run them. A ledger of a newer release is refused.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from graph.errors import SchemaMismatch

FOLDER = Path(__file__).parent / "migrations"
# Any number will do, as long as every process asks for the same one.
_LOCK = 4_170_417


def configuration() -> Config:
    """Where Alembic finds the migrations."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def bring_forward(book: Connection) -> None:
    """Run the migrations that are due, in the transaction of ``book``.

    Raises:
        SchemaMismatch: if the ledger has a revision this release does not know.
    """
    if book.dialect.name == "postgresql":
        book.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = configuration()
    steps = ScriptDirectory.from_config(config)
    found = MigrationContext.configure(book).get_current_revision()
    newest = steps.get_current_head()
    if found == newest:
        return
    if found is not None and found not in {step.revision for step in steps.walk_revisions()}:
        raise SchemaMismatch(f"the ledger has revision {found}, this release knows up to {newest}")
    config.attributes["connection"] = book
    command.upgrade(config, "head")

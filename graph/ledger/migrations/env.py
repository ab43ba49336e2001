"""What Alembic runs around the revisions, on the connection it is handed or on a URL's.

``graph.ledger.migrate`` hands over the connection of the ledger that is being opened. Alembic's own
command line names a database instead: ``alembic -x url=sqlite:///ledger.db revision -m "..."``.
"""

from alembic import context
from sqlalchemy import Connection, create_engine

from graph.ledger.tables import metadata


def run() -> None:
    """Run the migrations that were asked for."""
    handed = context.config.attributes.get("connection")
    if handed is not None:
        _run_on(handed)
        return
    with create_engine(context.get_x_argument(as_dictionary=True)["url"]).begin() as connection:
        _run_on(connection)


def _run_on(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


run()

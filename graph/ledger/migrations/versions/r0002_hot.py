"""Answers to sign-ups, the outbox towards the graph, and outcomes that callers report."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID_CHARACTERS = 80


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "signup_answer",
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("caller", sa.String(ID_CHARACTERS), nullable=False),
        sa.Column("key", sa.String(255)),
        sa.Column("request_digest", sa.Text, nullable=False),
        sa.Column("inputs_digest", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("degraded", sa.Boolean, nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("model_version", sa.Text),
        sa.Column("graph_as_of", sa.BigInteger, nullable=False),
        sa.Column("id", sa.String(ID_CHARACTERS)),
        sa.Column("account_id", sa.Text),
        sa.Column("reply", sa.Text),
        sa.Column("seal", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_signup_answer"),
        sa.UniqueConstraint("caller", "key", name="uq_signup_answer_caller_key"),
    )
    op.create_index("ix_signup_answer_id", "signup_answer", ["id"])
    op.create_index("ix_signup_answer_account_id", "signup_answer", ["account_id"])
    _make_outbox()


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            nullable=False,
            autoincrement=True,
        ),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("parked", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_account_id", "outbox", ["account_id"])
    op.create_table(
        "signup_outcome",
        sa.Column("request_id", sa.String(ID_CHARACTERS), nullable=False),
        sa.Column("outcome", sa.String(ID_CHARACTERS), nullable=False),
        sa.Column("account_id", sa.Text),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("reported_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("request_id", "outcome", name="pk_signup_outcome"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("signup_outcome", "outbox", "signup_answer"):
        op.drop_table(name)

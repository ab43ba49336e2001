"""Cases that people make by hand, and the accounts in them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID_CHARACTERS = 80


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "gathered",
        sa.Column("ring_id", sa.String(ID_CHARACTERS), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("ring_id", name="pk_gathered"),
    )
    op.create_table(
        "gathered_member",
        sa.Column("ring_id", sa.String(ID_CHARACTERS), nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("ring_id", "account_id", name="pk_gathered_member"),
    )
    op.create_index("ix_gathered_member_account_id", "gathered_member", ["account_id"])


def downgrade() -> None:
    """Drop the tables."""
    for name in ("gathered_member", "gathered"):
        op.drop_table(name)

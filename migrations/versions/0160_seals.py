"""Seals over what is only added to. Nothing is sealed here: the first run of the job ``seal_books`` does it.

Revision ID: 0160
Revises: 0140
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0160"
down_revision = "0140"
branch_labels = None
depends_on = None


def forbid_changes(table: str) -> None:
    """As in 0002."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} can only be added to'); END"
        )


def upgrade() -> None:
    op.create_table(
        "seal",
        sa.Column("number", RowId, autoincrement=False, nullable=False),
        sa.Column("table_name", sa.String(length=40), nullable=False),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Uuid(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number > 0 AND row_count > 0", name=op.f("ck_seal_counted")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seal")),
    )
    op.create_index("ix_seal_table_name_number", "seal", ["table_name", "number"])
    op.create_table(
        "seal_head",
        sa.Column("id", RowId, autoincrement=False, nullable=False),
        sa.Column("number", RowId, nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_seal_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal_head")),
    )
    op.create_table(
        "seal_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_by", sa.String(length=60), nullable=False),
        sa.Column("number", RowId, nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("row_count", RowId, nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal_check")),
    )
    op.create_index(op.f("ix_seal_check_checked_at"), "seal_check", ["checked_at"])
    forbid_changes("seal")
    forbid_changes("seal_check")


def downgrade() -> None:
    op.drop_table("seal_check")
    op.drop_table("seal_head")
    op.drop_table("seal")

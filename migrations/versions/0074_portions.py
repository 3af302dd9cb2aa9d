"""Daily portions of rounds.

Revision ID: 0074
Revises: 0073
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "round_portion",
        sa.Column("round_id", RowId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["round_id"], ["campaign_round.id"], name=op.f("fk_round_portion_round_id_campaign_round")
        ),
        sa.PrimaryKeyConstraint("round_id", "number", name=op.f("pk_round_portion")),
    )
    op.create_index(op.f("ix_round_portion_due_at"), "round_portion", ["due_at"])


def downgrade() -> None:
    op.drop_table("round_portion")

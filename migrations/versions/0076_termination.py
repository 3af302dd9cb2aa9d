"""Early termination of campaigns, by two people.

Revision ID: 0076
Revises: 0075
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "termination",
        sa.Column("campaign_id", RowId, autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("proposed_by", sa.String(length=60), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=60), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name=op.f("ck_termination_four_eyes")),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name=op.f("ck_termination_approved")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_termination_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_termination")),
    )


def downgrade() -> None:
    op.drop_table("termination")

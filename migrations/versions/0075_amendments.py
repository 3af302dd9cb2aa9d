"""Amendments: which version a version amends, and from when.

Revision ID: 0075
Revises: 0074
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added in place: altering the table by copying it would drop the triggers that freeze published versions.
    op.add_column("campaign_version", sa.Column("amends_id", RowId, nullable=True))
    op.add_column("campaign_version", sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("campaign_version", "effective_at")
    op.drop_column("campaign_version", "amends_id")

"""That somebody was inside the area when they claimed, or when a code was shown.

Revision ID: 0073
Revises: 0072
"""

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entitlement", sa.Column("claimed_inside", sa.Boolean(), nullable=True))
    op.add_column("voucher_code", sa.Column("shown_inside", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("voucher_code", "shown_inside")
    op.drop_column("entitlement", "claimed_inside")

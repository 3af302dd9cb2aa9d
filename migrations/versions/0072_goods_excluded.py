"""What of a sale a voucher may not buy, which does not count towards its bill.

Revision ID: 0072
Revises: 0071
"""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("redemption") as table:
        table.add_column(sa.Column("excluded_fen", sa.BigInteger(), nullable=False, server_default="0"))
        table.create_check_constraint(op.f("ck_redemption_excluded"), "excluded_fen >= 0")


def downgrade() -> None:
    with op.batch_alter_table("redemption") as table:
        table.drop_constraint(op.f("ck_redemption_excluded"), type_="check")
        table.drop_column("excluded_fen")

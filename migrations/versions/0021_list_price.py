"""The list price of a sale, before the merchant's own discounts.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

RULE = "list_fen IS NULL OR list_fen >= bill_fen"


def upgrade() -> None:
    op.add_column("redemption", sa.Column("list_fen", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("redemption") as table:
        table.create_check_constraint(op.f("ck_redemption_list_price"), RULE)


def downgrade() -> None:
    with op.batch_alter_table("redemption") as table:
        table.drop_constraint(op.f("ck_redemption_list_price"), type_="check")
    op.drop_column("redemption", "list_fen")

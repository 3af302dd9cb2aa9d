"""Orders with several codes, and the trail of orders that may have been split.

Revision ID: 0070
Revises: 0060
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0070"
down_revision = "0060"
branch_labels = None
depends_on = None


def forbid_changes(table: str) -> None:
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
        "redemption_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", RowId, nullable=False),
        sa.Column("vouchers", sa.Integer(), nullable=False),
        sa.Column("bill_fen", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("vouchers > 1 AND bill_fen > 0", name=op.f("ck_redemption_order_several")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_redemption_order_store_id_store")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption_order")),
    )
    with op.batch_alter_table("redemption") as table:
        table.add_column(sa.Column("order_id", sa.Uuid(), nullable=True))
        table.create_foreign_key(
            op.f("fk_redemption_order_id_redemption_order"), "redemption_order", ["order_id"], ["id"]
        )
    op.create_index(op.f("ix_redemption_order_id"), "redemption", ["order_id"])
    op.create_table(
        "split_order",
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bureau_day", sa.Date(), nullable=False),
        sa.Column("merchant_id", RowId, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("bill_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("orders > 1 AND bill_fen > 0", name=op.f("ck_split_order_several")),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemption.id"], name=op.f("fk_split_order_redemption_id_redemption")
        ),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name=op.f("fk_split_order_merchant_id_merchant")),
        sa.PrimaryKeyConstraint("redemption_id", name=op.f("pk_split_order")),
    )
    op.create_index("ix_split_order_at", "split_order", ["at"])
    op.create_index("ix_split_order_merchant_id_at", "split_order", ["merchant_id", "at"])
    forbid_changes("split_order")


def downgrade() -> None:
    op.drop_table("split_order")
    op.drop_index(op.f("ix_redemption_order_id"), "redemption")
    with op.batch_alter_table("redemption") as table:
        table.drop_constraint(op.f("fk_redemption_order_id_redemption_order"), type_="foreignkey")
        table.drop_column("order_id")
    op.drop_table("redemption_order")

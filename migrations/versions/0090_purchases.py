"""Vouchers that are sold: orders and payments; what buyers have paid may stand below zero.

Revision ID: 0090
Revises: 0080
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0090"
down_revision = "0080"
branch_labels = None
depends_on = None

PURCHASE_STATES = "status IN ('awaiting', 'paid', 'lapsed')"
PAYMENT_STATES = "status IN ('kept', 'returning', 'returned')"
BOUGHT = sa.text("arrival = 'bought'")
NOT_NEGATIVE = "ck_ledger_account_balance_not_negative"


def below_zero(condition: str) -> None:
    """Say anew which accounts may stand below zero."""
    with op.batch_alter_table("ledger_account") as table:
        table.drop_constraint(op.f(NOT_NEGATIVE), type_="check")
        table.create_check_constraint(op.f(NOT_NEGATIVE), f"balance_fen >= 0 OR {condition}")


def upgrade() -> None:
    below_zero("kind IN ('treasury', 'buyers')")
    op.create_table(
        "purchase",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", RowId, nullable=False),
        sa.Column("release_id", RowId, nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("face_value_fen", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pay_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(PURCHASE_STATES, name=op.f("ck_purchase_status")),
        sa.CheckConstraint("price_fen > 0 AND price_fen < face_value_fen", name=op.f("ck_purchase_price")),
        sa.ForeignKeyConstraint(["citizen_id"], ["citizen.id"], name=op.f("fk_purchase_citizen_id_citizen")),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_purchase_offer_id_offer")),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_purchase_release_id_release")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase")),
    )
    op.create_index("ix_purchase_status_pay_until", "purchase", ["status", "pay_until"])
    op.create_index("ix_purchase_release_id_status", "purchase", ["release_id", "status"])
    op.create_index("ix_purchase_citizen_id_status", "purchase", ["citizen_id", "status"])
    op.create_index(op.f("ix_purchase_offer_id"), "purchase", ["offer_id"])
    op.create_table(
        "payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("purchase_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("arrival", sa.String(length=10), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_back_at", sa.DateTime(timezone=True)),
        sa.Column("returned_at", sa.DateTime(timezone=True)),
        sa.Column("problem", sa.String(length=200), nullable=False, server_default=""),
        sa.CheckConstraint(PAYMENT_STATES, name=op.f("ck_payment_status")),
        sa.CheckConstraint("arrival IN ('bought', 'late', 'twice')", name=op.f("ck_payment_arrival")),
        sa.CheckConstraint("arrival = 'bought' OR status <> 'kept'", name=op.f("ck_payment_kept")),
        sa.ForeignKeyConstraint(["purchase_id"], ["purchase.id"], name=op.f("fk_payment_purchase_id_purchase")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("reference", name=op.f("uq_payment_reference")),
    )
    op.create_index("ix_payment_status_arrived_at", "payment", ["status", "arrived_at"])
    op.create_index(op.f("ix_payment_arrived_at"), "payment", ["arrived_at"])
    op.create_index(op.f("ix_payment_purchase_id"), "payment", ["purchase_id"])
    op.create_index(
        "uq_payment_purchase_id_bought",
        "payment",
        ["purchase_id"],
        unique=True,
        sqlite_where=BOUGHT,
        postgresql_where=BOUGHT,
    )


def downgrade() -> None:
    """Go back where nothing was ever sold; what buyers have paid has no place in the older books."""
    op.drop_table("payment")
    op.drop_table("purchase")
    below_zero("kind = 'treasury'")

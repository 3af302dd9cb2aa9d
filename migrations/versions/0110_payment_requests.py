"""Payment requests: the customer scans the till's code, and chooses vouchers on the phone.

Revision ID: 0110
Revises: 0100
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0110"
down_revision = "0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", RowId, nullable=False),
        sa.Column("till_id", RowId, nullable=True),
        sa.Column("cashier_id", RowId, nullable=True),
        sa.Column("bill_fen", sa.BigInteger(), nullable=False),
        sa.Column("list_fen", sa.BigInteger(), nullable=True),
        sa.Column("excluded_fen", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("citizen_id", sa.Uuid(), nullable=True),
        sa.Column("inside", sa.Boolean(), nullable=True),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("bill_fen > 0", name=op.f("ck_payment_request_bill")),
        sa.CheckConstraint("redeemed_at IS NULL OR cancelled_at IS NULL", name=op.f("ck_payment_request_one_end")),
        sa.CheckConstraint(
            "(redeemed_at IS NULL) = (citizen_id IS NULL) AND (redeemed_at IS NULL) = (redemption_id IS NULL)",
            name=op.f("ck_payment_request_redeemed"),
        ),
        sa.CheckConstraint("(till_id IS NULL) <> (cashier_id IS NULL)", name=op.f("ck_payment_request_counter")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_payment_request_store_id_store")),
        sa.ForeignKeyConstraint(["till_id"], ["till.id"], name=op.f("fk_payment_request_till_id_till")),
        sa.ForeignKeyConstraint(["cashier_id"], ["cashier.id"], name=op.f("fk_payment_request_cashier_id_cashier")),
        sa.ForeignKeyConstraint(["citizen_id"], ["citizen.id"], name=op.f("fk_payment_request_citizen_id_citizen")),
        sa.ForeignKeyConstraint(
            ["redemption_id"],
            ["redemption.id"],
            name=op.f("fk_payment_request_redemption_id_redemption"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_request")),
        sa.UniqueConstraint("redemption_id", name=op.f("uq_payment_request_redemption_id")),
    )
    op.create_index("ix_payment_request_asked_at", "payment_request", ["asked_at"])
    op.create_table(
        "payment_token",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["payment_request.id"], name=op.f("fk_payment_token_request_id_payment_request")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_payment_token")),
    )
    op.create_index(op.f("ix_payment_token_request_id"), "payment_token", ["request_id"])
    op.create_table(
        "payment_visit",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("device_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["payment_request.id"], name=op.f("fk_payment_visit_request_id_payment_request")
        ),
        sa.PrimaryKeyConstraint("request_id", "device_hash", name=op.f("pk_payment_visit")),
    )


def downgrade() -> None:
    op.drop_table("payment_visit")
    op.drop_index(op.f("ix_payment_token_request_id"), table_name="payment_token")
    op.drop_table("payment_token")
    op.drop_index("ix_payment_request_asked_at", table_name="payment_request")
    op.drop_table("payment_request")

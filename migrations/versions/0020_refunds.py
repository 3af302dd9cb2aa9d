"""Refunds after the day, the merchant's own share, and statements that take refunds off.

Revision ID: 0020
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

REFUNDS_WITHIN = (
    "borne_fen >= 0 AND borne_fen <= discount_fen"
    " AND refunded_bill_fen >= 0 AND refunded_bill_fen <= bill_fen"
    " AND refunded_discount_fen >= 0 AND refunded_discount_fen <= discount_fen"
)
STATES = "status IN ('redeemed', 'voided', 'returned', 'refunded')"
OLD_STATES = "status IN ('redeemed', 'voided')"
NEW_COLUMNS = {
    "redemption": ("borne_fen", "refunded_bill_fen", "refunded_discount_fen"),
    "day_figure": ("refunded_count", "refunded_fen"),
    "merchant_day_figure": ("refunded_count", "refunded_fen"),
    "statement": ("deduction_count", "deducted_fen"),
}


def _states_of_redemption(rule: str) -> None:
    with op.batch_alter_table("redemption") as table:
        table.drop_constraint(op.f("ck_redemption_status"), type_="check")
        table.create_check_constraint(op.f("ck_redemption_status"), rule)


def upgrade() -> None:
    for table, names in NEW_COLUMNS.items():
        for name in names:
            kind = sa.Integer() if name.endswith("_count") else sa.BigInteger()
            op.add_column(table, sa.Column(name, kind, nullable=False, server_default="0"))
    op.add_column("entitlement", sa.Column("refunded_bill_fen", sa.BigInteger(), nullable=True))
    _states_of_redemption(STATES)
    with op.batch_alter_table("redemption") as table:
        table.create_check_constraint(op.f("ck_redemption_refunds_within"), REFUNDS_WITHIN)
    op.create_table(
        "refund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", ROW, nullable=False),
        sa.Column("merchant_id", ROW, nullable=False),
        sa.Column("till_id", ROW, nullable=True),
        sa.Column("cashier_id", ROW, nullable=True),
        sa.Column("bill_fen", sa.BigInteger(), nullable=False),
        sa.Column("discount_fen", sa.BigInteger(), nullable=False),
        sa.Column("borne_fen", sa.BigInteger(), nullable=False),
        sa.Column("customer_fen", sa.BigInteger(), nullable=False),
        sa.Column("restored", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bureau_day", sa.Date(), nullable=False),
        sa.Column("recovery", sa.String(length=10), nullable=False),
        sa.Column("statement_id", sa.Integer(), nullable=True),
        sa.Column("repaid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("repaid_by", sa.String(length=60), nullable=True),
        sa.Column("repayment_reference", sa.String(length=60), nullable=True),
        sa.CheckConstraint(
            "bill_fen > 0 AND discount_fen >= 0 AND customer_fen >= 0 AND borne_fen >= 0 AND borne_fen <= discount_fen",
            name=op.f("ck_refund_amounts"),
        ),
        sa.CheckConstraint("recovery IN ('at_once', 'later')", name=op.f("ck_refund_recovery")),
        sa.CheckConstraint(
            "repaid_at IS NULL OR (recovery = 'later' AND statement_id IS NULL)",
            name=op.f("ck_refund_recovered_once"),
        ),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"], name=op.f("fk_refund_redemption_id_redemption")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_refund_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name=op.f("fk_refund_merchant_id_merchant")),
        sa.ForeignKeyConstraint(["till_id"], ["till.id"], name=op.f("fk_refund_till_id_till")),
        sa.ForeignKeyConstraint(["cashier_id"], ["cashier.id"], name=op.f("fk_refund_cashier_id_cashier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
    )
    op.create_index("ix_refund_bureau_day_campaign_id", "refund", ["bureau_day", "campaign_id"])
    for name in ("redemption_id", "merchant_id", "statement_id"):
        op.create_index(op.f(f"ix_refund_{name}"), "refund", [name])
    op.create_table(
        "refund_part",
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("fund_source_id", ROW, nullable=False),
        sa.Column("discount_fen", sa.BigInteger(), nullable=False),
        sa.Column("bill_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("discount_fen >= 0 AND bill_fen >= 0", name=op.f("ck_refund_part_amounts")),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name=op.f("fk_refund_part_refund_id_refund")),
        sa.ForeignKeyConstraint(
            ["fund_source_id"], ["fund_source.id"], name=op.f("fk_refund_part_fund_source_id_fund_source")
        ),
        sa.PrimaryKeyConstraint("refund_id", "fund_source_id", name=op.f("pk_refund_part")),
    )


def downgrade() -> None:
    op.drop_table("refund_part")
    op.drop_table("refund")
    with op.batch_alter_table("redemption") as table:
        table.drop_constraint(op.f("ck_redemption_refunds_within"), type_="check")
    _states_of_redemption(OLD_STATES)
    op.drop_column("entitlement", "refunded_bill_fen")
    for table, names in NEW_COLUMNS.items():
        for name in names:
            op.drop_column(table, name)

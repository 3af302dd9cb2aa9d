"""Settlement by the campaign's terms: closing days, merchants' checks and disputes, deposits and returns of money.

Revision ID: 0100
Revises: 0090
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0100"
down_revision = "0090"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("settlement_batch", sa.Column("check_until", sa.Date(), nullable=True))
    op.add_column("settlement_batch", sa.Column("pay_by", sa.Date(), nullable=True))
    op.create_table(
        "closing_slot",
        sa.Column("campaign_id", RowId, nullable=False),
        sa.Column("closing_day", sa.Date(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", RowId, nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_closing_slot_campaign_id_campaign")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["settlement_batch.id"], name=op.f("fk_closing_slot_batch_id_settlement_batch")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "closing_day", name=op.f("pk_closing_slot")),
    )
    op.create_index(op.f("ix_closing_slot_batch_id"), "closing_slot", ["batch_id"])
    op.create_table(
        "statement_check",
        sa.Column("id", RowId, autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "status IN ('collected', 'confirmed', 'disputed', 'dropped')", name=op.f("ck_statement_check_status")
        ),
        sa.ForeignKeyConstraint(["id"], ["statement.id"], name=op.f("fk_statement_check_id_statement")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_check")),
    )
    op.create_table(
        "dispute",
        sa.Column("id", RowId, nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", RowId, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("raised_by", sa.String(length=60), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=100), nullable=True),
        sa.Column("decided_by", sa.String(length=60), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('open', 'kept', 'denied')", name=op.f("ck_dispute_status")),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"], name=op.f("fk_dispute_redemption_id_redemption")),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_dispute_statement_id_statement")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("redemption_id", name=op.f("uq_dispute_redemption_id")),
    )
    op.create_index(op.f("ix_dispute_statement_id"), "dispute", ["statement_id"])
    op.create_table(
        "deposit",
        sa.Column("id", RowId, nullable=False),
        sa.Column("campaign_id", RowId, nullable=False),
        sa.Column("fund_source_id", RowId, nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("recorded_by", sa.String(length=60), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_deposit_amount")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_deposit_campaign_id_campaign")),
        sa.ForeignKeyConstraint(
            ["fund_source_id"], ["fund_source.id"], name=op.f("fk_deposit_fund_source_id_fund_source")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit")),
        sa.UniqueConstraint(
            "campaign_id", "fund_source_id", "reference", name=op.f("uq_deposit_campaign_id_fund_source_id_reference")
        ),
    )
    op.create_table(
        "fund_return",
        sa.Column("id", RowId, nullable=False),
        sa.Column("campaign_id", RowId, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("proposed_by", sa.String(length=60), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("carried_out_by", sa.String(length=60), nullable=True),
        sa.Column("carried_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_reference", sa.String(length=60), nullable=True),
        sa.CheckConstraint("status IN ('proposed', 'returned', 'withdrawn')", name=op.f("ck_fund_return_status")),
        sa.CheckConstraint(
            "carried_out_by IS NULL OR carried_out_by <> proposed_by", name=op.f("ck_fund_return_four_eyes")
        ),
        sa.CheckConstraint(
            "(status = 'returned') = (carried_out_by IS NOT NULL)", name=op.f("ck_fund_return_carried_out")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_fund_return_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_return")),
    )
    op.create_index(
        "uq_fund_return_campaign_id_proposed",
        "fund_return",
        ["campaign_id"],
        unique=True,
        sqlite_where=sa.text("status = 'proposed'"),
        postgresql_where=sa.text("status = 'proposed'"),
    )
    op.create_table(
        "fund_return_line",
        sa.Column("fund_return_id", RowId, nullable=False),
        sa.Column("fund_source_id", RowId, nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_fund_return_line_amount")),
        sa.ForeignKeyConstraint(
            ["fund_return_id"], ["fund_return.id"], name=op.f("fk_fund_return_line_fund_return_id_fund_return")
        ),
        sa.ForeignKeyConstraint(
            ["fund_source_id"], ["fund_source.id"], name=op.f("fk_fund_return_line_fund_source_id_fund_source")
        ),
        sa.PrimaryKeyConstraint("fund_return_id", "fund_source_id", name=op.f("pk_fund_return_line")),
    )


def downgrade() -> None:
    for table in ("fund_return_line", "fund_return", "deposit", "dispute", "statement_check", "closing_slot"):
        op.drop_table(table)
    with op.batch_alter_table("settlement_batch") as batch:
        batch.drop_column("pay_by")
        batch.drop_column("check_until")

"""Payouts to citizens: redemptions that are owed to them, their batches, and what comes back.

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

PAYEE = "payee = 'merchant' OR (payee = 'citizen' AND statement_id IS NULL AND borne_fen = 0)"
PAYOUT_STATES = "status IN ('due', 'batched', 'cleared', 'paid', 'failed', 'taken_off', 'reclaimed', 'repaid')"
BATCH_STATES = "status IN ('closed', 'approved', 'rejected', 'sent', 'finished')"
LINE_STATES = "status IN ('waiting', 'paid', 'failed', 'taken_off', 'freed')"


def upgrade() -> None:
    with op.batch_alter_table("redemption") as table:
        table.add_column(sa.Column("payee", sa.String(length=10), nullable=False, server_default="merchant"))
        table.create_check_constraint(op.f("ck_redemption_payee"), PAYEE)
    op.create_table(
        "payout",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", RowId, nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("payee_name", sa.LargeBinary(), nullable=False),
        sa.Column("bank_name", sa.String(length=80), nullable=False),
        sa.Column("bank_account", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("owed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failure", sa.String(length=100), nullable=False, server_default=""),
        sa.CheckConstraint(PAYOUT_STATES, name=op.f("ck_payout_status")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payout_amount_positive")),
        sa.ForeignKeyConstraint(["id"], ["redemption.id"], name=op.f("fk_payout_id_redemption")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_payout_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["citizen_id"], ["citizen.id"], name=op.f("fk_payout_citizen_id_citizen")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
    )
    op.create_index("ix_payout_campaign_id_status", "payout", ["campaign_id", "status"])
    op.create_index(op.f("ix_payout_citizen_id"), "payout", ["citizen_id"])
    op.create_table(
        "payout_batch",
        sa.Column("id", RowId, nullable=False),
        sa.Column("campaign_id", RowId, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("closed_by", sa.String(length=60), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=60)),
        sa.Column("approved_at", sa.DateTime(timezone=True)),
        sa.Column("sent_by", sa.String(length=60)),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(BATCH_STATES, name=op.f("ck_payout_batch_status")),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> closed_by", name=op.f("ck_payout_batch_four_eyes")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_payout_batch_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_batch")),
    )
    op.create_index(op.f("ix_payout_batch_campaign_id"), "payout_batch", ["campaign_id"])
    op.create_table(
        "payout_line",
        sa.Column("batch_id", RowId, nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(LINE_STATES, name=op.f("ck_payout_line_status")),
        sa.ForeignKeyConstraint(["batch_id"], ["payout_batch.id"], name=op.f("fk_payout_line_batch_id_payout_batch")),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_payout_line_payout_id_payout")),
        sa.PrimaryKeyConstraint("batch_id", "payout_id", name=op.f("pk_payout_line")),
        sa.UniqueConstraint("batch_id", "number", name=op.f("uq_payout_line_batch_id_number")),
    )
    op.create_index(op.f("ix_payout_line_payout_id"), "payout_line", ["payout_id"])
    op.create_table(
        "payout_return",
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("evidence", sa.String(length=100), nullable=False),
        sa.Column("repay_by", sa.Date()),
        sa.Column("recorded_by", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_payout_return_payout_id_payout")),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name=op.f("fk_payout_return_refund_id_refund")),
        sa.PrimaryKeyConstraint("payout_id", name=op.f("pk_payout_return")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_payout_return_refund_id")),
    )


def downgrade() -> None:
    op.drop_table("payout_return")
    op.drop_table("payout_line")
    op.drop_table("payout_batch")
    op.drop_table("payout")
    with op.batch_alter_table("redemption") as table:
        table.drop_constraint(op.f("ck_redemption_payee"), type_="check")
        table.drop_column("payee")

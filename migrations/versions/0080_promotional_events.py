"""Promotional events, who takes part, and what merchants report of their sales there.

Revision ID: 0080
Revises: 0076
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0080"
down_revision = "0076"
branch_labels = None
depends_on = None


def forbid_changes(table: str) -> None:
    """As in 0002: a report is corrected by a new one, never edited."""
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
        "promotional_event",
        sa.Column("id", RowId, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('announced', 'cancelled')", name=op.f("ck_promotional_event_status")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_promotional_event_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotional_event")),
    )
    op.create_index("ix_promotional_event_ends_on", "promotional_event", ["ends_on"])
    op.create_table(
        "event_campaign",
        sa.Column("event_id", RowId, nullable=False),
        sa.Column("campaign_id", RowId, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["promotional_event.id"], name=op.f("fk_event_campaign_event_id_promotional_event")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_event_campaign_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("event_id", "campaign_id", name=op.f("pk_event_campaign")),
    )
    op.create_index(op.f("ix_event_campaign_campaign_id"), "event_campaign", ["campaign_id"])
    op.create_table(
        "event_participation",
        sa.Column("event_id", RowId, nullable=False),
        sa.Column("merchant_id", RowId, nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_by", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["promotional_event.id"], name=op.f("fk_event_participation_event_id_promotional_event")
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchant.id"], name=op.f("fk_event_participation_merchant_id_merchant")
        ),
        sa.PrimaryKeyConstraint("event_id", "merchant_id", name=op.f("pk_event_participation")),
    )
    op.create_index(op.f("ix_event_participation_merchant_id"), "event_participation", ["merchant_id"])
    op.create_table(
        "event_sales",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", RowId, nullable=False),
        sa.Column("merchant_id", RowId, nullable=False),
        sa.Column("sales_day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("deals", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_by", sa.String(length=60), nullable=False),
        sa.CheckConstraint("number >= 1 AND deals >= 0 AND amount_fen >= 0", name=op.f("ck_event_sales_amounts")),
        sa.CheckConstraint("(deals = 0) = (amount_fen = 0)", name=op.f("ck_event_sales_deals_have_amounts")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["promotional_event.id"], name=op.f("fk_event_sales_event_id_promotional_event")
        ),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name=op.f("fk_event_sales_merchant_id_merchant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_sales")),
        sa.UniqueConstraint(
            "event_id", "merchant_id", "sales_day", "number",
            name=op.f("uq_event_sales_event_id_merchant_id_sales_day_number"),
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_event_sales_merchant_id"), "event_sales", ["merchant_id"])
    forbid_changes("event_sales")


def downgrade() -> None:
    op.drop_table("event_sales")
    op.drop_table("event_participation")
    op.drop_table("event_campaign")
    op.drop_table("promotional_event")

"""Money on release for subsidies that are applied for, and what applications set aside.

Revision ID: 0040
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0040"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("release", sa.Column("asked_fen", sa.BigInteger(), nullable=True))
    op.add_column("release", sa.Column("released_fen", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "release_tier",
        sa.Column("release_id", RowId, nullable=False),
        sa.Column("tier", sa.String(length=10), nullable=False),
        sa.Column("pool_fen", sa.BigInteger()),
        sa.Column("most", sa.Integer()),
        sa.Column("taken_fen", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("each_fen", sa.BigInteger()),
        sa.CheckConstraint(
            "taken_fen >= 0 AND (pool_fen IS NULL OR taken_fen <= pool_fen)", name=op.f("ck_release_tier_money")
        ),
        sa.CheckConstraint("taken >= 0 AND (most IS NULL OR taken <= most)", name=op.f("ck_release_tier_number")),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_release_tier_release_id_release")),
        sa.PrimaryKeyConstraint("release_id", "tier", name=op.f("pk_release_tier")),
    )
    op.create_table(
        "campaign_apart",
        sa.Column("campaign_id", RowId, nullable=False),
        sa.Column("other_code", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_apart_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("campaign_id", "other_code", name=op.f("pk_campaign_apart")),
    )
    op.create_index(op.f("ix_campaign_apart_other_code"), "campaign_apart", ["other_code"])
    op.create_table("firm", sa.Column("id", sa.Uuid(), nullable=False), sa.PrimaryKeyConstraint("id", name="pk_firm"))
    op.create_table(
        "reservation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid()),
        sa.Column("release_id", RowId, nullable=False),
        sa.Column("tier", sa.String(length=10), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('held', 'granted', 'returned')", name=op.f("ck_reservation_status")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_reservation_amount_positive")),
        sa.ForeignKeyConstraint(["citizen_id"], ["citizen.id"], name=op.f("fk_reservation_citizen_id_citizen")),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_reservation_firm_id_firm")),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_reservation_release_id_release")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
    )
    op.create_index("ix_reservation_release_id_status", "reservation", ["release_id", "status"])
    op.create_index(op.f("ix_reservation_citizen_id"), "reservation", ["citizen_id"])


def downgrade() -> None:
    op.drop_table("reservation")
    op.drop_table("firm")
    op.drop_table("campaign_apart")
    op.drop_table("release_tier")
    op.drop_column("release", "released_fen")
    op.drop_column("release", "asked_fen")

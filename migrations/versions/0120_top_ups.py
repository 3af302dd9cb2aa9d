"""Top-ups: what raised award tables add to applications that were priced before.

Revision ID: 0120
Revises: 0110
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0120"
down_revision = "0110"
branch_labels = None
depends_on = None

STATES = "status IN ('waiting', 'added', 'granted', 'lapsed')"
BILLED = "discount_fen > 0 AND bill_fen > 0 AND discount_fen <= bill_fen"
BILLED_ONCE = "discount_fen > 0 AND (bill_fen >= discount_fen OR (payee = 'citizen' AND bill_fen = 0))"
CAME_BACK = "bill_fen > 0 AND discount_fen >= 0 AND customer_fen >= 0 AND borne_fen >= 0 AND borne_fen <= discount_fen"
CAME_BACK_ONCE = (
    "bill_fen >= 0 AND (bill_fen > 0 OR customer_fen = 0)"
    " AND discount_fen >= 0 AND customer_fen >= 0 AND borne_fen >= 0 AND borne_fen <= discount_fen"
)


def upgrade() -> None:
    op.create_table(
        "top_up",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("release_id", RowId, nullable=False),
        sa.Column("campaign_version_id", RowId, nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("from_release_fen", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("owed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(STATES, name=op.f("ck_top_up_status")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_top_up_amount_positive")),
        sa.CheckConstraint(
            "from_release_fen >= 0 AND from_release_fen <= amount_fen", name=op.f("ck_top_up_from_release")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["reservation.id"], name=op.f("fk_top_up_application_id_reservation")
        ),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_top_up_release_id_release")),
        sa.ForeignKeyConstraint(
            ["campaign_version_id"],
            ["campaign_version.id"],
            name=op.f("fk_top_up_campaign_version_id_campaign_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_up")),
        sa.UniqueConstraint(
            "application_id", "campaign_version_id", name=op.f("uq_top_up_application_id_campaign_version_id")
        ),
    )
    op.create_index("ix_top_up_release_id_status", "top_up", ["release_id", "status"])
    op.create_index("ix_top_up_campaign_version_id", "top_up", ["campaign_version_id"])
    op.add_column("application", sa.Column("tables_version_id", RowId, nullable=False, server_default="0"))
    # No table was raised before this: each was priced by all that there was.
    op.execute(sa.text("UPDATE application SET tables_version_id = campaign_version_id"))
    with op.batch_alter_table("redemption") as table:
        table.drop_constraint(op.f("ck_redemption_amounts"), type_="check")
        table.create_check_constraint(op.f("ck_redemption_amounts"), BILLED_ONCE)
    with op.batch_alter_table("refund") as table:
        table.drop_constraint(op.f("ck_refund_amounts"), type_="check")
        table.create_check_constraint(op.f("ck_refund_amounts"), CAME_BACK_ONCE)


def downgrade() -> None:
    with op.batch_alter_table("refund") as table:
        table.drop_constraint(op.f("ck_refund_amounts"), type_="check")
        table.create_check_constraint(op.f("ck_refund_amounts"), CAME_BACK)
    with op.batch_alter_table("redemption") as table:
        table.drop_constraint(op.f("ck_redemption_amounts"), type_="check")
        table.create_check_constraint(op.f("ck_redemption_amounts"), BILLED)
    op.drop_column("application", "tables_version_id")
    op.drop_table("top_up")

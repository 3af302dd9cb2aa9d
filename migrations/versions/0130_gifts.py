"""Parts of gifts that were handed out, and redemptions without a bill.

Revision ID: 0130
Revises: 0120
"""

import sqlalchemy as sa
from alembic import op

revision = "0130"
down_revision = "0120"
branch_labels = None
depends_on = None

LIVE = "uq_redemption_entitlement_id_live"
WITH_BILL = "discount_fen > 0 AND (bill_fen >= discount_fen OR (payee = 'citizen' AND bill_fen = 0))"
BILL_OR_GIFT = "discount_fen > 0 AND (bill_fen = 0 OR discount_fen <= bill_fen)"


def _spent_once(condition: str) -> None:
    where = sa.text(condition)
    op.drop_index(LIVE, "redemption")
    op.create_index(
        LIVE, "redemption", ["entitlement_id"], unique=True, sqlite_where=where, postgresql_where=where
    )  # fmt: skip


def upgrade() -> None:
    with op.batch_alter_table("entitlement") as table:
        table.add_column(sa.Column("handed_fen", sa.BigInteger(), server_default="0", nullable=False))
        table.create_check_constraint(
            op.f("ck_entitlement_handed_within"), "handed_fen >= 0 AND handed_fen <= face_value_fen"
        )
    with op.batch_alter_table("redemption") as table:
        table.drop_constraint(op.f("ck_redemption_amounts"), type_="check")
        table.create_check_constraint(op.f("ck_redemption_amounts"), BILL_OR_GIFT)
    _spent_once("status = 'redeemed' AND (bill_fen > 0 OR payee = 'citizen')")
    op.create_index("ix_redemption_entitlement_id", "redemption", ["entitlement_id"])
    op.create_table(
        "handed_part",
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("entitlement_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("cost_fen", sa.BigInteger(), nullable=False),
        sa.Column("advertised_fen", sa.BigInteger(), nullable=False),
        sa.Column("number_kind", sa.String(length=10), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=True),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("came_back", sa.String(length=12), nullable=True),
        sa.CheckConstraint("part > 0 AND cost_fen > 0 AND advertised_fen > 0", name=op.f("ck_handed_part_amounts")),
        sa.CheckConstraint("(number_kind = 'none') = (number IS NULL)", name=op.f("ck_handed_part_number")),
        sa.CheckConstraint("(voided_at IS NULL) = (came_back IS NULL)", name=op.f("ck_handed_part_came_back")),
        sa.ForeignKeyConstraint(
            ["entitlement_id"], ["entitlement.id"], name=op.f("fk_handed_part_entitlement_id_entitlement")
        ),
        sa.PrimaryKeyConstraint("redemption_id", "part", name=op.f("pk_handed_part")),
    )
    op.create_index(
        "uq_handed_part_entitlement_id_part_live",
        "handed_part",
        ["entitlement_id", "part"],
        unique=True,
        sqlite_where=sa.text("voided_at IS NULL"),
        postgresql_where=sa.text("voided_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("handed_part")
    op.drop_index("ix_redemption_entitlement_id", "redemption")
    _spent_once("status = 'redeemed'")
    with op.batch_alter_table("redemption") as table:
        table.drop_constraint(op.f("ck_redemption_amounts"), type_="check")
        table.create_check_constraint(op.f("ck_redemption_amounts"), WITH_BILL)
    with op.batch_alter_table("entitlement") as table:
        table.drop_constraint(op.f("ck_entitlement_handed_within"), type_="check")
        table.drop_column("handed_fen")

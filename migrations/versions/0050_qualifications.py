"""Qualifications for goods by category, the money they did not cost, and stores that have confirmed one.

Revision ID: 0050
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0050"
down_revision = "0041"
branch_labels = None
depends_on = None

SPARE_DUE = "status = 'redeemed' AND category <> '' AND spare_run_id IS NULL"
FIGURES = ("day_figure", "merchant_day_figure")


def upgrade() -> None:
    op.create_table(
        "spare_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", RowId, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("count > 0 AND amount_fen > 0", name=op.f("ck_spare_run_not_empty")),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_spare_run_offer_id_offer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spare_run")),
    )
    with op.batch_alter_table("entitlement") as table:
        table.add_column(sa.Column("category", sa.String(length=40), server_default="", nullable=False))
        table.add_column(sa.Column("spare_run_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("confirmed_store_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("confirmed_place", sa.String(length=120), nullable=True))
        table.add_column(sa.Column("confirmed_until", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("confirmed_by", sa.String(length=60), nullable=True))
        table.create_foreign_key(op.f("fk_entitlement_spare_run_id_spare_run"), "spare_run", ["spare_run_id"], ["id"])
    op.create_index(op.f("ix_entitlement_spare_run_id"), "entitlement", ["spare_run_id"])
    op.create_index(op.f("ix_entitlement_confirmed_store_id"), "entitlement", ["confirmed_store_id"])
    op.create_index(
        "ix_entitlement_redeemed_at_spare",
        "entitlement",
        ["redeemed_at"],
        sqlite_where=sa.text(SPARE_DUE),
        postgresql_where=sa.text(SPARE_DUE),
    )
    for name in FIGURES:
        op.add_column(name, sa.Column("spare_fen", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    for name in FIGURES:
        op.drop_column(name, "spare_fen")
    for index in ("redeemed_at_spare", "confirmed_store_id", "spare_run_id"):
        op.drop_index(f"ix_entitlement_{index}", "entitlement")
    with op.batch_alter_table("entitlement") as table:
        table.drop_constraint(op.f("fk_entitlement_spare_run_id_spare_run"), type_="foreignkey")
        for column in (
            "confirmed_by", "confirmed_until", "confirmed_place", "confirmed_store_id", "spare_run_id", "category",
        ):  # fmt: skip
            table.drop_column(column)
    op.drop_table("spare_run")

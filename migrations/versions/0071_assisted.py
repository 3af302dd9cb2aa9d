"""Printed vouchers, and citizens without a phone, for whom staff claim.

Revision ID: 0071
Revises: 0070
"""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

WHO = "phone_hash IS NOT NULL OR id_number_hash IS NOT NULL"


def upgrade() -> None:
    with op.batch_alter_table("citizen") as table:
        table.alter_column("phone", existing_type=sa.LargeBinary(), nullable=True)
        table.alter_column("phone_hash", existing_type=sa.LargeBinary(length=32), nullable=True)
        table.create_check_constraint(op.f("ck_citizen_who"), WHO)
    op.create_index(
        "uq_citizen_id_number_hash_phoneless",
        "citizen",
        ["id_number_hash"],
        unique=True,
        sqlite_where=sa.text("phone_hash IS NULL"),
        postgresql_where=sa.text("phone_hash IS NULL"),
    )
    op.add_column("voucher_code", sa.Column("printed", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.create_index(
        "uq_voucher_code_entitlement_id_printed",
        "voucher_code",
        ["entitlement_id"],
        unique=True,
        sqlite_where=sa.text("printed AND retired_at IS NULL"),
        postgresql_where=sa.text("printed AND retired_at IS NULL"),
    )
    op.create_table(
        "printed_voucher",
        sa.Column("entitlement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("printed_by", sa.String(length=60), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_printed_voucher_number")),
        sa.ForeignKeyConstraint(
            ["entitlement_id"], ["entitlement.id"], name=op.f("fk_printed_voucher_entitlement_id_entitlement")
        ),
        sa.PrimaryKeyConstraint("entitlement_id", "number", name=op.f("pk_printed_voucher")),
    )
    op.create_index("ix_printed_voucher_printed_at", "printed_voucher", ["printed_at"])


def downgrade() -> None:
    op.drop_table("printed_voucher")
    op.drop_index("uq_voucher_code_entitlement_id_printed", "voucher_code")
    op.drop_column("voucher_code", "printed")
    op.drop_index("uq_citizen_id_number_hash_phoneless", "citizen")
    with op.batch_alter_table("citizen") as table:
        table.drop_constraint(op.f("ck_citizen_who"), type_="check")
        table.alter_column("phone_hash", existing_type=sa.LargeBinary(length=32), nullable=False)
        table.alter_column("phone", existing_type=sa.LargeBinary(), nullable=False)

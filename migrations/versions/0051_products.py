"""The product catalogue with its filed prices, and sales that somebody must look at.

Revision ID: 0051
Revises: 0050
"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product",
        sa.Column("barcode", sa.String(length=13), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("brand", sa.String(length=40), nullable=False),
        sa.Column("model_name", sa.String(length=80), nullable=False),
        sa.Column("grade", sa.String(length=10), nullable=False),
        sa.Column("filed_fen", sa.BigInteger(), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.String(length=60), nullable=False),
        sa.CheckConstraint("filed_fen IS NULL OR filed_fen > 0", name=op.f("ck_product_filed_price")),
        sa.PrimaryKeyConstraint("barcode", "valid_from", name=op.f("pk_product")),
    )
    op.add_column("sold_item", sa.Column("held_reason", sa.String(length=40), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("sold_item", "held_reason")
    op.drop_table("product")

"""Evidence: files, numbers that count once, and the article that a redemption was for.

Revision ID: 0030
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evidence_mark",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("number_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("holder_kind", sa.String(length=20), nullable=False),
        sa.Column("holder_id", sa.String(length=40), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "number_hash", name=op.f("pk_evidence_mark")),
    )
    op.create_index("ix_evidence_mark_holder", "evidence_mark", ["holder_kind", "holder_id"])
    op.create_table(
        "evidence_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("holder_kind", sa.String(length=20), nullable=False),
        sa.Column("holder_id", sa.String(length=40), nullable=False),
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.String(length=20), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("original", sa.LargeBinary()),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("page_count > 0 AND byte_count > 0", name=op.f("ck_evidence_file_not_empty")),
        sa.CheckConstraint(
            "(media_type = 'application/pdf') = (original IS NOT NULL)", name=op.f("ck_evidence_file_original_of_pdf")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_file")),
    )
    op.create_index("ix_evidence_file_holder", "evidence_file", ["holder_kind", "holder_id"])
    op.create_index(op.f("ix_evidence_file_sha256"), "evidence_file", ["sha256"])
    op.create_table(
        "evidence_page",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("likeness", sa.String(length=16), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["evidence_file.id"], name=op.f("fk_evidence_page_file_id_evidence_file")),
        sa.PrimaryKeyConstraint("file_id", "number", name=op.f("pk_evidence_page")),
    )
    op.create_index(op.f("ix_evidence_page_likeness"), "evidence_page", ["likeness"])
    op.create_table(
        "sold_item",
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("grade", sa.String(length=10), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("barcode", sa.String(length=13), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("imei", sa.String(length=15), nullable=False),
        sa.Column("brand", sa.String(length=40), nullable=False),
        sa.Column("model_name", sa.String(length=80), nullable=False),
        sa.CheckConstraint("price_fen > 0", name=op.f("ck_sold_item_price")),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemption.id"], name=op.f("fk_sold_item_redemption_id_redemption")
        ),
        sa.PrimaryKeyConstraint("redemption_id", name=op.f("pk_sold_item")),
    )
    op.create_index("ix_sold_item_barcode", "sold_item", ["barcode"])


def downgrade() -> None:
    for table in ("sold_item", "evidence_page", "evidence_file", "evidence_mark"):
        op.drop_table(table)

"""Lists of subsidies that are paid elsewhere, and who has something here beside them.

Revision ID: 0131
Revises: 0130
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0131"
down_revision = "0130"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "elsewhere_programme",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_elsewhere_programme")),
    )
    op.create_table(
        "elsewhere_list",
        sa.Column("id", RowId, nullable=False),
        sa.Column("programme", sa.String(length=40), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("imported_by", sa.String(length=60), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.String(length=60), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoke_reason", sa.String(length=100), nullable=True),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_elsewhere_list_revoked")),
        sa.ForeignKeyConstraint(
            ["programme"], ["elsewhere_programme.code"], name=op.f("fk_elsewhere_list_programme_elsewhere_programme")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elsewhere_list")),
    )
    op.create_index(op.f("ix_elsewhere_list_programme"), "elsewhere_list", ["programme"])
    op.create_table(
        "elsewhere_line",
        sa.Column("list_id", RowId, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("number_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["elsewhere_list.id"], name=op.f("fk_elsewhere_line_list_id_elsewhere_list")
        ),
        sa.PrimaryKeyConstraint("list_id", "row", "kind", name=op.f("pk_elsewhere_line")),
    )
    op.create_index("ix_elsewhere_line_number_hash", "elsewhere_line", ["number_hash"])
    op.create_table(
        "elsewhere_key",
        sa.Column("programme", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("number_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("listed_in", RowId, nullable=True),
        sa.ForeignKeyConstraint(
            ["listed_in"], ["elsewhere_list.id"], name=op.f("fk_elsewhere_key_listed_in_elsewhere_list")
        ),
        sa.PrimaryKeyConstraint("programme", "kind", "number_hash", name=op.f("pk_elsewhere_key")),
    )
    op.create_index(op.f("ix_elsewhere_key_listed_in"), "elsewhere_key", ["listed_in"])
    op.create_table(
        "elsewhere_watch",
        sa.Column("programme", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("number_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("campaign_id", RowId, nullable=False),
        sa.Column("holder_kind", sa.String(length=12), nullable=False),
        sa.Column("holder_id", sa.String(length=32), nullable=False),
        sa.Column("found_in", RowId, nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("holder_kind IN ('application', 'claim')", name=op.f("ck_elsewhere_watch_holder_kind")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_elsewhere_watch_campaign_id_campaign")),
        sa.ForeignKeyConstraint(
            ["found_in"], ["elsewhere_list.id"], name=op.f("fk_elsewhere_watch_found_in_elsewhere_list")
        ),
        sa.PrimaryKeyConstraint(
            "programme", "kind", "number_hash", "campaign_id", "holder_kind", "holder_id",
            name=op.f("pk_elsewhere_watch"),
        ),
    )  # fmt: skip
    op.create_index("ix_elsewhere_watch_holder_id", "elsewhere_watch", ["holder_id"])
    op.create_index(op.f("ix_elsewhere_watch_found_in"), "elsewhere_watch", ["found_in"])


def downgrade() -> None:
    for table in ("watch", "key", "line", "list", "programme"):
        op.drop_table(f"elsewhere_{table}")

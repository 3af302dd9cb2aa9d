"""Lists of people who may claim.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "named_list",
        sa.Column("id", RowId, nullable=False),
        sa.Column("release_id", RowId, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("imported_by", sa.String(length=60), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'confirmed', 'discarded')", name=op.f("ck_named_list_status")),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_named_list_release_id_release")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_named_list")),
    )
    op.create_index(op.f("ix_named_list_release_id"), "named_list", ["release_id"])
    op.create_table(
        "named_person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_id", RowId, nullable=False),
        sa.Column("live_release_id", RowId),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("name", sa.LargeBinary()),
        sa.Column("phone", sa.LargeBinary()),
        sa.Column("phone_hash", sa.LargeBinary(length=32)),
        sa.Column("id_number", sa.LargeBinary()),
        sa.Column("id_number_hash", sa.LargeBinary(length=32)),
        sa.Column("taken_by", sa.Uuid()),
        sa.Column("taken_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("phone_hash IS NOT NULL OR id_number_hash IS NOT NULL", name=op.f("ck_named_person_who")),
        sa.CheckConstraint("taken_by IS NULL OR live_release_id IS NOT NULL", name=op.f("ck_named_person_taken")),
        sa.ForeignKeyConstraint(["list_id"], ["named_list.id"], name=op.f("fk_named_person_list_id_named_list")),
        sa.ForeignKeyConstraint(
            ["live_release_id"], ["release.id"], name=op.f("fk_named_person_live_release_id_release")
        ),
        sa.ForeignKeyConstraint(["taken_by"], ["citizen.id"], name=op.f("fk_named_person_taken_by_citizen")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_named_person")),
        sa.UniqueConstraint("live_release_id", "phone_hash", name=op.f("uq_named_person_live_release_id_phone_hash")),
        sa.UniqueConstraint(
            "live_release_id", "id_number_hash", name=op.f("uq_named_person_live_release_id_id_number_hash")
        ),
    )
    op.create_index(op.f("ix_named_person_list_id"), "named_person", ["list_id"])
    op.create_index(op.f("ix_named_person_taken_by"), "named_person", ["taken_by"])
    op.create_index("ix_named_person_phone_hash", "named_person", ["phone_hash"])
    op.create_index("ix_named_person_id_number_hash", "named_person", ["id_number_hash"])


def downgrade() -> None:
    op.drop_table("named_person")
    op.drop_table("named_list")

"""Draws and entries to them.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lottery_draw",
        sa.Column("id", RowId, nullable=False),
        sa.Column("release_id", RowId, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True)),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("list_sha256", sa.String(length=64)),
        sa.Column("drawn_at", sa.DateTime(timezone=True)),
        sa.Column("considered", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('committed', 'listed', 'drawn', 'finished')", name=op.f("ck_lottery_draw_status")
        ),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_lottery_draw_release_id_release")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lottery_draw")),
        sa.UniqueConstraint("release_id", name=op.f("uq_lottery_draw_release_id")),
    )
    op.create_table(
        "lottery_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draw_id", RowId, nullable=False),
        sa.Column("round_id", RowId, nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("entry_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank", sa.Integer()),
        sa.Column("take_up_until", sa.DateTime(timezone=True)),
        sa.Column("notified_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "status IN ('entered', 'won', 'granted', 'lapsed', 'passed_over')", name=op.f("ck_lottery_entry_status")
        ),
        sa.ForeignKeyConstraint(["citizen_id"], ["citizen.id"], name=op.f("fk_lottery_entry_citizen_id_citizen")),
        sa.ForeignKeyConstraint(["draw_id"], ["lottery_draw.id"], name=op.f("fk_lottery_entry_draw_id_lottery_draw")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["campaign_round.id"], name=op.f("fk_lottery_entry_round_id_campaign_round")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lottery_entry")),
        sa.UniqueConstraint("draw_id", "entry_hash", name=op.f("uq_lottery_entry_draw_id_entry_hash")),
        sa.UniqueConstraint("draw_id", "rank", name=op.f("uq_lottery_entry_draw_id_rank")),
        sa.UniqueConstraint("round_id", "person_id", name=op.f("uq_lottery_entry_round_id_person_id")),
    )
    op.create_index("ix_lottery_entry_citizen_id", "lottery_entry", ["citizen_id"])
    op.create_index("ix_lottery_entry_draw_id_status", "lottery_entry", ["draw_id", "status"])


def downgrade() -> None:
    op.drop_table("lottery_entry")
    op.drop_table("lottery_draw")

"""Packs: an offer may be on release in a round by itself and as part of packs.

Revision ID: 0010
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("release") as release:
        release.add_column(sa.Column("pack", sa.String(length=40), nullable=False, server_default=""))
        release.add_column(sa.Column("per_pack", sa.Integer(), nullable=False, server_default="1"))
        release.drop_constraint(op.f("uq_release_round_id_offer_id"), type_="unique")
        release.create_unique_constraint(op.f("uq_release_round_id_offer_id_pack"), ["round_id", "offer_id", "pack"])
        release.create_check_constraint(op.f("ck_release_per_pack"), "per_pack > 0")


def downgrade() -> None:
    with op.batch_alter_table("release") as release:
        release.drop_constraint(op.f("ck_release_per_pack"), type_="check")
        release.drop_constraint(op.f("uq_release_round_id_offer_id_pack"), type_="unique")
        release.create_unique_constraint(op.f("uq_release_round_id_offer_id"), ["round_id", "offer_id"])
        release.drop_column("per_pack")
        release.drop_column("pack")

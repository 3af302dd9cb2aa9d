"""Applications with review: answers, decisions, public notices, objections, reviewers, messages.

Revision ID: 0031
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op

from foundation.db import RowId

revision = "0031"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reviewer",
        sa.Column("account_id", RowId, autoincrement=False, nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("named_by", sa.String(length=60), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_reviewer_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_reviewer")),
    )
    op.create_table(
        "public_notice",
        sa.Column("id", RowId, nullable=False),
        sa.Column("round_id", RowId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('open', 'ended')", name=op.f("ck_public_notice_status")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["campaign_round.id"], name=op.f("fk_public_notice_round_id_campaign_round")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_notice")),
        sa.UniqueConstraint("round_id", "number", name=op.f("uq_public_notice_round_id_number")),
    )
    op.create_table(
        "submission_counter",
        sa.Column("round_id", RowId, autoincrement=False, nullable=False),
        sa.Column("submitted", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["campaign_round.id"], name=op.f("fk_submission_counter_round_id_campaign_round")
        ),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_submission_counter")),
    )
    op.create_table(
        "application",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", RowId, nullable=False),
        sa.Column("campaign_version_id", RowId, nullable=False),
        sa.Column("round_id", RowId, nullable=False),
        sa.Column("release_id", RowId, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("buyer", sa.String(length=10), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("merchant_id", RowId, nullable=True),
        sa.Column("store_id", RowId, nullable=True),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("buyer_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("card_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("award_fen", sa.BigInteger(), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("claimed_by", RowId, nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("corrections", sa.Integer(), nullable=False),
        sa.Column("correct_fields", sa.JSON(), nullable=False),
        sa.Column("correct_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notice_id", RowId, nullable=True),
        sa.CheckConstraint("buyer IN ('person', 'firm')", name=op.f("ck_application_buyer")),
        sa.CheckConstraint(
            "status IN ('draft', 'reviewing', 'waiting', 'rejected', 'passed', 'correcting', 'noticed', 'held', 'approved', 'withdrawn')",
            name=op.f("ck_application_status"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'withdrawn') OR sequence IS NOT NULL", name=op.f("ck_application_sequence")
        ),
        sa.CheckConstraint("(claimed_by IS NULL) = (claimed_until IS NULL)", name=op.f("ck_application_claimed")),
        sa.CheckConstraint("award_fen > 0", name=op.f("ck_application_award")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_application_campaign_id_campaign")),
        sa.ForeignKeyConstraint(
            ["campaign_version_id"],
            ["campaign_version.id"],
            name=op.f("fk_application_campaign_version_id_campaign_version"),
        ),
        sa.ForeignKeyConstraint(["citizen_id"], ["citizen.id"], name=op.f("fk_application_citizen_id_citizen")),
        sa.ForeignKeyConstraint(["claimed_by"], ["account.id"], name=op.f("fk_application_claimed_by_account")),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name=op.f("fk_application_merchant_id_merchant")),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["public_notice.id"], name=op.f("fk_application_notice_id_public_notice")
        ),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_application_release_id_release")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["campaign_round.id"], name=op.f("fk_application_round_id_campaign_round")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_application_store_id_store")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("round_id", "sequence", name=op.f("uq_application_round_id_sequence")),
    )
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.create_index("ix_application_buyer_hash", ["buyer_hash"], unique=False)
        batch_op.create_index("ix_application_card_hash", ["card_hash"], unique=False)
        batch_op.create_index("ix_application_citizen_id", ["citizen_id"], unique=False)
        batch_op.create_index("ix_application_notice_id", ["notice_id"], unique=False)
        batch_op.create_index("ix_application_status_sequence", ["status", "sequence"], unique=False)
        batch_op.create_index(
            "uq_application_open_draft",
            ["citizen_id", "round_id"],
            unique=True,
            sqlite_where=sa.text("status = 'draft'"),
            postgresql_where=sa.text("status = 'draft'"),
        )

    op.create_table(
        "applicant_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_applicant_message_application_id_application")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applicant_message")),
    )
    with op.batch_alter_table("applicant_message", schema=None) as batch_op:
        batch_op.create_index("ix_applicant_message_application_id", ["application_id"], unique=False)
        batch_op.create_index("ix_applicant_message_sent_at", ["sent_at"], unique=False)

    op.create_table(
        "application_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("reviewer_id", RowId, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("campaign_version_id", RowId, nullable=False),
        sa.Column("evidence_digest", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "kind IN ('open', 'approve', 'correct', 'reject', 'dismiss', 'uphold')",
            name=op.f("ck_application_decision_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_application_decision_application_id_application")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_version_id"],
            ["campaign_version.id"],
            name=op.f("fk_application_decision_campaign_version_id_campaign_version"),
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["account.id"], name=op.f("fk_application_decision_reviewer_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_decision")),
    )
    with op.batch_alter_table("application_decision", schema=None) as batch_op:
        batch_op.create_index("ix_application_decision_application_id", ["application_id"], unique=False)
        batch_op.create_index(
            "uq_application_decision_approve",
            ["application_id", "reviewer_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'approve'"),
            postgresql_where=sa.text("kind = 'approve'"),
        )

    op.create_table(
        "objection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("contact", sa.LargeBinary(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('open', 'dismissed', 'upheld')", name=op.f("ck_objection_status")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_objection_application_id_application")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
    )
    with op.batch_alter_table("objection", schema=None) as batch_op:
        batch_op.create_index("ix_objection_application_id", ["application_id"], unique=False)
    _only_add("application_decision")


def _only_add(table: str) -> None:
    """What was decided stays as it was written."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} can only be added to'); END"
        )


def downgrade() -> None:
    for table in (
        "objection",
        "application_decision",
        "applicant_message",
        "application",
        "submission_counter",
        "public_notice",
        "reviewer",
    ):
        op.drop_table(table)

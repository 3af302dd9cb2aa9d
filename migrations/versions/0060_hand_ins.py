"""Hand-ins: evidence after a sale, what looks suspicious about it, and what the bureau decided.

Revision ID: 0060
Revises: 0051
"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0051"
branch_labels = None
depends_on = None

DECISIONS = "hand_in_decision"
ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length=length), nullable=False, server_default="")


def _only_added_to(table: str) -> None:
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


def upgrade() -> None:
    op.create_table(
        "hand_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", ROW, nullable=False),
        sa.Column("campaign_version_id", ROW, nullable=False),
        sa.Column("offer_id", ROW, nullable=False),
        sa.Column("merchant_id", ROW, nullable=False),
        sa.Column("store_id", ROW, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        _text("invoice_number", 20),
        _text("invoice_series", 12),
        sa.Column("invoice_serial", sa.BigInteger()),
        sa.Column("invoice_on", sa.Date()),
        sa.Column("invoice_fen", sa.BigInteger()),
        sa.Column("invoice_buyer", sa.LargeBinary()),
        sa.Column("delivered_on", sa.Date()),
        _text("delivery_county", 6),
        sa.Column("delivery_address", sa.LargeBinary()),
        sa.Column("address_hash", sa.LargeBinary(length=32)),
        _text("old_category", 40),
        _text("old_brand", 40),
        _text("old_model", 80),
        sa.Column("old_weight_grams", sa.Integer()),
        _text("old_collector", 80),
        _text("old_dismantler", 80),
        _text("old_certificate", 60),
        sa.Column("old_collected_on", sa.Date()),
        sa.Column("handed_in_at", sa.DateTime(timezone=True)),
        sa.Column("handed_in_by", sa.String(length=60)),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.String(length=60)),
        sa.CheckConstraint(
            "status IN ('awaited', 'handed_in', 'accepted', 'correction', 'rejected', 'withdrawn')",
            name=op.f("ck_hand_in_status"),
        ),
        sa.CheckConstraint("ends_on >= due_on AND due_on > sold_on", name=op.f("ck_hand_in_days")),
        sa.ForeignKeyConstraint(["id"], ["redemption.id"], name=op.f("fk_hand_in_id_redemption")),
        *(
            sa.ForeignKeyConstraint([f"{table}_id"], [f"{table}.id"], name=op.f(f"fk_hand_in_{table}_id_{table}"))
            for table in ("campaign", "campaign_version", "offer", "merchant", "store")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_in")),
    )
    for columns in (
        ("status", "handed_in_at"),
        ("store_id", "status"),
        ("campaign_id", "address_hash"),
        ("invoice_series", "invoice_serial"),
    ):
        op.create_index(f"ix_hand_in_{'_'.join(columns)}", "hand_in", list(columns))
    op.create_table(
        "hand_in_suspicion",
        sa.Column("hand_in_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(length=4), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["hand_in_id"], ["hand_in.id"], name=op.f("fk_hand_in_suspicion_hand_in_id_hand_in")),
        sa.PrimaryKeyConstraint("hand_in_id", "rule", name=op.f("pk_hand_in_suspicion")),
    )
    op.create_table(
        DECISIONS,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hand_in_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("reasons", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("campaign_version_id", ROW, nullable=False),
        sa.Column("evidence_digest", sa.String(length=64), nullable=False),
        sa.Column("suspicions", sa.Text(), nullable=False),
        sa.CheckConstraint("decision IN ('accept', 'correct', 'reject')", name=op.f("ck_hand_in_decision_decision")),
        sa.ForeignKeyConstraint(["hand_in_id"], ["hand_in.id"], name=op.f("fk_hand_in_decision_hand_in_id_hand_in")),
        sa.ForeignKeyConstraint(
            ["campaign_version_id"],
            ["campaign_version.id"],
            name=op.f("fk_hand_in_decision_campaign_version_id_campaign_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_in_decision")),
    )
    op.create_index(op.f("ix_hand_in_decision_hand_in_id"), DECISIONS, ["hand_in_id"])
    _only_added_to(DECISIONS)


def downgrade() -> None:
    for table in (DECISIONS, "hand_in_suspicion", "hand_in"):
        op.drop_table(table)

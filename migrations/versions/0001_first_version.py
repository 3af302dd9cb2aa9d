"""The tables of the first version.

Revision ID: 0001
Revises:
Create Date: 2026-11-24 07:46:06.936245
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'officer') = (role <> '')", name=op.f("ck_account_role")),
        sa.CheckConstraint("kind IN ('officer', 'cashier', 'till')", name=op.f("ck_account_kind")),
        sa.CheckConstraint("status IN ('active', 'suspended')", name=op.f("ck_account_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_table(
        "attempt_window",
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("attempts", sa.JSON(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_attempt_window")),
    )
    with op.batch_alter_table("attempt_window", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempt_window_last_at"), ["last_at"], unique=False)

    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("city", sa.String(length=4), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("code", name=op.f("uq_campaign_code")),
    )
    op.create_table(
        "citizen",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("id_number", sa.LargeBinary(), nullable=True),
        sa.Column("id_number_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizen")),
        sa.UniqueConstraint("id_number_hash", name=op.f("uq_citizen_id_number_hash")),
        sa.UniqueConstraint("phone_hash", name=op.f("uq_citizen_phone_hash")),
    )
    op.create_table(
        "closed_day",
        sa.Column("bureau_day", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bureau_day", name=op.f("pk_closed_day")),
    )
    op.create_table(
        "fund_source",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_source")),
        sa.UniqueConstraint("code", name=op.f("uq_fund_source_code")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("caller", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_status", sa.Integer(), nullable=True),
        sa.Column("answer_body", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotency_key")),
    )
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_key_started_at"), ["started_at"], unique=False)

    op.create_table(
        "job_run",
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", "slot", name=op.f("pk_job_run")),
    )
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("fund_source_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("offer_id", sa.Integer(), nullable=True),
        sa.Column("release_id", sa.Integer(), nullable=True),
        sa.Column("merchant_id", sa.Integer(), nullable=True),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "balance_fen >= 0 OR kind = 'treasury'", name=op.f("ck_ledger_account_balance_not_negative")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("address", name=op.f("uq_ledger_account_address")),
    )
    with op.batch_alter_table("ledger_account", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_account_campaign_id_kind", ["campaign_id", "kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_account_merchant_id"), ["merchant_id"], unique=False)

    op.create_table(
        "merchant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("industry", sa.String(length=20), nullable=False),
        sa.Column("is_above_quota", sa.Boolean(), nullable=False),
        sa.Column("bank_name", sa.String(length=80), nullable=False),
        sa.Column("bank_account", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('active', 'suspended')", name=op.f("ck_merchant_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchant")),
        sa.UniqueConstraint("uscc", name=op.f("uq_merchant_uscc")),
    )
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
    )
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_message_created_at"), ["created_at"], unique=False)

    op.create_table(
        "person_quota",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_person_quota_used_not_negative")),
        sa.PrimaryKeyConstraint("person_id", "scope", name=op.f("pk_person_quota")),
    )
    op.create_table(
        "refused_scan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("till_id", sa.Integer(), nullable=True),
        sa.Column("cashier_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("entitlement_id", sa.Uuid(), nullable=True),
        sa.Column("bill_fen", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_scan")),
    )
    with op.batch_alter_table("refused_scan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refused_scan_entitlement_id"), ["entitlement_id"], unique=False)
        batch_op.create_index("ix_refused_scan_store_id_at", ["store_id", "at"], unique=False)

    op.create_table(
        "sign_in_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("device_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("failures BETWEEN 0 AND 5", name=op.f("ck_sign_in_code_failures")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_code")),
    )
    with op.batch_alter_table("sign_in_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_code_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index("ix_sign_in_code_phone_hash_device_hash", ["phone_hash", "device_hash"], unique=False)

    op.create_table(
        "state_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("machine", sa.String(length=40), nullable=False),
        sa.Column("thing_id", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("campaign_version_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_change")),
    )
    with op.batch_alter_table("state_change", schema=None) as batch_op:
        batch_op.create_index("ix_state_change_machine_thing_id", ["machine", "thing_id"], unique=False)

    op.create_table(
        "campaign_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("drafted_by", sa.String(length=60), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(length=60), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('draft', 'published', 'discarded')", name=op.f("ck_campaign_version_status")),
        sa.CheckConstraint(
            "published_by IS NULL OR published_by <> drafted_by", name=op.f("ck_campaign_version_four_eyes")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_version_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_version")),
        sa.UniqueConstraint("campaign_id", "number", name=op.f("uq_campaign_version_campaign_id_number")),
    )
    op.create_table(
        "login_session",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("device_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(audience = 'citizen') = (citizen_id IS NOT NULL)", name=op.f("ck_login_session_citizen")),
        sa.CheckConstraint("audience IN ('citizen', 'cashier', 'officer')", name=op.f("ck_login_session_audience")),
        sa.CheckConstraint("(citizen_id IS NULL) <> (account_id IS NULL)", name=op.f("ck_login_session_one_principal")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_login_session_account_id_account")),
        sa.ForeignKeyConstraint(["citizen_id"], ["citizen.id"], name=op.f("fk_login_session_citizen_id_citizen")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login_session")),
    )
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_session_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_login_session_citizen_id"), ["citizen_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_login_session_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "merchant_day_figure",
        sa.Column("bureau_day", sa.Date(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merchant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fund_source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("industry", sa.String(length=20), nullable=False),
        sa.Column("released_count", sa.Integer(), nullable=False),
        sa.Column("released_fen", sa.BigInteger(), nullable=False),
        sa.Column("claimed_count", sa.Integer(), nullable=False),
        sa.Column("claimed_fen", sa.BigInteger(), nullable=False),
        sa.Column("expired_count", sa.Integer(), nullable=False),
        sa.Column("expired_fen", sa.BigInteger(), nullable=False),
        sa.Column("recalled_count", sa.Integer(), nullable=False),
        sa.Column("recalled_fen", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_count", sa.Integer(), nullable=False),
        sa.Column("redeemed_fen", sa.BigInteger(), nullable=False),
        sa.Column("voided_count", sa.Integer(), nullable=False),
        sa.Column("voided_fen", sa.BigInteger(), nullable=False),
        sa.Column("driven_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_merchant_day_figure_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["fund_source_id"], ["fund_source.id"], name=op.f("fk_merchant_day_figure_fund_source_id_fund_source")
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchant.id"], name=op.f("fk_merchant_day_figure_merchant_id_merchant")
        ),
        sa.PrimaryKeyConstraint(
            "bureau_day",
            "campaign_id",
            "merchant_id",
            "fund_source_id",
            "county",
            "industry",
            name=op.f("pk_merchant_day_figure"),
        ),
    )
    with op.batch_alter_table("merchant_day_figure", schema=None) as batch_op:
        batch_op.create_index(
            "ix_merchant_day_figure_campaign_id_bureau_day", ["campaign_id", "bureau_day"], unique=False
        )

    op.create_table(
        "merchant_enrollment",
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merchant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolled_by", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_merchant_enrollment_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchant.id"], name=op.f("fk_merchant_enrollment_merchant_id_merchant")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "merchant_id", name=op.f("pk_merchant_enrollment")),
    )
    op.create_table(
        "settlement_batch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("closed_by", sa.String(length=60), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=60), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_by", sa.String(length=60), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_reference", sa.String(length=60), nullable=True),
        sa.CheckConstraint(
            "status IN ('closed', 'approved', 'rejected', 'paid')", name=op.f("ck_settlement_batch_status")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> closed_by", name=op.f("ck_settlement_batch_four_eyes")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_settlement_batch_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_batch")),
    )
    with op.batch_alter_table("settlement_batch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_settlement_batch_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "store",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merchant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name=op.f("fk_store_merchant_id_merchant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store")),
    )
    with op.batch_alter_table("store", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_store_merchant_id"), ["merchant_id"], unique=False)

    op.create_table(
        "transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("debit_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("credit_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("document_kind", sa.String(length=20), nullable=False),
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bureau_day", sa.Date(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_transfer_amount_positive")),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name=op.f("ck_transfer_two_accounts")),
        sa.ForeignKeyConstraint(
            ["credit_account_id"], ["ledger_account.id"], name=op.f("fk_transfer_credit_account_id_ledger_account")
        ),
        sa.ForeignKeyConstraint(
            ["debit_account_id"], ["ledger_account.id"], name=op.f("fk_transfer_debit_account_id_ledger_account")
        ),
        sa.ForeignKeyConstraint(["reverses_id"], ["transfer.id"], name=op.f("fk_transfer_reverses_id_transfer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_transfer_reverses_id")),
    )
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.create_index("ix_transfer_bureau_day_code", ["bureau_day", "code"], unique=False)
        batch_op.create_index(
            "ix_transfer_credit_account_id_posted_at", ["credit_account_id", "posted_at"], unique=False
        )
        batch_op.create_index("ix_transfer_debit_account_id_posted_at", ["debit_account_id", "posted_at"], unique=False)
        batch_op.create_index("ix_transfer_document_kind_document_id", ["document_kind", "document_id"], unique=False)

    op.create_table(
        "campaign_round",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.CheckConstraint("status IN ('scheduled', 'released', 'closed')", name=op.f("ck_campaign_round_status")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_round_campaign_id_campaign")),
        sa.ForeignKeyConstraint(
            ["campaign_version_id"],
            ["campaign_version.id"],
            name=op.f("fk_campaign_round_campaign_version_id_campaign_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_round")),
        sa.UniqueConstraint("campaign_id", "code", name=op.f("uq_campaign_round_campaign_id_code")),
    )
    with op.batch_alter_table("campaign_round", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_campaign_round_status"), ["status"], unique=False)

    op.create_table(
        "cashier",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_cashier_account_id_account")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_cashier_store_id_store")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cashier")),
        sa.UniqueConstraint("account_id", name=op.f("uq_cashier_account_id")),
    )
    with op.batch_alter_table("cashier", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cashier_store_id"), ["store_id"], unique=False)

    op.create_table(
        "offer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("face_value_fen", sa.BigInteger(), nullable=False),
        sa.Column("threshold_fen", sa.BigInteger(), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("industry", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_offer_campaign_id_campaign")),
        sa.ForeignKeyConstraint(
            ["campaign_version_id"], ["campaign_version.id"], name=op.f("fk_offer_campaign_version_id_campaign_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
        sa.UniqueConstraint("campaign_id", "code", name=op.f("uq_offer_campaign_id_code")),
    )
    op.create_table(
        "statement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merchant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("redemption_count", sa.Integer(), nullable=False),
        sa.Column("bill_fen", sa.BigInteger(), nullable=False),
        sa.Column("payable_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["settlement_batch.id"], name=op.f("fk_statement_batch_id_settlement_batch")
        ),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name=op.f("fk_statement_merchant_id_merchant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
    )
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_statement_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_merchant_id"), ["merchant_id"], unique=False)

    op.create_table(
        "till",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.CheckConstraint("status IN ('active', 'suspended')", name=op.f("ck_till_status")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_till_account_id_account")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_till_store_id_store")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till")),
        sa.UniqueConstraint("account_id", name=op.f("uq_till_account_id")),
    )
    with op.batch_alter_table("till", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_till_store_id"), ["store_id"], unique=False)

    op.create_table(
        "day_figure",
        sa.Column("bureau_day", sa.Date(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("offer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fund_source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("industry", sa.String(length=20), nullable=False),
        sa.Column("released_count", sa.Integer(), nullable=False),
        sa.Column("released_fen", sa.BigInteger(), nullable=False),
        sa.Column("claimed_count", sa.Integer(), nullable=False),
        sa.Column("claimed_fen", sa.BigInteger(), nullable=False),
        sa.Column("expired_count", sa.Integer(), nullable=False),
        sa.Column("expired_fen", sa.BigInteger(), nullable=False),
        sa.Column("recalled_count", sa.Integer(), nullable=False),
        sa.Column("recalled_fen", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_count", sa.Integer(), nullable=False),
        sa.Column("redeemed_fen", sa.BigInteger(), nullable=False),
        sa.Column("voided_count", sa.Integer(), nullable=False),
        sa.Column("voided_fen", sa.BigInteger(), nullable=False),
        sa.Column("driven_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_day_figure_campaign_id_campaign")),
        sa.ForeignKeyConstraint(
            ["fund_source_id"], ["fund_source.id"], name=op.f("fk_day_figure_fund_source_id_fund_source")
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_day_figure_offer_id_offer")),
        sa.PrimaryKeyConstraint(
            "bureau_day", "campaign_id", "offer_id", "fund_source_id", "county", "industry", name=op.f("pk_day_figure")
        ),
    )
    with op.batch_alter_table("day_figure", schema=None) as batch_op:
        batch_op.create_index("ix_day_figure_campaign_id_bureau_day", ["campaign_id", "bureau_day"], unique=False)

    op.create_table(
        "expiry_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_expiry_run_offer_id_offer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expiry_run")),
    )
    op.create_table(
        "release",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("offer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("released", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "remaining >= 0 AND remaining <= released AND released <= stock", name=op.f("ck_release_stock")
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_release_offer_id_offer")),
        sa.ForeignKeyConstraint(["round_id"], ["campaign_round.id"], name=op.f("fk_release_round_id_campaign_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("round_id", "offer_id", name=op.f("uq_release_round_id_offer_id")),
    )
    op.create_table(
        "statement_line",
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fund_source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fund_source_id"], ["fund_source.id"], name=op.f("fk_statement_line_fund_source_id_fund_source")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_statement_line_statement_id_statement")
        ),
        sa.PrimaryKeyConstraint("statement_id", "fund_source_id", name=op.f("pk_statement_line")),
    )
    op.create_table(
        "claim_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_claim_batch_release_id_release")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_batch")),
    )
    op.create_table(
        "entitlement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("offer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_batch_id", sa.Uuid(), nullable=False),
        sa.Column("face_value_fen", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expiry_run_id", sa.Uuid(), nullable=True),
        sa.Column("device_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redeemed_place", sa.String(length=120), nullable=True),
        sa.Column("redeemed_bill_fen", sa.BigInteger(), nullable=True),
        sa.Column("redeemed_discount_fen", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status IN ('claimed', 'redeemed', 'expired')", name=op.f("ck_entitlement_status")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_entitlement_campaign_id_campaign")),
        sa.ForeignKeyConstraint(
            ["campaign_version_id"],
            ["campaign_version.id"],
            name=op.f("fk_entitlement_campaign_version_id_campaign_version"),
        ),
        sa.ForeignKeyConstraint(["citizen_id"], ["citizen.id"], name=op.f("fk_entitlement_citizen_id_citizen")),
        sa.ForeignKeyConstraint(
            ["claim_batch_id"], ["claim_batch.id"], name=op.f("fk_entitlement_claim_batch_id_claim_batch")
        ),
        sa.ForeignKeyConstraint(
            ["expiry_run_id"], ["expiry_run.id"], name=op.f("fk_entitlement_expiry_run_id_expiry_run")
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_entitlement_offer_id_offer")),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_entitlement_release_id_release")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlement")),
    )
    with op.batch_alter_table("entitlement", schema=None) as batch_op:
        batch_op.create_index("ix_entitlement_citizen_id_status", ["citizen_id", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_entitlement_claim_batch_id"), ["claim_batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_entitlement_expiry_run_id"), ["expiry_run_id"], unique=False)
        batch_op.create_index("ix_entitlement_status_expires_at", ["status", "expires_at"], unique=False)

    op.create_table(
        "redemption",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entitlement_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("offer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merchant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("till_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cashier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("bill_fen", sa.BigInteger(), nullable=False),
        sa.Column("discount_fen", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bureau_day", sa.Date(), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.String(length=100), nullable=True),
        sa.Column("statement_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("status IN ('redeemed', 'voided')", name=op.f("ck_redemption_status")),
        sa.CheckConstraint(
            "discount_fen > 0 AND bill_fen > 0 AND discount_fen <= bill_fen", name=op.f("ck_redemption_amounts")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_redemption_campaign_id_campaign")),
        sa.ForeignKeyConstraint(
            ["campaign_version_id"],
            ["campaign_version.id"],
            name=op.f("fk_redemption_campaign_version_id_campaign_version"),
        ),
        sa.ForeignKeyConstraint(["cashier_id"], ["cashier.id"], name=op.f("fk_redemption_cashier_id_cashier")),
        sa.ForeignKeyConstraint(
            ["entitlement_id"], ["entitlement.id"], name=op.f("fk_redemption_entitlement_id_entitlement")
        ),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name=op.f("fk_redemption_merchant_id_merchant")),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_redemption_offer_id_offer")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_redemption_store_id_store")),
        sa.ForeignKeyConstraint(["till_id"], ["till.id"], name=op.f("fk_redemption_till_id_till")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
    )
    with op.batch_alter_table("redemption", schema=None) as batch_op:
        batch_op.create_index("ix_redemption_bureau_day_campaign_id", ["bureau_day", "campaign_id"], unique=False)
        batch_op.create_index("ix_redemption_merchant_id_bureau_day", ["merchant_id", "bureau_day"], unique=False)
        batch_op.create_index(batch_op.f("ix_redemption_statement_id"), ["statement_id"], unique=False)
        batch_op.create_index("ix_redemption_store_id_redeemed_at", ["store_id", "redeemed_at"], unique=False)
        batch_op.create_index(
            "uq_redemption_entitlement_id_live",
            ["entitlement_id"],
            unique=True,
            sqlite_where=sa.text("status = 'redeemed'"),
            postgresql_where=sa.text("status = 'redeemed'"),
        )

    op.create_table(
        "voucher_code",
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("entitlement_id", sa.Uuid(), nullable=False),
        sa.Column("device_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["entitlement_id"], ["entitlement.id"], name=op.f("fk_voucher_code_entitlement_id_entitlement")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_voucher_code")),
    )
    with op.batch_alter_table("voucher_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_voucher_code_entitlement_id"), ["entitlement_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_voucher_code_expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:

    with op.batch_alter_table("voucher_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_voucher_code_expires_at"))
        batch_op.drop_index(batch_op.f("ix_voucher_code_entitlement_id"))

    op.drop_table("voucher_code")
    with op.batch_alter_table("redemption", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_redemption_entitlement_id_live",
            sqlite_where=sa.text("status = 'redeemed'"),
            postgresql_where=sa.text("status = 'redeemed'"),
        )
        batch_op.drop_index("ix_redemption_store_id_redeemed_at")
        batch_op.drop_index(batch_op.f("ix_redemption_statement_id"))
        batch_op.drop_index("ix_redemption_merchant_id_bureau_day")
        batch_op.drop_index("ix_redemption_bureau_day_campaign_id")

    op.drop_table("redemption")
    with op.batch_alter_table("entitlement", schema=None) as batch_op:
        batch_op.drop_index("ix_entitlement_status_expires_at")
        batch_op.drop_index(batch_op.f("ix_entitlement_expiry_run_id"))
        batch_op.drop_index(batch_op.f("ix_entitlement_claim_batch_id"))
        batch_op.drop_index("ix_entitlement_citizen_id_status")

    op.drop_table("entitlement")
    op.drop_table("claim_batch")
    op.drop_table("statement_line")
    op.drop_table("release")
    op.drop_table("expiry_run")
    with op.batch_alter_table("day_figure", schema=None) as batch_op:
        batch_op.drop_index("ix_day_figure_campaign_id_bureau_day")

    op.drop_table("day_figure")
    with op.batch_alter_table("till", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_till_store_id"))

    op.drop_table("till")
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_statement_merchant_id"))
        batch_op.drop_index(batch_op.f("ix_statement_batch_id"))

    op.drop_table("statement")
    op.drop_table("offer")
    with op.batch_alter_table("cashier", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cashier_store_id"))

    op.drop_table("cashier")
    with op.batch_alter_table("campaign_round", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaign_round_status"))

    op.drop_table("campaign_round")
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.drop_index("ix_transfer_document_kind_document_id")
        batch_op.drop_index("ix_transfer_debit_account_id_posted_at")
        batch_op.drop_index("ix_transfer_credit_account_id_posted_at")
        batch_op.drop_index("ix_transfer_bureau_day_code")

    op.drop_table("transfer")
    with op.batch_alter_table("store", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_store_merchant_id"))

    op.drop_table("store")
    with op.batch_alter_table("settlement_batch", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_settlement_batch_campaign_id"))

    op.drop_table("settlement_batch")
    op.drop_table("merchant_enrollment")
    with op.batch_alter_table("merchant_day_figure", schema=None) as batch_op:
        batch_op.drop_index("ix_merchant_day_figure_campaign_id_bureau_day")

    op.drop_table("merchant_day_figure")
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_session_expires_at"))
        batch_op.drop_index(batch_op.f("ix_login_session_citizen_id"))
        batch_op.drop_index(batch_op.f("ix_login_session_account_id"))

    op.drop_table("login_session")
    op.drop_table("campaign_version")
    with op.batch_alter_table("state_change", schema=None) as batch_op:
        batch_op.drop_index("ix_state_change_machine_thing_id")

    op.drop_table("state_change")
    with op.batch_alter_table("sign_in_code", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_code_phone_hash_device_hash")
        batch_op.drop_index(batch_op.f("ix_sign_in_code_expires_at"))

    op.drop_table("sign_in_code")
    with op.batch_alter_table("refused_scan", schema=None) as batch_op:
        batch_op.drop_index("ix_refused_scan_store_id_at")
        batch_op.drop_index(batch_op.f("ix_refused_scan_entitlement_id"))

    op.drop_table("refused_scan")
    op.drop_table("person_quota")
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_message_created_at"))

    op.drop_table("outbox_message")
    op.drop_table("merchant")
    with op.batch_alter_table("ledger_account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_account_merchant_id"))
        batch_op.drop_index("ix_ledger_account_campaign_id_kind")

    op.drop_table("ledger_account")
    op.drop_table("job_run")
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_key_started_at"))

    op.drop_table("idempotency_key")
    op.drop_table("fund_source")
    op.drop_table("closed_day")
    op.drop_table("citizen")
    op.drop_table("campaign")
    with op.batch_alter_table("attempt_window", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attempt_window_last_at"))

    op.drop_table("attempt_window")
    op.drop_table("account")

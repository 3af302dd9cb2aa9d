"""The ledger, the history and the trail can only be added to, and a published version is never edited: the database
refuses anything else.

Revision ID: 0002
Revises: 0001

SQLite alters a table by copying it, which drops its triggers: a later migration that alters one of these tables
in batch mode must call ``forbid_changes`` for it again.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("transfer", "state_change", "refused_scan")


def forbid_changes(table: str) -> None:
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


def freeze_published_versions() -> None:
    """What a published version says is what was decided by; only drafts may still change."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER campaign_version_frozen BEFORE UPDATE OR DELETE ON campaign_version "
            "FOR EACH ROW WHEN (OLD.status = 'published') EXECUTE FUNCTION refuse_change()"
        )
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER campaign_version_no_{event.lower()} BEFORE {event} ON campaign_version "
            "WHEN OLD.status = 'published' "
            "BEGIN SELECT RAISE(ABORT, 'a published campaign_version is never edited'); END"
        )


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            """
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '% can only be added to', TG_TABLE_NAME; END $$
            """
        )
    for table in TABLES:
        forbid_changes(table)
    freeze_published_versions()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER campaign_version_frozen ON campaign_version")
        for table in TABLES:
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute("DROP FUNCTION refuse_change()")
        return
    for table in (*TABLES, "campaign_version"):
        op.execute(f"DROP TRIGGER {table}_no_update")
        op.execute(f"DROP TRIGGER {table}_no_delete")

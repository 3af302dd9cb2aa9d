from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from foundation.db import db
from webapp.migrations import is_current


def differences():
    db.session.rollback()
    with db.engine.connect() as connection:
        # Batch mode and types are compared as "flask db check" does.
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, db.metadata)


def test_the_migrations_make_the_tables_that_the_models_expect(app):
    assert differences() == []
    assert is_current()


def test_the_migrations_go_down_to_nothing_and_up_again(app):
    db.session.remove()
    downgrade(revision="base")
    with db.engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    upgrade()
    assert differences() == []

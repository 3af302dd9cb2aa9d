from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from foundation.db import db
from tests import world
from webapp.migrations import is_current

#: Its own row changes with every migration.
ALTERED_LATER = ("alembic_version",)


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


def test_rows_live_through_a_table_that_is_altered_both_ways(clock, app):
    campaign = world.opened()
    place = world.shop(campaign)
    (lin,) = world.citizens(1)
    world.redeem(place.till, world.claim_and_show(lin, campaign.release)[1])
    kept = world.everything(but=ALTERED_LATER)
    db.session.remove()
    downgrade(revision="0013")
    upgrade()
    assert differences() == []
    assert world.everything(but=ALTERED_LATER) == kept

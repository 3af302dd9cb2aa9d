"""Where the migrations are, and whether the database has had all of them."""

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate

import applications.models
import campaigns.event_models
import campaigns.models
import campaigns.portions
import campaigns.termination
import evidence.models
import foundation.idempotency
import foundation.slots
import foundation.states
import identity.models
import ledger.models
import ledger.seal_models
import merchants.event_models
import merchants.models
import merchants.order_models
import merchants.payment_models
import merchants.payout_models
import settlement.check_models
import settlement.models
import settlement.payout_models
import settlement.prefunding_models
import voucher.elsewhere_models
import voucher.gift_models
import voucher.models
import voucher.purchase_models
import voucher.reservation_models
import voucher.top_up_models
from foundation.db import db

#: Every module with tables, so that all of them are known wherever migrations are.
MODULES_WITH_TABLES = (
    foundation.idempotency,
    foundation.slots,
    foundation.states,
    campaigns.event_models,
    applications.models,
    campaigns.models,
    evidence.models,
    campaigns.portions,
    campaigns.termination,
    identity.models,
    ledger.models,
    ledger.seal_models,
    merchants.event_models,
    merchants.models,
    merchants.order_models,
    merchants.payment_models,
    merchants.payout_models,
    settlement.check_models,
    settlement.models,
    settlement.payout_models,
    voucher.elsewhere_models,
    voucher.gift_models,
    settlement.prefunding_models,
    voucher.models,
    voucher.purchase_models,
    voucher.reservation_models,
    voucher.top_up_models,
)
MIGRATIONS = Path(__file__).parent.parent / "migrations"


def init_migrations(app: Flask) -> None:
    """Offer ``flask db``. Batch mode, because SQLite alters a table only by copying it."""
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)


@cache
def newest_revisions() -> frozenset[str]:
    """Return the heads of migrations/, which do not change while a process runs."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return frozenset(ScriptDirectory.from_config(config).get_heads())


def is_current() -> bool:
    """Return whether the database has had every migration; raises the engine's error when it does not answer."""
    connection = db.session.connection()
    return frozenset(MigrationContext.configure(connection).get_current_heads()) == newest_revisions()

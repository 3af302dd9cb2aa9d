"""The roof: it builds the application from the rooms beneath and adds what is common to all doors."""

import sys

from flask import Flask

from foundation.config import Settings, SettingsError
from foundation.crypto import init_keys
from foundation.db import engine_options, init_db
from identity import sms
from voucher import payment_adapters
from webapp.commands import init_commands
from webapp.doors import init_doors
from webapp.error_pages import init_error_pages
from webapp.health import init_health
from webapp.logs import init_logs
from webapp.migrations import init_migrations
from webapp.security import init_security
from webapp.static_files import init_static_files
from webapp.templating import init_templating
from webapp.transaction_limits import init_transaction_limits

#: How a process ends whose settings are wrong. gunicorn gives up at this code; at another it would start the worker
#: again, for ever.
SETTINGS_WRONG = 4


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application. Raises SettingsError when a setting is missing or a secret is weak."""
    settings = settings or Settings.from_environment()
    app = Flask(__name__)
    _configure(app, settings)
    init_keys(settings)
    init_db(app)
    init_transaction_limits(app)
    init_migrations(app)
    sms.choose_adapter(settings.sms_adapter)
    payment_adapters.choose_adapter(settings.payment_adapter, production=settings.secure_cookies)
    init_logs(app)
    init_static_files(app)
    init_security(app, settings)
    init_templating(app)
    init_error_pages(app)
    init_health(app, settings)
    init_doors(app)
    init_commands(app)
    return app


def app_or_exit() -> Flask:
    """Build the application of a process; a wrong setting ends it with a sentence and the code SETTINGS_WRONG."""
    try:
        return create_app()
    except SettingsError as failure:
        sys.stderr.write(f"error: {failure}\n")
        sys.exit(SETTINGS_WRONG)


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        # An engine error prints its parameters otherwise, and those are names and phone numbers.
        SQLALCHEMY_ENGINE_OPTIONS={**engine_options(settings.database_url), "hide_parameters": True},
        CITY_CODE=settings.city_code,
        VAR_DIR=settings.var_dir,
        DEMO=settings.demo,
    )

"""``flask <group> <command>``: the rooms' commands, gathered."""

from collections.abc import Sequence
from pathlib import Path

from flask import Flask
from flask.cli import AppGroup

import webapp.audit_checks  # noqa: F401 - "flask ledger audit" proves every room's checks
from campaigns.commands import WITHOUT_SETTINGS, campaigns
from identity.commands import accounts
from ledger.commands import ledger

COMMANDS: tuple[AppGroup, ...] = (accounts, campaigns, ledger)


def init_commands(app: Flask) -> None:
    for group in COMMANDS:
        app.cli.add_command(group)


def needs_no_settings(words: Sequence[str]) -> bool:
    """Return whether a command line asks for nothing but a campaign file: ``flask campaigns check FILE``."""
    program = Path(words[0]).name if words else ""
    by_flask = program in ("flask", "flask.exe") or Path(*words[:1]).parent.name == "flask"
    return by_flask and words[1:2] == ["campaigns"] and len(words) > 2 and words[2] in WITHOUT_SETTINGS


def app_of_files() -> Flask:
    """Return an application with the commands on campaign files and nothing else: no database, no doors."""
    app = Flask("campaign_files")
    app.cli.add_command(campaigns)
    return app

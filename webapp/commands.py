"""``flask <group> <command>``: the rooms' commands, gathered."""

from flask import Flask
from flask.cli import AppGroup

import webapp.audit_checks  # noqa: F401 - "flask ledger audit" proves every room's checks
from campaigns.commands import campaigns
from identity.commands import accounts
from ledger.commands import ledger

COMMANDS: tuple[AppGroup, ...] = (accounts, campaigns, ledger)


def init_commands(app: Flask) -> None:
    for group in COMMANDS:
        app.cli.add_command(group)

"""Text messages leave through an adapter. An outside gateway is one more class here, imported when chosen."""

import sys
from typing import Protocol

from foundation import clock
from foundation.config import SettingsError
from foundation.db import db, transaction
from identity.models import OutboxMessage


class SmsFailed(Exception):
    """The gateway did not take the message."""


class SmsAdapter(Protocol):
    """Sends one text to one phone; raises SmsFailed when it was not taken."""

    def send(self, phone: str, text: str) -> None: ...


class OutboxAdapter:
    """Puts the message on a table, encrypted, from which an outside sender picks it up."""

    def send(self, phone: str, text: str) -> None:
        with transaction():
            db.session.add(OutboxMessage(phone=phone, body=text, created_at=clock.now()))


class ConsoleAdapter:
    """Prints the message to the operator's console; for a developer's own machine."""

    def send(self, phone: str, text: str) -> None:
        sys.stderr.write(f"SMS to {phone}: {text}\n")
        sys.stderr.flush()


#: SMS_ADAPTER → class: the one place where an adapter is named.
_ADAPTERS: dict[str, type[SmsAdapter]] = {"outbox": OutboxAdapter, "console": ConsoleAdapter}
_chosen: SmsAdapter = OutboxAdapter()


def choose_adapter(name: str) -> None:
    """Use the adapter of this name from now on. Raises SettingsError for a name that is not in the table above."""
    if name not in _ADAPTERS:
        raise SettingsError(f"SMS_ADAPTER is {name!r}; it must be one of {', '.join(_ADAPTERS)}")
    use_adapter(_ADAPTERS[name]())


def use_adapter(adapter: SmsAdapter) -> None:
    global _chosen  # noqa: PLW0603 - one installation sends through one gateway
    _chosen = adapter


def send(phone: str, text: str) -> None:
    """Send through the chosen adapter; raises SmsFailed."""
    _chosen.send(phone, text)

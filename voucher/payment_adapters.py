"""Payments come in through an adapter. A payment service is one more class here, imported when chosen.

It is sent the buyer, says by a signed notification what was paid, and takes money back to who paid it. Which
notifications are good is the adapter's to say; what they do is ``voucher/payments.py``.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import orjson

from foundation.config import SettingsError
from foundation.crypto import keyed_hash
from voucher.purchase_errors import NotificationMalformed, PaymentNotSetUp, SignatureWrong

SIGNATURE_HEADER = "Payment-Signature"
LONGEST_REFERENCE = 64


class PaymentFailed(Exception):
    """The payment service did not do what it was asked; the text says why."""


@dataclass(frozen=True)
class Paid:
    """What a notification says. reference: the payment service's own number of this payment."""

    reference: str
    purchase_id: UUID
    amount_fen: int


class PaymentAdapter(Protocol):
    """address: where the buyer goes to pay. read: what a signed notification says; refuses SignatureWrong and
    NotificationMalformed. send_back: give a payment back to who paid it, once however often it is asked for under one
    return_id; raises PaymentFailed."""

    def address(self, purchase_id: UUID, price_fen: int) -> str: ...
    def read(self, headers: Mapping[str, str], body: bytes) -> Paid: ...
    def send_back(self, reference: str, amount_fen: int, return_id: str) -> None: ...


class NoPayments:
    """Nothing is sold: what has a price cannot be ordered."""

    def address(self, purchase_id: UUID, price_fen: int) -> str:
        raise PaymentNotSetUp

    def read(self, headers: Mapping[str, str], body: bytes) -> Paid:
        raise PaymentNotSetUp

    def send_back(self, reference: str, amount_fen: int, return_id: str) -> None:
        raise PaymentFailed("PAYMENT_ADAPTER is none")


class Simulator:
    """No money moves: a page of ours on which one presses 支付 or 放弃. For the demo and for development."""

    def address(self, purchase_id: UUID, price_fen: int) -> str:
        return f"/payments/simulator/{purchase_id}"

    def read(self, headers: Mapping[str, str], body: bytes) -> Paid:
        given = headers.get(SIGNATURE_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._signature(body).encode()):
            raise SignatureWrong
        return read_body(body)

    def send_back(self, reference: str, amount_fen: int, return_id: str) -> None:
        """Take it: there is nobody to ask."""

    def notification(self, paid: Paid) -> tuple[dict[str, str], bytes]:
        """Return headers and body of the notification that says ``paid``, as a payment service would send it."""
        body = orjson.dumps(
            {"payment_id": paid.reference, "purchase_id": str(paid.purchase_id), "amount_fen": paid.amount_fen}
        )
        return {SIGNATURE_HEADER: self._signature(body)}, body

    def _signature(self, body: bytes) -> str:
        # Under a key of this installation, so that nobody else's notifications are good here.
        key = keyed_hash("payment simulator", "signature")
        return hmac.digest(key, body, "sha256").hex()


def read_body(body: bytes) -> Paid:
    """Read {"payment_id", "purchase_id", "amount_fen"}. Refuses NotificationMalformed."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as failure:
        raise NotificationMalformed(why="不是 JSON") from failure
    told = told if isinstance(told, dict) else {}
    reference, amount_fen = told.get("payment_id"), told.get("amount_fen")
    if not isinstance(reference, str) or not 0 < len(reference) <= LONGEST_REFERENCE or not reference.isprintable():
        raise NotificationMalformed(field="payment_id", why="payment_id 应当是 1 至 64 个字符")
    if not isinstance(amount_fen, int) or isinstance(amount_fen, bool) or amount_fen <= 0:
        raise NotificationMalformed(field="amount_fen", why="amount_fen 应当是大于 0 的整数，单位为分")
    try:
        purchase_id = UUID(told.get("purchase_id"))
    except (ValueError, TypeError, AttributeError) as failure:
        raise NotificationMalformed(field="purchase_id", why="purchase_id 应当是订单的编号") from failure
    return Paid(reference, purchase_id, amount_fen)


#: PAYMENT_ADAPTER → class: the one place where an adapter is named.
_ADAPTERS: dict[str, type[PaymentAdapter]] = {"none": NoPayments, "simulator": Simulator}
#: With these nobody pays anything, so what is bought costs nothing.
_NOT_IN_PRODUCTION = ("simulator",)
_chosen: PaymentAdapter = NoPayments()


def choose_adapter(name: str, *, production: bool) -> None:
    """Use the adapter of this name from now on. Raises SettingsError for a name that is not in the table above, and
    in production for one with which nobody pays."""
    if name not in _ADAPTERS:
        raise SettingsError(f"PAYMENT_ADAPTER is {name!r}; it must be one of {', '.join(_ADAPTERS)}")
    if production and name in _NOT_IN_PRODUCTION:
        raise SettingsError(f"PAYMENT_ADAPTER is {name!r}, with which nobody pays; VOUCHER_ENV=production refuses it")
    use_adapter(_ADAPTERS[name]())


def use_adapter(adapter: PaymentAdapter) -> None:
    global _chosen  # noqa: PLW0603 - one installation takes payments through one service
    _chosen = adapter


def chosen() -> PaymentAdapter:
    """Return the adapter that is in use."""
    return _chosen


def is_set_up() -> bool:
    """Return whether anything can be paid for."""
    return not isinstance(_chosen, NoPayments)

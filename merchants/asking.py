"""What the till's page asks for, read from its JSON: a code or a confirmed qualification, amounts, an article."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request

from foundation.errors import Refusal
from foundation.speech import spoken
from merchants.confirmations import Confirmation, confirmation_of
from merchants.errors import CategoryUnknown
from merchants.items import Item
from merchants.register import Counter
from voucher.errors import NotConfirmed

_TEXTS = ("category", "grade", "barcode", "serial", "imei", "brand", "model_name")


@dataclass(frozen=True)
class Asked:
    """code_texts: several codes on one bill, None for one scan. bill_fen is checked by the operation; ``more`` is what
    it takes beside code and bill."""

    code_text: str
    code_texts: list[str] | None
    bill_fen: Any
    more: dict[str, Any]

    @property
    def counts_fen(self) -> Any:
        """What of the bill counts; the bill as it came where either is no amount."""
        excluded_fen = self.more["excluded_fen"] or 0
        both = isinstance(self.bill_fen, int) and isinstance(excluded_fen, int)
        return self.bill_fen - excluded_fen if both else self.bill_fen


def asked_of(body: dict[str, Any]) -> Asked:
    """Read a scan. Refuses NotConfirmed for a confirmation that is no id, CategoryUnknown for no texts."""
    code, codes = body.get("code"), body.get("codes")
    return Asked(
        _text(code),
        [_text(each) for each in codes] if isinstance(codes, list) else None,
        body.get("bill_fen"),
        {
            "list_fen": body.get("list_fen"),
            "excluded_fen": body.get("excluded_fen"),
            "item": _item(body.get("item")),
            "confirmed_id": _confirmed_id(body.get("confirmation")),
        },
    )


def _text(given: Any) -> str:
    return given if isinstance(given, str) else ""


def _item(given: Any) -> Item | None:
    if not isinstance(given, dict):
        return None
    texts = {name: given.get(name) or "" for name in _TEXTS}
    if not all(isinstance(text, str) for text in texts.values()):
        raise CategoryUnknown(given="")
    return Item(**texts)


def _confirmed_id(given: Any) -> UUID | None:
    if given in (None, ""):
        return None
    try:
        return UUID(str(given))
    except ValueError as failure:
        raise NotConfirmed from failure


def qualification_document(confirmed: Confirmation) -> dict[str, Any]:
    """Return a confirmed qualification as the till's script takes it."""
    return {
        "confirmation": str(confirmed.entitlement_id),
        "offer_name": confirmed.offer_name,
        "category_name": confirmed.category_name,
        "rule": spoken(confirmed.rule),
        "grades": [{"code": code, "name": name} for code, name in confirmed.grades],
        "identify": list(confirmed.identify),
    }


def waiting_qualification(counter: Counter) -> dict[str, Any] | None:
    """Return the confirmed qualification that the page was opened for, if it still is."""
    try:
        confirmed_id = _confirmed_id(request.args.get("confirmed"))
        return qualification_document(confirmation_of(confirmed_id, counter.store_id)) if confirmed_id else None
    except Refusal:
        return None

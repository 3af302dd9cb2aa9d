"""The system's own check of an application: what must be put right before it is handed in, and what a reviewer should
look at. Rules C01 to C06 of fraud detection, as far as the answers can tell."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from applications.answers import fields_of
from applications.drafts import facts_of
from applications.models import Application
from applications.reading import prices_disagree, read
from applications.states import LIVE
from applications.uploads import InvoiceQr
from foundation.crypto import keyed_hash
from foundation.db import db
from foundation.errors import N_, Refusal

#: code → what a reviewer reads
WORDS = {
    "same_card": N_("同一张银行卡还用于另一份申请"),
    "same_seller_name": N_("销货单位名称与登记的企业名称不同"),
    "registered_before_invoice": N_("注册日期早于开票日期"),
    "late_registration": N_("开票 90 天以后才注册登记"),
    "firm_buys_many": N_("同一单位还有其他申请"),
    "invoice_qr_differs": N_("发票二维码与填写的内容不一致"),
    "invoice_qr_agrees": N_("发票二维码与填写的内容一致"),
}
_LATE_DAYS = 90


def faults_of(application: Application, answers: Mapping[str, str]) -> dict[str, Refusal]:
    """Return field → what must be put right before the application can be handed in: everything is read again, for
    other answers or the calendar may have changed since."""
    facts = facts_of(application)
    found: dict[str, Refusal] = {}
    for field in fields_of(facts, application.buyer):
        if not answers.get(field.key):
            continue
        try:
            read(field.key, answers[field.key], facts, answers)
        except Refusal as refusal:
            found[field.key] = refusal
    prices = prices_disagree(answers)
    if prices is not None:
        found["price_without_tax"] = prices
    return found


def look_at(
    application: Application, answers: Mapping[str, str], dealer_name: str, qr: InvoiceQr | None
) -> list[dict[str, Any]]:
    """Return what a reviewer should look at: code and the fields it is about."""
    found: list[tuple[str, list[str]]] = []
    if application.card_hash is not None and _others(application, Application.card_hash == application.card_hash):
        found.append(("same_card", ["bank_card"]))
    mine = Application.buyer_hash == application.buyer_hash
    if application.buyer == "firm" and _others(application, mine):
        found.append(("firm_buys_many", ["uscc"]))
    if answers.get("seller_name") != dealer_name:
        found.append(("same_seller_name", ["seller_name"]))
    if answers.get("registered_on") and answers.get("invoice_date"):
        days = (date.fromisoformat(answers["registered_on"]) - date.fromisoformat(answers["invoice_date"])).days
        if days < 0:
            found.append(("registered_before_invoice", ["registered_on"]))
        elif days > _LATE_DAYS:
            found.append(("late_registration", ["registered_on"]))
    if qr is not None:
        wrong = [key for key, said in qr.answers().items() if answers.get(key) != said]
        found.append(("invoice_qr_differs", wrong) if wrong else ("invoice_qr_agrees", []))
    return [{"code": code, "fields": fields} for code, fields in found]


def card_hash(answers: Mapping[str, str]) -> bytes | None:
    """Return what stands for the card or account that is paid to."""
    number = answers.get("bank_card") or answers.get("bank_account")
    return keyed_hash("application.card", number) if number else None


def _others(application: Application, condition: Any) -> bool:
    statement = select(Application.id).where(
        condition, Application.id != application.id, Application.status.in_((*LIVE, "approved"))
    )
    return db.session.scalar(statement.limit(1)) is not None

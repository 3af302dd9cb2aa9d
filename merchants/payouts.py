"""Payouts: a subsidy that its citizen is paid into a bank account, instead of having it taken off a bill.

The entitlement is spent as it would be at a till, on the bill that the dealer has issued; only, the money is owed to
the citizen. Settling it is ``settlement/payouts.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from campaigns.catalog import offer_facts
from campaigns.terms.subsidy_refusals import BillBelowAward
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.ids import new_id, text_id
from foundation.money import check_amount_fen
from foundation.prepared import insert_rows
from foundation.states import Step
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from merchants.errors import PayeeIncomplete, StoreUnknown
from merchants.models import Redemption, Store
from merchants.payout_models import Payout
from merchants.states import PAYOUT
from voucher import spending
from voucher.errors import VoucherUnknown
from voucher.models import Entitlement

LONGEST_BANK_NAME = 80


@dataclass(frozen=True)
class Payee:
    """Who is paid, and where: the account's holder, the bank with its branch, the account's number."""

    name: str
    bank_name: str
    bank_account: str


@dataclass(frozen=True)
class PayOut:
    """One entitlement to be paid out. store_id: the dealer that issued the bill; bill_fen: what was bought, 0 of what
    ``tops_up`` another payout, with which it was counted."""

    entitlement_id: UUID
    store_id: int
    bill_fen: int
    payee: Payee
    tops_up: bool = False


def pay_out(entitlement_id: UUID, *, store_id: int, bill_fen: int, payee: Payee, actor: str = "") -> UUID:
    """Spend an entitlement as a payment to its citizen, and return the redemption.

    Refuses PayeeIncomplete, AmountMalformed, AmountOutOfRange, BillBelowAward, StoreUnknown, VoucherUnknown,
    AlreadyRedeemed, VoucherExpired.
    """
    return pay_out_batch([PayOut(entitlement_id, store_id, bill_fen, payee)], actor=actor)[0]


def pay_out_batch(wanted: Sequence[PayOut], *, actor: str = "") -> list[UUID]:
    """Pay out several entitlements, all or none; return their redemptions in the order given. Refuses as
    ``pay_out``."""
    for each in wanted:
        _check(each)
    now = clock.now()
    with db.session.begin_nested():
        stores = _stores_of({each.store_id for each in wanted})
        entitlements = _spend(wanted, stores, actor, now)
        rows = [_row(each, entitlements[each.entitlement_id], stores, now) for each in wanted]
        insert_rows(Redemption, rows)
        payouts = [
            {
                "id": row["id"],
                "campaign_id": row["campaign_id"],
                "citizen_id": entitlements[each.entitlement_id].citizen_id,
                "amount_fen": row["discount_fen"],
                "payee_name": each.payee.name,
                "bank_name": each.payee.bank_name,
                "bank_account": each.payee.bank_account,
                "status": "due",
                "owed_at": now,
            }
            for each, row in zip(wanted, rows, strict=True)
        ]
        insert_rows(Payout, payouts)
        PAYOUT.record_created([row["id"] for row in payouts], "owe", Step(actor, now))
        post([posting for row in rows for posting in _owe(row)], at=now)
        return [row["id"] for row in rows]


def _check(wanted: PayOut) -> None:
    if not wanted.tops_up:
        check_amount_fen(wanted.bill_fen, field="bill_fen")
    check_payee(wanted.payee)


def check_payee(payee: Payee) -> None:
    """Refuses PayeeIncomplete unless somebody can be paid by it."""
    bank = payee.bank_name.strip()
    number = payee.bank_account
    if not payee.name.strip() or not 2 <= len(bank) <= LONGEST_BANK_NAME:
        raise PayeeIncomplete
    if not (number.isascii() and number.isdigit() and 8 <= len(number) <= 30):
        raise PayeeIncomplete


def _stores_of(store_ids: set[int]) -> dict[int, Any]:
    """Return store id → (id, merchant_id, name)."""
    rows = db.session.execute(select(Store.id, Store.merchant_id, Store.name).where(Store.id.in_(store_ids)))
    found = {row.id: row for row in rows}
    if set(found) != store_ids:
        raise StoreUnknown
    return found


def _spend(wanted: Sequence[PayOut], stores: Mapping[int, Any], actor: str, now: datetime) -> dict[UUID, Any]:
    """Spend the entitlements, each of which must still be there, and return them by id."""
    ids = [each.entitlement_id for each in wanted]
    paid = {each.entitlement_id: each for each in wanted}
    found = {
        row.id: row
        for row in db.session.execute(
            select(
                Entitlement.id,
                Entitlement.citizen_id,
                Entitlement.campaign_id,
                Entitlement.campaign_version_id,
                Entitlement.offer_id,
                Entitlement.face_value_fen,
            ).where(Entitlement.id.in_(ids))
        )
    }
    by_version: dict[int, list[UUID]] = {}
    for entitlement_id in ids:
        if entitlement_id not in found:
            raise VoucherUnknown
        by_version.setdefault(found[entitlement_id].campaign_version_id, []).append(entitlement_id)
    for version_id in sorted(by_version):
        mine = sorted(by_version[version_id])
        uses = [
            spending.Use(id_, stores[paid[id_].store_id].name, paid[id_].bill_fen, found[id_].face_value_fen)
            for id_ in mine
        ]
        spent = spending.spend(uses, Step(actor, now, campaign_version_id=version_id), actors={})
        for entitlement_id in mine:
            if entitlement_id not in spent:
                raise spending.why_not_spent(entitlement_id)
    if len(found) < len(ids):
        raise spending.why_not_spent(ids[0])
    return found


def _row(wanted: PayOut, entitlement: Any, stores: Mapping[int, Any], now: datetime) -> dict[str, Any]:
    if not wanted.tops_up and wanted.bill_fen < entitlement.face_value_fen:
        raise BillBelowAward(award_fen=entitlement.face_value_fen)
    return {
        "id": new_id(),
        "entitlement_id": entitlement.id,
        "campaign_id": entitlement.campaign_id,
        "campaign_version_id": entitlement.campaign_version_id,
        "offer_id": entitlement.offer_id,
        "merchant_id": stores[wanted.store_id].merchant_id,
        "store_id": wanted.store_id,
        "till_id": None,
        "cashier_id": None,
        "list_fen": None,
        "bill_fen": wanted.bill_fen,
        "discount_fen": entitlement.face_value_fen,
        "borne_fen": 0,
        "payee": "citizen",
        "status": "redeemed",
        "redeemed_at": now,
        "bureau_day": bureau_day(now),
    }


def _owe(row: dict[str, Any]) -> list[Posting]:
    facts = offer_facts(row["offer_id"])
    return [
        Posting(
            Code.REDEEM,
            accounts.outstanding(facts.campaign_id, source, offer_id=facts.offer_id),
            accounts.due(facts.campaign_id, source),
            fen,
            ("redemption", text_id(row["id"])),
        )
        for source, fen in facts.split_of(row["discount_fen"]).items()
    ]

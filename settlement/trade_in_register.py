"""The register of trade-in sales (家电台账): a row per article, its buyer masked, its evidence and what it came to.

The page and the files are made of the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from campaigns.goods import GRADES, category_name
from campaigns.places import county_name
from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import N_
from foundation.paging import Page, page_of
from foundation.words import Words
from identity.masking import mask_id_number, mask_name, mask_phone
from identity.models import Citizen
from merchants.hand_in_models import HandIn
from merchants.items import held_of
from merchants.models import Merchant, Redemption, SoldItem, Store
from merchants.prices import HELD
from settlement.exports import AMOUNTS_IN_YUAN, Column, Sheet
from voucher.models import Entitlement

#: What one file holds; more is asked for by shorter periods.
MOST_ROWS = 50_000
STATES = {
    "": N_("不需审核"),
    "awaited": N_("待提交"),
    "handed_in": N_("待审"),
    "correction": N_("补正中"),
    "accepted": N_("已审"),
    "rejected": N_("拒付"),
    "withdrawn": N_("已退货或撤销"),
}


@dataclass(frozen=True)
class RegisterQuery:
    """Which sales; None and empty mean any. Days are those of the sale, both included. words: part of the merchant's
    name, or the beginning of a serial, barcode or invoice number."""

    campaign_id: int | None = None
    state: str = ""
    first_day: date | None = None
    last_day: date | None = None
    words: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.campaign_id is not None:
            found.append(Redemption.campaign_id == self.campaign_id)
        if self.state:
            found.append(HandIn.status == self.state)
        if self.first_day is not None:
            found.append(Redemption.bureau_day >= self.first_day)
        if self.last_day is not None:
            found.append(Redemption.bureau_day <= self.last_day)
        words = self.words.strip()[:40]
        if words:
            number = words.upper()
            found.append(
                Merchant.name.contains(words, autoescape=True)
                | SoldItem.serial.startswith(number, autoescape=True)
                | SoldItem.barcode.startswith(number, autoescape=True)
                | HandIn.invoice_number.startswith(number, autoescape=True)
            )
        return found


@dataclass(frozen=True)
class RegisterRow:
    """One article. buyer, phone and id_number are masked. state: a key of STATES. came_back_fen: of the subsidy, by
    returns and rejections (负向补贴)."""

    redemption_id: UUID
    sold_on: date
    buyer: str
    phone: str
    id_number: str
    merchant: str
    uscc: str
    store: str
    category: str
    barcode: str
    brand: str
    model_name: str
    serial: str
    imei: str
    grade: str
    bill_fen: int
    subsidy_fen: int
    paid_fen: int
    came_back_fen: int
    invoice_number: str
    invoice_on: date | None
    invoice_fen: int | None
    delivered_on: date | None
    delivery_county: str
    delivery_address: str
    old_appliance: str
    old_weight: str
    old_collector: str
    old_certificate: str
    handed_in_on: date | None
    state: str
    statement_id: int | None
    #: why its price is to be looked at, or nothing
    held: Words | str


def register_page(query: RegisterQuery, page: int) -> Page[RegisterRow]:
    """Return a page of the register, latest sales first."""
    found = page_of(_rows(query), page)
    return Page([_row(*facts) for facts in found.rows], found.number, found.count, found.size)


def register_sheet(query: RegisterQuery) -> Sheet:
    """Return the register as a sheet, at most MOST_ROWS of it."""
    found = db.session.execute(_rows(query).limit(MOST_ROWS + 1)).all()
    rows = [_cells(number, _row(*facts)) for number, facts in enumerate(found[:MOST_ROWS], 1)]
    notes: list[Words | str] = [AMOUNTS_IN_YUAN, Words(N_("姓名、手机号和身份证号已遮挡"))]
    if len(found) > MOST_ROWS:
        notes.append(Words(N_("只有前 %(most)s 行，请按时间分段导出"), most=MOST_ROWS))
    return Sheet(Words(N_("以旧换新台账")), COLUMNS, rows, notes)


_NAMES = (
    (N_("序号"), "count"), (N_("核销编号"), "text"), (N_("销售日期"), "text"), (N_("消费者"), "text"),
    (N_("手机号"), "text"), (N_("身份证号"), "text"), (N_("销售企业"), "text"), (N_("统一社会信用代码"), "text"),
    (N_("网点"), "text"), (N_("品类"), "text"), (N_("商品条码"), "text"), (N_("品牌"), "text"), (N_("型号"), "text"),
    (N_("序列号"), "text"), (N_("IMEI"), "text"), (N_("能效等级"), "text"), (N_("订单金额"), "fen"),
    (N_("补贴金额"), "fen"), (N_("消费者实付"), "fen"), (N_("退回补贴"), "fen"), (N_("发票号码"), "text"),
    (N_("开票日期"), "text"), (N_("发票金额"), "fen"), (N_("签收日期"), "text"), (N_("收货县区"), "text"),
    (N_("收货地址"), "text"), (N_("旧机"), "text"), (N_("旧机重量（千克）"), "text"), (N_("回收企业"), "text"),
    (N_("回收凭证号"), "text"), (N_("提交日期"), "text"), (N_("审核状态"), "text"), (N_("对账单号"), "text"),
    (N_("待查"), "text"),
)  # fmt: skip
COLUMNS: Sequence[Column] = tuple(Column(Words(name), kind) for name, kind in _NAMES)


def _cells(number: int, row: RegisterRow) -> list[object]:
    return [
        number, str(row.redemption_id), row.sold_on.isoformat(), row.buyer, row.phone, row.id_number, row.merchant,
        row.uscc, row.store, row.category, row.barcode, row.brand, row.model_name, row.serial, row.imei, row.grade,
        row.bill_fen, row.subsidy_fen, row.paid_fen, row.came_back_fen, row.invoice_number, _day(row.invoice_on),
        row.invoice_fen, _day(row.delivered_on), row.delivery_county, row.delivery_address, row.old_appliance,
        row.old_weight, row.old_collector, row.old_certificate, _day(row.handed_in_on), Words(STATES[row.state]),
        str(row.statement_id or ""), row.held,
    ]  # fmt: skip


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


_Facts = Select[Redemption, SoldItem, Merchant, str, Citizen, HandIn]


def _rows(query: RegisterQuery) -> "_Facts":
    return (
        select(Redemption, SoldItem, Merchant, Store.name, Citizen, HandIn)
        .join(SoldItem, SoldItem.redemption_id == Redemption.id)
        .join(Merchant, Merchant.id == Redemption.merchant_id)
        .join(Store, Store.id == Redemption.store_id)
        .join(Entitlement, Entitlement.id == Redemption.entitlement_id)
        .join(Citizen, Citizen.id == Entitlement.citizen_id)
        .outerjoin(HandIn, HandIn.id == Redemption.id)
        .where(Redemption.status != "voided", *query.conditions())
        .order_by(Redemption.redeemed_at.desc(), Redemption.id.desc())
    )


def _row(
    redemption: Redemption, item: SoldItem, merchant: Merchant, store: str, citizen: Citizen, evidence: HandIn | None
) -> RegisterRow:
    had_old = evidence is not None and evidence.old_category
    return RegisterRow(
        redemption_id=redemption.id,
        sold_on=redemption.bureau_day,
        buyer=mask_name(citizen.name),
        phone=mask_phone(citizen.phone),
        id_number=mask_id_number(citizen.id_number),
        merchant=merchant.name,
        uscc=merchant.uscc,
        store=store,
        category=category_name(item.category),
        barcode=item.barcode,
        brand=item.brand,
        model_name=item.model_name,
        serial=item.serial,
        imei=item.imei,
        grade=GRADES.get(item.grade, item.grade),
        bill_fen=redemption.bill_fen,
        subsidy_fen=redemption.discount_fen,
        paid_fen=redemption.bill_fen - redemption.discount_fen,
        came_back_fen=redemption.refunded_discount_fen,
        invoice_number=evidence.invoice_number if evidence else "",
        invoice_on=evidence.invoice_on if evidence else None,
        invoice_fen=evidence.invoice_fen if evidence else None,
        delivered_on=evidence.delivered_on if evidence else None,
        delivery_county=county_name(evidence.delivery_county) if evidence and evidence.delivery_county else "",
        delivery_address=(evidence.delivery_address or "") if evidence else "",
        old_appliance=(
            f"{category_name(evidence.old_category)} {evidence.old_brand} {evidence.old_model}".strip()
            if evidence and had_old
            else ""
        ),
        old_weight=f"{(evidence.old_weight_grams or 0) / 1000:g}" if evidence and had_old else "",
        old_collector=evidence.old_collector if evidence else "",
        old_certificate=evidence.old_certificate if evidence else "",
        handed_in_on=bureau_day(evidence.handed_in_at) if evidence and evidence.handed_in_at else None,
        state=evidence.status if evidence else "",
        statement_id=redemption.statement_id,
        held=_held(item),
    )


def _held(item: SoldItem) -> Words | str:
    judged = held_of(item)
    if judged:
        return judged.describe()
    return Words(HELD[item.held_reason]) if item.held_reason else ""

"""Sale files: a purchase written as JSON, for asking what a campaign file is worth to it.

``docs/campaign-file.md`` describes them. ``read_sale`` returns a ``SaleFile`` or raises ``SaleFaulty`` with every
fault named by its field.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validates_schema
from stdnum import ean

from campaigns.campaign_file import Fault, flatten
from campaigns.goods import GRADES, categories
from campaigns.terms.file_fields import Code, Count, County, Table, Text, Yuan, choice, industry
from campaigns.terms.price_check import CityPrice, KnownPrices
from campaigns.terms.sale import BUYERS, CAR, CAR_CONDITIONS, POWERTRAINS, Buyer, Car, GoodsLine, Sale
from foundation import clock
from foundation.errors import N_, Malformed
from foundation.money import LARGEST_AMOUNT_FEN, format_yuan

LONGEST_SALE = 100_000
NOTHING_KNOWN = KnownPrices()


class SaleFaulty(Malformed):
    code = "sale_faulty"
    message = N_("交易文件有 %(count)s 处需要修改")
    way_out = N_("请按提示逐处修改后重试")

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(count=len(self.faults))

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


@dataclass(frozen=True)
class SaleFile:
    """A sale, when the entitlement was claimed, and the one offer that is asked about; "" for every offer. vouchers:
    how many of it are used together. prices: what to take as known of what its article costs elsewhere."""

    sale: Sale
    claimed_at: datetime
    offer: str = ""
    vouchers: int = 1
    prices: KnownPrices = NOTHING_KNOWN


class _MomentText(fields.Field[datetime]):
    """A moment with its offset, as text: "2025-08-08T11:20:00+08:00"."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or not 2000 <= moment.year <= 2100:
            raise ValidationError('应当是带时区的时间，例如 "2025-08-08T11:20:00+08:00"')
        return moment.astimezone(UTC)


class _Barcode(fields.String):
    """An EAN-13, with its check digit."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if not (isinstance(value, str) and len(value) == 13 and value.isascii() and value.isdigit()):
            raise ValidationError('应当是 13 位数字的商品条码，带引号，例如 "6901234567892"')
        if not ean.is_valid(value):
            raise ValidationError("商品条码的校验位不对，请核对数字")
        return value


class _DiscountSchema(Table):
    name = Text(longest=30, required=True)
    fen = Yuan(required=True, data_key="yuan")


class _GoodsSchema(Table):
    category = choice(categories(), required=True)
    price_fen = Yuan(required=True, data_key="price_yuan")
    grade = choice(GRADES, load_default="none")
    barcode = _Barcode(load_default="")


class _PricesSchema(Table):
    filed_fen = Yuan(load_default=None, data_key="filed_yuan")
    lowest_fen = Yuan(load_default=None, data_key="recent_yuan")
    city_median_fen = Yuan(load_default=None, data_key="city_median_yuan")
    city_sales = Count(load_default=None)

    @validates_schema
    def _both_of_the_city(self, data: Mapping[str, Any], **_: object) -> None:
        if (data["city_median_fen"] is None) != (data["city_sales"] is None):
            missing = "city_sales" if data["city_sales"] is None else "city_median_yuan"
            raise ValidationError("city_median_yuan 和 city_sales 要一起写", missing)


class _CarSchema(Table):
    with_tax_fen = Yuan(required=True, data_key="price_with_tax_yuan")
    without_tax_fen = Yuan(load_default=None, data_key="price_without_tax_yuan")
    deal_price_fen = Yuan(load_default=None, data_key="deal_price_yuan")
    premium_fen = Yuan(load_default=None, data_key="premium_yuan")
    powertrain = choice(POWERTRAINS, required=True)
    conditions = fields.List(choice(CAR_CONDITIONS), load_default=list)
    in_tier = Count(load_default=None)
    tier_granted_fen = Yuan(load_default=0, data_key="tier_granted_yuan", largest_fen=10_000_000_000_000)


class _BuyerSchema(Table):
    kind = choice(BUYERS, load_default="person")
    had = fields.Dict(keys=choice([CAR, *categories()]), values=Count(least=0, most=1_000), load_default=dict)


class SaleSchema(Table):
    offer = Code(load_default="")
    vouchers = Count(most=20, load_default=1)
    at = _MomentText(load_default=None)
    claimed_at = _MomentText(load_default=None)
    county = County(required=True)
    industry = industry(required=True)
    bill_fen = Yuan(load_default=None, data_key="bill_yuan")
    excluded_fen = Yuan(load_default=0, data_key="excluded_yuan")
    list_price_fen = Yuan(load_default=None, data_key="list_price_yuan")
    merchant_discounts = fields.List(fields.Nested(_DiscountSchema), load_default=list)
    goods = fields.List(fields.Nested(_GoodsSchema), load_default=list)
    prices = fields.Nested(_PricesSchema, load_default=None)
    car = fields.Nested(_CarSchema, load_default=None)
    buyer = fields.Nested(_BuyerSchema, load_default=dict)

    @validates_schema
    def _the_bill_adds_up(self, data: Mapping[str, Any], **_: object) -> None:
        bill_fen, derived_fen = data["bill_fen"], _derived_bill_fen(data)
        if bill_fen is None and derived_fen is None:
            raise ValidationError("缺少这一项；也可以写 list_price_yuan、goods 或 car", "bill_yuan")
        if data["list_price_fen"] is not None and bill_fen not in (None, derived_fen):
            raise ValidationError(f"与原价减商家优惠不符，应为 {format_yuan(derived_fen or 0)} 元", "bill_yuan")
        total_fen = bill_fen if bill_fen is not None else derived_fen or 0
        if not 0 < total_fen <= LARGEST_AMOUNT_FEN:
            raise ValidationError(f"扣除商家优惠后应大于 0 且不超过 {format_yuan(LARGEST_AMOUNT_FEN)} 元", "bill_yuan")
        if data["excluded_fen"] >= total_fen:
            raise ValidationError("应当小于消费金额", "excluded_yuan")
        if sum(line["price_fen"] for line in data["goods"]) > total_fen:
            raise ValidationError("商品价格之和超过了消费金额", "goods")
        if data["claimed_at"] and data["at"] and data["claimed_at"] > data["at"]:
            raise ValidationError("不能晚于交易时间 at", "claimed_at")


_schema = SaleSchema()


def read_sale(text: str) -> SaleFile:
    """Read a sale file; a time that is not given is now. Raises SaleFaulty with every fault found."""
    if len(text) > LONGEST_SALE:
        raise SaleFaulty([Fault("全文", f"不能超过 {LONGEST_SALE} 个字符")])
    try:
        raw = json.loads(text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_each_key_once)
    except (ValueError, ArithmeticError, RecursionError) as failure:
        raise SaleFaulty([Fault("全文", f"不是有效的 JSON：{failure}")]) from failure
    try:
        data = _schema.load(raw)
    except ValidationError as failure:
        raise SaleFaulty(flatten(failure.messages)) from failure
    at = data["at"] or clock.now()
    claimed_at = data["claimed_at"] or at
    return SaleFile(_build(data, at), claimed_at, data["offer"], data["vouchers"], _known_prices(data["prices"]))


def _known_prices(data: Mapping[str, Any] | None) -> KnownPrices:
    if data is None:
        return NOTHING_KNOWN
    median_fen = data["city_median_fen"]
    city = None if median_fen is None else CityPrice(median_fen, data["city_sales"])
    return KnownPrices(data["filed_fen"], data["lowest_fen"], city)


def _build(data: Mapping[str, Any], at: datetime) -> Sale:
    bill_fen = data["bill_fen"] if data["bill_fen"] is not None else _derived_bill_fen(data)
    assert bill_fen is not None  # SaleSchema refuses a sale whose bill nothing tells
    buyer = {"kind": "person", "had": {}, **data["buyer"]}
    return Sale(
        bill_fen=bill_fen - data["excluded_fen"],
        county=data["county"],
        industry=data["industry"],
        at=at,
        merchant_discounts={discount["name"]: discount["fen"] for discount in data["merchant_discounts"]},
        goods=tuple(GoodsLine(**line) for line in data["goods"]),
        car=Car(**{**data["car"], "conditions": frozenset(data["car"]["conditions"])}) if data["car"] else None,
        buyer=Buyer(**buyer),
    )


def _derived_bill_fen(data: Mapping[str, Any]) -> int | None:
    """Return what the bill must be by the other figures, or None where they do not say."""
    if data["list_price_fen"] is not None:
        return int(data["list_price_fen"]) - sum(discount["fen"] for discount in data["merchant_discounts"])
    if data["goods"]:
        return sum(line["price_fen"] for line in data["goods"])
    if data["car"]:
        deal_fen = data["car"]["deal_price_fen"]
        return int(deal_fen if deal_fen is not None else data["car"]["with_tax_fen"])
    return None


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} 不是数字")


def _each_key_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"“{key}”写了两次")
        found[key] = value
    return found

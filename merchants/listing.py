"""The bureau's read side of the register: finding merchants, and one merchant with everything that hangs on it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload

from campaigns.models import Campaign
from foundation.db import db
from foundation.errors import N_
from foundation.ids import LARGEST_ROW_ID
from foundation.paging import Page, page_of
from identity.models import Account
from merchants.errors import MerchantUnknown
from merchants.models import Cashier, Enrollment, Merchant, RefusedScan, Store, Till


@dataclass(frozen=True)
class MerchantFilter:
    """Which merchants to list; an empty text or None means any. ``words``: part of the name, or of the credit code."""

    words: str = ""
    county: str = ""
    industry: str = ""
    status: str = ""
    is_above_quota: bool | None = None
    campaign_id: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        words = self.words.strip()[:40]
        if words:
            found.append(
                or_(
                    Merchant.name.contains(words, autoescape=True),
                    Merchant.uscc.startswith(words.upper(), autoescape=True),
                )
            )
        exact = {Merchant.county: self.county, Merchant.industry: self.industry, Merchant.status: self.status}
        found.extend(column == value for column, value in exact.items() if value)
        if self.is_above_quota is not None:
            found.append(Merchant.is_above_quota.is_(self.is_above_quota))
        if self.campaign_id is not None:
            enrolled = select(Enrollment.merchant_id).where(Enrollment.campaign_id == self.campaign_id)
            found.append(Merchant.id.in_(enrolled))
        return found


@dataclass(frozen=True)
class StoreLine:
    """A store with its tills and its cashiers."""

    store: Store
    tills: Sequence[Till]
    cashiers: Sequence[Cashier]


@dataclass(frozen=True)
class RefusedLine:
    """A refused scan; ``counter`` is the till's or the cashier's name, ``why`` a msgid. about: the figures of a price
    that was too high."""

    at: datetime
    store_name: str
    counter: str
    why: str
    bill_fen: int | None
    about: str | None


def find_merchants(wanted: MerchantFilter, page: int) -> Page[Merchant]:
    """Return a page of merchants, by name."""
    return page_of(select(Merchant).where(*wanted.conditions()).order_by(Merchant.name, Merchant.id), page)


def merchant_ids(wanted: MerchantFilter) -> list[int]:
    """Return the ids of all merchants that a filter finds."""
    return list(db.session.scalars(select(Merchant.id).where(*wanted.conditions()).order_by(Merchant.id)))


def store_counts(merchant_ids: Sequence[int]) -> dict[int, int]:
    """Return merchant id → number of stores."""
    rows = db.session.execute(
        select(Store.merchant_id, func.count()).where(Store.merchant_id.in_(merchant_ids)).group_by(Store.merchant_id)
    )
    return dict(rows.all())


def merchant(merchant_id: int) -> Merchant:
    """Return one merchant. Refuses MerchantUnknown."""
    found = db.session.get(Merchant, min(merchant_id, LARGEST_ROW_ID))
    if found is None:
        raise MerchantUnknown
    return found


def stores_of(merchant_id: int) -> list[StoreLine]:
    """Return the stores of a merchant by name, each with its tills and cashiers."""
    stores = db.session.scalars(select(Store).where(Store.merchant_id == merchant_id).order_by(Store.name)).all()
    ids = [store.id for store in stores]
    tills: dict[int, list[Till]] = defaultdict(list)
    for till in db.session.scalars(select(Till).where(Till.store_id.in_(ids)).order_by(Till.id)):
        tills[till.store_id].append(till)
    cashiers: dict[int, list[Cashier]] = defaultdict(list)
    for cashier in db.session.scalars(
        select(Cashier).options(joinedload(Cashier.account)).where(Cashier.store_id.in_(ids)).order_by(Cashier.id)
    ):
        cashiers[cashier.store_id].append(cashier)
    return [StoreLine(store, tills[store.id], cashiers[store.id]) for store in stores]


def campaigns_to_join(merchant_id: int) -> list[Campaign]:
    """Return the published campaigns that a merchant does not take part in yet, newest first."""
    joined = select(Enrollment.campaign_id).where(Enrollment.merchant_id == merchant_id)
    statement = select(Campaign).where(Campaign.version_id.is_not(None), Campaign.id.not_in(joined))
    return list(db.session.scalars(statement.order_by(Campaign.starts_at.desc())))


def refused_scans(merchant_id: int, page: int, *, size: int = 50) -> Page[RefusedLine]:
    """Return a page of the refused scans at a merchant's stores, newest first."""
    statement = (
        select(RefusedScan, Store.name, Till.name, Account.name)
        .join(Store, Store.id == RefusedScan.store_id)
        .outerjoin(Till, Till.id == RefusedScan.till_id)
        .outerjoin(Cashier, Cashier.id == RefusedScan.cashier_id)
        .outerjoin(Account, Account.id == Cashier.account_id)
        .where(Store.merchant_id == merchant_id)
        .order_by(RefusedScan.at.desc(), RefusedScan.id.desc())
    )
    found: Page[Any] = page_of(statement, page, size=size)
    rows = [
        RefusedLine(
            scan.at, store, till or cashier or "", REFUSALS.get(scan.reason, scan.reason), scan.bill_fen, scan.about
        )
        for scan, store, till, cashier in found.rows
    ]
    return Page(rows, found.number, found.count, found.size)


#: Short names of the reasons on the trail; the full text was on the till's screen, with its figures filled in.
REFUSALS = {
    "amount_malformed": N_("金额无法识别"),
    "amount_out_of_range": N_("金额超出范围"),
    "list_price_below_bill": N_("优惠前价格填错"),
    "code_malformed": N_("不是 20 位数字"),
    "code_foreign": N_("不是消费券码"),
    "code_mistyped": N_("券码输错"),
    "code_unknown": N_("没有这个券码"),
    "code_expired": N_("券码过时（截图等）"),
    "code_retired": N_("券在另一台设备打开"),
    "bill_below_award": N_("金额少于核定的补贴"),
    "already_redeemed": N_("已经用过"),
    "voucher_expired": N_("券已过期"),
    "voucher_not_yet_valid": N_("还没到使用时间"),
    "bill_below_threshold": N_("未达使用门槛"),
    "excluded_out_of_bill": N_("不能用券的金额填错"),
    "goods_to_confirm": N_("没有确认不能买的商品"),
    "too_many_in_order": N_("超过每单张数"),
    "too_many_today": N_("超过每天张数"),
    "discount_limit_reached": N_("超过每人优惠限额"),
    "discount_used_up": N_("每人优惠额度用完"),
    "too_many_codes": N_("券码个数不对"),
    "code_repeated": N_("同一张券扫了两次"),
    "offers_do_not_stack": N_("不同的券同用"),
    "other_holder": N_("不是同一个人的券"),
    "outside_county": N_("不在使用县区"),
    "outside_industry": N_("不在使用行业"),
    "only_above_quota": N_("不是限上企业"),
    "goods_needed": N_("没有录入商品"),
    "category_not_covered": N_("品类不在补贴范围"),
    "one_item_only": N_("一单多件"),
    "grade_not_covered": N_("能效不在补贴范围"),
    "price_above_ceiling": N_("单价超过上限"),
    "quantity_used_up": N_("补贴件数已用完"),
    "worth_nothing": N_("补贴不足一分"),
    "car_needed": N_("没有录入购车信息"),
    "prices_disagree": N_("含税价与不含税价不符"),
    "price_outside_tiers": N_("价格不在补贴档次"),
    "powertrain_not_covered": N_("动力类型不补贴"),
    "tier_full": N_("本档已用完"),
    "buyer_not_covered": N_("买家类型不补贴"),
    "other_city": N_("外市门店"),
    "merchant_not_enrolled": N_("商户没有参加活动"),
    "merchant_suspended": N_("商户已暂停"),
    "till_suspended": N_("收银台已停用"),
    "store_unknown": N_("门店没有登记"),
    "category_unknown": N_("品类填错"),
    "other_category": N_("品类与资格不符"),
    "grade_unknown": N_("能效等级填错"),
    "grade_missing": N_("没有选能效等级"),
    "serial_missing": N_("没有录入序列号"),
    "serial_malformed": N_("序列号填错"),
    "imei_missing": N_("没有录入 IMEI"),
    "imei_malformed": N_("IMEI 填错"),
    "barcode_missing": N_("没有录入商品条码"),
    "barcode_malformed": N_("商品条码填错"),
    "not_in_catalogue": N_("不在商品目录"),
    "other_grade": N_("能效与目录不符"),
    "price_above_filed": N_("售价高于备案价"),
    "price_above_recent": N_("售价高于近期售价"),
    "price_above_city": N_("售价高于全市近期售价"),
    "mark_taken": N_("同一件商品补贴过（一机多补）"),
    "not_confirmed": N_("没有核验或核验过时"),
    "not_a_qualification": N_("不是补贴资格"),
    "premium_needed": N_("没有商业险保费"),
    "gift_to_hand_out": N_("礼品领取码"),
    "not_a_gift": N_("不是礼品"),
    "nothing_to_hand_out": N_("没有选礼品"),
    "part_unknown": N_("没有这项礼品"),
    "part_from_others": N_("不由本店发放"),
    "part_number_missing": N_("没有填礼品号码"),
    "number_is_code": N_("把领取码当成号码"),
    "part_handed_out": N_("礼品已经领过"),
    "issued_number_malformed": N_("礼品号码填错"),
    "customer_must_scan": N_("只能由顾客扫收银台"),
    "code_must_be_shown": N_("只能出示券码"),
    "payment_done": N_("这一单已经用过券"),
    "payment_cancelled": N_("收银台已取消"),
    "payment_timed_out": N_("等得太久"),
    "payment_token_expired": N_("收银台二维码过时（照片等）"),
    "location_missing": N_("没有手机定位"),
    "outside_geofence": N_("不在活动区域"),
}

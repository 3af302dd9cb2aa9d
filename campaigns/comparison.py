"""What changed between two campaign files, by meaning: comments, order of keys and spelling do not count.

A definition is turned into places and words, of which two are compared: the same place with other words is a change.
Whatever an axis adds to definitions is compared without being named here; only its Chinese name would be missing.
"""

import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

import campaigns.terms
from campaigns.definition import LEVELS, Definition
from campaigns.goods import GRADES, categories
from campaigns.kinds import PRESETS
from campaigns.places import cities, counties, industries
from campaigns.terms.article import CATALOGUES, NUMBERS
from campaigns.terms.axis import kind_of, strategies
from campaigns.terms.benefit.percent_by_grade import INVOICES, ROUNDINGS
from campaigns.terms.benefit.price_tiers import BASES
from campaigns.terms.cadence.weekly import WEEKDAYS
from campaigns.terms.evidence.after_sale import FILES, OLD_APPLIANCES
from campaigns.terms.geofence import CHECKED
from campaigns.terms.gifts import NUMBERS as GIFT_NUMBERS
from campaigns.terms.intervals import Interval
from campaigns.terms.limits.per_person import WITHIN
from campaigns.terms.price_check import ACTIONS
from campaigns.terms.price_table import EVERY
from campaigns.terms.sale import BUYERS, CAR_CONDITIONS
from campaigns.terms.settlement import MODES
from campaigns.terms.sold import IF_EXPIRED, IF_WITHDRAWN
from campaigns.terms.use.counted import SCAN_MODES, THRESHOLDS
from campaigns.terms.validity.natural_days import COUNTED_FROM
from campaigns.terms.worth import GIVEN_AS
from foundation.clock import local
from foundation.money import format_yuan
from identity.persons import KINDS as KINDS_OF_IDENTIFIER

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
WORDS = {ADDED: "增加", REMOVED: "删除", CHANGED: "修改"}

#: Key of a campaign file → its name.
NAMES = {
    "campaign": "活动", "sources": "资金来源", "offers": "券种", "rounds": "轮次", "releases": "投放",
    "code": "代码", "name": "名称", "kind": "种类", "city": "城市", "starts_at": "开始时间", "ends_at": "结束时间",
    "notice": "活动说明", "contact": "咨询", "level": "级别", "budget_yuan": "预算", "county": "县区", "note": "备注",
    "benefit": "优惠", "funding": "出资", "scope": "使用范围", "validity": "有效期", "issuance": "发放方式",
    "limits": "每人限领", "opens_at": "开放时间", "closes_at": "关闭时间", "stock": "张数", "shares": "分担比例",
    "face_value_yuan": "面值", "threshold_yuan": "使用门槛", "counties": "县区", "industries": "行业",
    "days": "天数", "hours": "小时数", "counted_from": "起算", "until": "截止", "usable_from": "起用时间",
    "usable_after_days": "领取后几天起用", "count": "张数", "within": "计数范围", "rates": "补贴比例",
    "cap_yuan": "每件上限", "categories": "品类", "price_ceiling_yuan": "单价上限", "rounding": "舍入",
    "invoice": "发票金额", "price": "价格口径", "prices": "价格区间", "tiers": "档次", "bonuses": "另补",
    "buyers": "买家", "given_as": "兑付方式", "yuan": "金额", "ice_yuan": "燃油车", "nev_yuan": "新能源车",
    "gifts": "礼品", "suppliers": "发放商户", "number": "登记号码",
    "floating": "浮动", "pool_yuan": "本档资金", "most_cars": "本档名额",
    "amounts": "各方金额", "refund": "退货", "above_quota": "限上企业",
    "packs": "券包", "pack": "券包", "contents": "内容", "offer": "券", "group": "选择组", "people": "谁可以领",
    "returned_counts": "退车仍计一次", "apart_from": "不与其他活动同享", "listed": "别处发放",
    "same_person": "同一人", "real_name": "实名", "min_age": "最低年龄", "register_until": "报名截止",
    "draw_at": "开奖时间", "take_up_hours": "领取期限小时数",
    "documents": "材料", "reviews": "审核", "corrections": "补正", "most": "次数", "notice_days": "公示工作日",
    "waiting_list": "候补", "invoices_from": "发票开始", "invoices_until": "发票截止",
    "registered_until": "注册登记截止", "plates": "号牌",
    "policies_from": "起保开始", "policies_until": "起保截止",
    "beside": "与线上轮次合并限领", "goods_excluded": "不能买的商品", "scan_mode": "扫码方式",
    "geofence": "活动区域", "center": "圆心", "km": "公里", "polygon": "多边形", "checked": "何时看定位",
    "rollover": "资金滚动", "carry": "接哪一轮的结余", "daily": "分天投放", "at": "每天时刻",
    "amendment": "修改说明", "reason": "原因", "effective_at": "生效时间",
    "applies_from": "补贴标准适用自",
    "use": "用券", "per_order": "每单张数", "per_day": "每人每天张数", "thresholds": "多张的门槛",
    "evidence": "售后材料", "invoice_days": "发票天数", "delivery_days": "送货签收天数",
    "device_photo_days": "机身照片天数", "old_appliance": "交旧", "old_appliance_days": "旧机回收天数",
    "files": "文件", "correction_days": "补正天数", "grace_days": "宽限天数",
    "article": "商品登记", "identify": "登记号码", "confirm_days": "核验后几天内完成",
    "catalogue": "商品目录", "price_check": "价格检查", "above_filed": "高于备案价", "above_recent": "高于近期售价",
    "recent_days": "近期天数", "tolerance": "容差",
    "above_city": "高于全市近期售价", "city_days": "全市比较天数", "city_sales": "全市最少笔数",
    "city_tolerance": "全市比较容差",
    "discount_limits": "每人优惠限额",
    "settlement": "结算", "mode": "结算方式", "cadence": "关账周期", "weekday": "关账日", "day": "每月几日",
    "check_days": "商户核对天数", "pay_days": "拨付天数",
    "sold": "出售", "price_yuan": "售价", "proceeds": "售价款归", "pay_minutes": "付款时限（分钟）",
    "if_expired": "过期未用", "if_withdrawn": "退券",
    "cost_yuan": "成本", "advertised_yuan": "对外价值", "least_yuan": "最低", "most_yuan": "最高",
}  # fmt: skip

#: The keys under which a strategy stands in a file are the folders of the axes.
AXES = {info.name for info in pkgutil.iter_modules(campaigns.terms.__path__) if info.ispkg}
#: Keys inside that are spelled otherwise in the file.
_FILE_KEYS = {"ceiling_fen": "price_ceiling_yuan"}
AMOUNT_KEYS = {EVERY: "yuan", "ice": "ice_yuan", "nev": "nev_yuan"}
#: Under which of these an entry of a list is known, so that moving it is no change.
_IDENTITIES = ("code", "offer", "pack", "prices")


@dataclass(frozen=True)
class Change:
    """place: as faults have it, with codes instead of numbers. kind: ADDED, REMOVED or CHANGED."""

    place: str
    kind: str
    before: str = ""
    after: str = ""

    @property
    def name(self) -> str:
        """The last key of the place in Chinese, or "" for one without a name."""
        return NAMES.get(_steps(self.place)[-1].partition("[")[0], "")

    def __str__(self) -> str:
        place = f"{self.place}（{self.name}）" if self.name else self.place
        values = {ADDED: self.after, REMOVED: self.before, CHANGED: f"{self.before} → {self.after}"}
        return f"{WORDS[self.kind]} {place}：{values[self.kind]}"


def compare(before: Definition, after: Definition) -> list[Change]:
    """Return every difference in the order of the files: what was changed or removed, then what was added."""
    old, new = dict(_places(before)), dict(_places(after))
    found = []
    for place, words in old.items():
        if place not in new:
            found.append(Change(place, REMOVED, before=words))
        elif new[place] != words and not place.endswith("]"):
            found.append(Change(place, CHANGED, words, new[place]))
    found += [Change(place, ADDED, after=words) for place, words in new.items() if place not in old]
    return [change for change in found if not _within_a_whole(change, found)]


def _within_a_whole(change: Change, found: Sequence[Change]) -> bool:
    """Whether a whole entry that holds this place was added or removed; then the entry alone says it."""
    return change.kind != CHANGED and any(
        other.kind == change.kind and other.place.endswith("]") and change.place.startswith(f"{other.place}.")
        for other in found
    )


def _places(definition: Definition) -> Iterator[tuple[str, str]]:
    for item in fields(definition):
        value = getattr(definition, item.name)
        # What is made of tables stands beside the campaign's own table in the file, not in it.
        beside = is_dataclass(value) or isinstance(value, list | tuple)
        yield from _walk(item.name if beside else f"campaign.{item.name}", item.name, value)


def _walk(place: str, key: str, value: Any) -> Iterator[tuple[str, str]]:
    if is_dataclass(value) and not isinstance(value, Interval):
        kind = kind_of(value)
        if kind:
            yield f"{place}.kind", strategy_name(key, kind)
        for item in fields(value):
            inner = _file_key(item.name)
            # The terms of an offer stand in the offer's own table.
            deeper = place if item.name == "terms" else f"{place}.{inner}"
            yield from _walk(deeper, inner, getattr(value, item.name))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            # The amounts of a tier stand in the tier itself.
            of_tier = key == "amounts" and name in AMOUNT_KEYS
            inner = f"{place.removesuffix('.amounts')}.{AMOUNT_KEYS[name]}" if of_tier else f"{place}.{name}"
            yield from _walk(inner, key, item)
    elif isinstance(value, list | tuple) and any(is_dataclass(item) for item in value):
        for number, item in enumerate(value, 1):
            entry = f"{place}[{_identity(item, number)}]"
            yield entry, getattr(item, "name", "") or _described(item)
            yield from _walk(entry, key, item)
    else:
        words = _in_words(key, value)
        if words:
            yield place, words


def strategy_name(key: str, kind: str) -> str:
    """Return what a strategy of an axis is called; its kind where it has no name."""
    found = strategies(f"campaigns.terms.{key}").get(kind) if key in AXES else None
    return found.label or kind if found else kind


def _identity(item: Any, number: int) -> str:
    for name in _IDENTITIES:
        known = getattr(item, name, None)
        if known:
            return known.describe() if isinstance(known, Interval) else str(known)
    return str(number)


def _described(item: Any) -> str:
    if hasattr(item, "describe"):
        return str(item.describe())
    count = f"{getattr(item, 'stock', 1)} {_unit(item)}"
    budget_fen = getattr(item, "budget_fen", None)
    if budget_fen is None:
        return count
    money = f"{format_yuan(budget_fen)} 元"
    return f"{money}，{count}" if item.stock else money


def _unit(item: Any) -> str:
    return "包" if getattr(item, "pack", "") else "张"


def _file_key(name: str) -> str:
    return _FILE_KEYS.get(name, name.removesuffix("_fen") + "_yuan" if name.endswith("_fen") else name)


#: Key → word in the file → its meaning.
_MEANINGS: Mapping[str, Mapping[str, str]] = {
    "kind": {code: preset.name for code, preset in PRESETS.items()},
    "city": cities(),
    "same_person": KINDS_OF_IDENTIFIER,
    "level": LEVELS,
    "counted_from": COUNTED_FROM,
    "within": WITHIN,
    "rounding": ROUNDINGS,
    "invoice": INVOICES,
    "old_appliance": OLD_APPLIANCES,
    "files": FILES,
    "price": BASES,
    "given_as": GIVEN_AS,
    "thresholds": THRESHOLDS,
    "scan_mode": SCAN_MODES,
    "identify": NUMBERS,
    "number": GIFT_NUMBERS,
    "checked": CHECKED,
    "catalogue": CATALOGUES,
    "above_filed": ACTIONS,
    "above_recent": ACTIONS,
    "above_city": ACTIONS,
    "mode": MODES,
    "weekday": WEEKDAYS,
    "if_expired": IF_EXPIRED,
    "if_withdrawn": IF_WITHDRAWN,
}


def _in_words(key: str, value: Any) -> str:
    if value is None or (isinstance(value, str | list | tuple) and not value):
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if key == "stock" and not value:
        return ""
    if isinstance(value, datetime):
        return f"{local(value):%Y-%m-%d %H:%M:%S}".removesuffix(":00")
    if isinstance(value, Interval):
        return value.describe()
    if isinstance(value, list | tuple):
        return "、".join(_in_words(key, item) for item in value)
    if isinstance(value, str):
        if key in ("county", "counties"):
            return counties(value[:4]).get(value, value)
        return {**industries(), **_MEANINGS.get(key, {})}.get(value, value) if key != "code" else value
    if key in ("shares", "rates", "tolerance"):
        return f"{value / 100:g}%"
    if key.endswith("_yuan") or key in ("amounts", "bonuses"):
        return f"{format_yuan(value)} 元"
    return str(value)


def words_of(place: str) -> str:
    """Return a place with the names of its keys: 券种 meal › 优惠 › 面值."""
    known = {
        **NAMES,
        **GRADES,
        **categories(),
        **BUYERS,
        **CAR_CONDITIONS,
        "ice": "燃油车",
        "nev": "新能源车",
        "any": "不看能效",
    }
    return " › ".join(_step_in_words(step, known) for step in _steps(place))


def _steps(place: str) -> list[str]:
    """Split a place at its dots, but not at those within brackets."""
    steps, depth, start = [], 0, 0
    for at, sign in enumerate(place):
        depth += {"[": 1, "]": -1}.get(sign, 0)
        if sign == "." and depth == 0:
            steps.append(place[start:at])
            start = at + 1
    return [*steps, place[start:]]


def _step_in_words(step: str, known: Mapping[str, str]) -> str:
    key, bracket, rest = step.partition("[")
    return f"{known.get(key, key)} {rest.removesuffix(']')}" if bracket else known.get(key, key)

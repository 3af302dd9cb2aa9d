"""Campaign files: the document that the bureau writes, read into a ``Definition``.

It is TOML, checked by marshmallow; ``docs/campaign-file.md`` describes it. ``check`` either returns a
``Definition`` or raises ``DefinitionFaulty`` with every fault, its place, and the allowed values.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, pre_load, validates_schema

from campaigns.consistency import contradictions
from campaigns.definition import (
    KINDS,
    LEVELS,
    Amendment,
    Definition,
    OfferDefinition,
    OtherCampaign,
    PackContent,
    PackDefinition,
    PeopleRules,
    ReleaseDefinition,
    RoundDefinition,
    Source,
)
from campaigns.places import cities
from campaigns.terms import article, sold
from campaigns.terms.article import ArticleSchema
from campaigns.terms.axis import StrategyField
from campaigns.terms.discount_limits import DiscountLimit, DiscountLimitSchema
from campaigns.terms.file_fields import Code, Count, County, Flag, Moment, Table, Text, Yuan, choice, said
from campaigns.terms.portions import DailySchema
from campaigns.terms.quote import OfferTerms
from campaigns.terms.settlement import Settlement, SettlementSchema
from campaigns.terms.sold import SoldSchema
from foundation.clock import bureau_day, day_start
from foundation.errors import N_, Malformed
from identity.persons import DEFAULT_KINDS
from identity.persons import KINDS as KINDS_OF_IDENTIFIER

LONGEST_DOCUMENT = 200_000
#: The axes along which offers differ, each a table of an offer that names its strategy.
OFFER_AXES = tuple(item.name for item in dataclass_fields(OfferTerms) if item.name != "article")
#: The least age where identity numbers are asked for and the file names none.
ADULT = 18


@dataclass(frozen=True)
class Fault:
    """What is wrong, and where: a path such as ``rounds[2].releases[1].stock``, counted from 1."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}：{self.message}"


class DefinitionFaulty(Malformed):
    code = "definition_faulty"
    message = N_("活动文件有 %(count)s 处需要修改")
    way_out = N_("请按提示逐处修改后重新检查")

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(count=len(self.faults))

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class _SourceSchema(Table):
    code = Code(required=True)
    name = Text(required=True)
    level = choice(LEVELS, required=True)
    budget_fen = Yuan(required=True, data_key="budget_yuan", largest_fen=10_000_000_000_000)
    county = County(load_default="", metadata=said("县区", "县级资金必填"))
    note = Text(longest=400, load_default="", metadata=said("备注", "金额的依据，或者说明是假设"))


class _OfferSchema(Table):
    code = Code(required=True)
    name = Text(longest=30, required=True, metadata=said("名称", "券面上的名字"))
    benefit = StrategyField("benefit", default_kind="spend_discount", required=True)
    funding = StrategyField("funding", default_kind="shares", required=True)
    scope = StrategyField("scope", default_kind="places")
    validity = StrategyField("validity", required=True)
    refund = StrategyField("refund", default_kind="return_if_valid")
    use = StrategyField("use", default_kind="counted")
    evidence = StrategyField("evidence", default_kind="none")
    article = fields.Nested(ArticleSchema)
    sold = fields.Nested(SoldSchema, load_default=None, metadata=said("出售", "要付钱购买的券才写"))

    @pre_load
    def _a_qualification_does_not_come_back(self, data: Any, **_options: Any) -> Any:
        benefit = data.get("benefit") if isinstance(data, Mapping) else None
        by_grade = isinstance(benefit, Mapping) and benefit.get("kind") == "percent_by_grade"
        return {"refund": {"kind": "no_return"}, **data} if by_grade else data


class _OtherCampaignSchema(Table):
    code = Code(required=True)
    name = Text(longest=60, required=True)
    listed = Flag(load_default=False, metadata=said("别处发放", "不在本平台发放，按导入的名单查重"))


class _PeopleSchema(Table):
    same_person = fields.List(
        choice(KINDS_OF_IDENTIFIER),
        load_default=lambda: list(DEFAULT_KINDS),
        metadata=said("同一人", "除账号和手机号外，哪些相同也视为同一人"),
    )
    real_name = Flag(load_default=False, metadata=said("须实名", "领取前要填写姓名和身份证号"))
    min_age = Count(least=0, most=100, load_default=None, metadata=said("最低年龄", "周岁，须实名时不填为 18"))
    apart_from = fields.List(
        fields.Nested(_OtherCampaignSchema),
        load_default=list,
        metadata=said("不与其他活动同享", "在所列活动里享受过的，不能再享受"),
    )

    @validates_schema
    def _age_is_known(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data.get("min_age") and not data.get("real_name"):
            raise ValidationError("年龄由身份证号得出，所以要同时写 real_name = true", "min_age")


class _PackContentSchema(Table):
    offer = Code(required=True, metadata=said("券", refers="offers"))
    count = Count(most=100, required=True)


class _PackSchema(Table):
    code = Code(required=True)
    name = Text(longest=30, required=True)
    contents = fields.List(
        fields.Nested(_PackContentSchema), required=True, metadata=said("内容", "一起领取，至少两张")
    )


class _ReleaseSchema(Table):
    offer = Code(load_default="", metadata=said("券", "与券包二选一", refers="offers"))
    pack = Code(load_default="", metadata=said("券包", "与券二选一", refers="packs"))
    group = Code(load_default="", metadata=said("选择组", "同组的每人每轮只能选一种"))
    stock = Count(load_default=0, metadata=said("张数", "上限；资金不够时放出的会少一些"))
    budget_fen = Yuan(
        load_default=None,
        data_key="budget_yuan",
        largest_fen=10_000_000_000_000,
        metadata=said("资金", "申请时定金额的补贴，按资金投放"),
    )

    @validates_schema
    def _one_thing(self, data: Mapping[str, Any], **_options: Any) -> None:
        if bool(data.get("offer")) == bool(data.get("pack")):
            raise ValidationError("offer（单张券）和 pack（券包）要写一个，也只能写一个", "offer")

    @validates_schema
    def _limited(self, data: Mapping[str, Any], **_options: Any) -> None:
        if not data.get("stock") and data.get("budget_fen") is None:
            raise ValidationError("缺少这一项", "stock")


class _RoundSchema(Table):
    code = Code(required=True)
    name = Text(longest=30, required=True)
    opens_at = Moment(required=True)
    closes_at = Moment(required=True)
    issuance = StrategyField("issuance", default_kind="first_come")
    limits = fields.List(StrategyField("limits", default_kind="per_person"), required=True)
    releases = fields.List(fields.Nested(_ReleaseSchema), required=True)
    rollover = StrategyField("rollover", default_kind="pool")
    daily = fields.Nested(DailySchema, load_default=None)


class _CampaignSchema(Table):
    code = Code(required=True)
    name = Text(required=True)
    kind = choice(KINDS, required=True, metadata=said("活动类型", "决定可以用哪些优惠"))
    city = Text(longest=20, required=True, metadata=said("城市", words=cities))
    starts_at = Moment(required=True)
    ends_at = Moment(required=True, metadata=said("结束时间", "不含；任何券最晚到这时"))
    notice = Text(longest=20_000, load_default="", metadata=said("活动说明", "公告里的原话，每行一条"))
    contact = Text(longest=200, load_default="", metadata=said("咨询", "公告末尾的联系方式"))


class _AmendmentSchema(Table):
    reason = Text(longest=400, required=True)
    effective_at = Moment(load_default=None)
    applies_from = Moment(
        load_default=None,
        metadata=said("补贴标准适用自", "开票日期（按保费的为保险起期）从这天起的按新标准；不填为生效当天"),
    )

    @validates_schema
    def _begins_with_a_day(self, data: Mapping[str, Any], **_options: Any) -> None:
        since, effective_at = data.get("applies_from"), data.get("effective_at")
        if since is None:
            return
        if since != day_start(bureau_day(since)):
            raise ValidationError("写当天 00:00，因为发票和保单上只有日期", "applies_from")
        if effective_at is not None and since > effective_at:
            raise ValidationError("不能晚于生效时间 effective_at：提高补贴标准只能从生效当天或更早算起", "applies_from")


class _DocumentSchema(Table):
    campaign = fields.Nested(_CampaignSchema, required=True)
    sources = fields.List(fields.Nested(_SourceSchema), required=True, metadata=said("出资"))
    offers = fields.List(fields.Nested(_OfferSchema), required=True, metadata=said("优惠"))
    people = fields.Nested(_PeopleSchema, metadata=said("人员"))
    discount_limits = fields.List(
        fields.Nested(DiscountLimitSchema),
        load_default=list,
        metadata=said("每人优惠限额", "一人在整个活动、每月、每周或每天一共最多优惠多少元，没有就不填"),
    )
    settlement = fields.Nested(SettlementSchema, load_default=None, metadata=said("结算"))
    packs = fields.List(fields.Nested(_PackSchema), load_default=list)
    rounds = fields.List(fields.Nested(_RoundSchema), required=True)
    amendment = fields.Nested(_AmendmentSchema, load_default=None)


_document = _DocumentSchema()


def document_schema() -> Table:
    """Return the schema of a whole file: what the form is made from."""
    return _document


def check(text: str) -> Definition:
    """Read a campaign file. Raises DefinitionFaulty with every fault found."""
    if len(text) > LONGEST_DOCUMENT:
        raise DefinitionFaulty([Fault("全文", f"不能超过 {LONGEST_DOCUMENT} 个字符")])
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as failure:
        raise DefinitionFaulty([Fault("全文", f"不是有效的 TOML：{failure}")]) from failure
    except (ValueError, ArithmeticError, RecursionError) as failure:
        # What the parser hands to Python and Python gives up on: numbers too long, tables too deep.
        raise DefinitionFaulty([Fault("全文", "有一个数字太长，或者括号套得太深")]) from failure
    try:
        loaded = _document.load(raw)
    except ValidationError as failure:
        raise DefinitionFaulty(list(flatten(failure.messages))) from failure
    definition = _build(loaded)
    faults = [Fault(place, message) for place, message in contradictions(definition)]
    if faults:
        raise DefinitionFaulty(faults)
    return definition


def _build(loaded: Mapping[str, Any]) -> Definition:
    return Definition(
        **loaded["campaign"],
        sources=tuple(Source(**source) for source in loaded["sources"]),
        offers=tuple(_offer(offer) for offer in loaded["offers"]),
        people=_people(loaded.get("people", {})),
        discount_limits=tuple(DiscountLimit(**limit) for limit in loaded["discount_limits"]),
        settlement=Settlement(**loaded["settlement"]) if loaded["settlement"] else Settlement(),
        amendment=Amendment(**loaded["amendment"]) if loaded["amendment"] else None,
        packs=tuple(
            PackDefinition(pack["code"], pack["name"], tuple(PackContent(**content) for content in pack["contents"]))
            for pack in loaded["packs"]
        ),
        rounds=tuple(
            RoundDefinition(
                **{
                    **a_round,
                    "limits": tuple(a_round["limits"]),
                    "releases": tuple(ReleaseDefinition(**release) for release in a_round["releases"]),
                }
            )
            for a_round in loaded["rounds"]
        ),
    )


def _offer(loaded: Mapping[str, Any]) -> OfferDefinition:
    strategies = {axis: loaded[axis] for axis in OFFER_AXES}
    terms = OfferTerms(**strategies, article=article.read(loaded.get("article")))
    return OfferDefinition(loaded["code"], loaded["name"], terms, sold.read(loaded["sold"]))


def read_offer(raw: Any) -> OfferDefinition | None:
    """Return one offer of a file that may be unfinished elsewhere; None while it has a fault itself."""
    try:
        return _offer(_OfferSchema().load(raw))
    except ValidationError:
        return None


def _people(loaded: Mapping[str, Any]) -> PeopleRules:
    real_name = loaded.get("real_name", False)
    min_age = loaded.get("min_age")
    return PeopleRules(
        same_person=tuple(dict.fromkeys(loaded.get("same_person", DEFAULT_KINDS))),
        real_name=real_name,
        min_age=(ADULT if real_name else 0) if min_age is None else min_age,
        apart_from=tuple(OtherCampaign(**other) for other in loaded.get("apart_from", ())),
    )


def flatten(messages: Any, place: str = "") -> "list[Fault]":
    """Turn marshmallow's nested messages into faults with places counted from 1."""
    if isinstance(messages, Mapping):
        faults = []
        for key, inner in messages.items():
            if isinstance(key, int):
                deeper = f"{place}[{key + 1}]"
            elif key in ("_schema", "value", "key"):
                deeper = place
            else:
                deeper = f"{place}.{key}" if place else str(key)
            faults.extend(flatten(inner, deeper))
        return faults
    if isinstance(messages, list | tuple):
        return [fault for inner in messages for fault in flatten(inner, place)]
    return [Fault(place or "全文", str(messages))]

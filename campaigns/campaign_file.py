"""Campaign files: the document that the bureau writes, read into a ``Definition``.

It is TOML, checked by marshmallow; ``docs/campaign-file.md`` describes it. ``check`` either returns a
``Definition`` or raises ``DefinitionFaulty`` with every fault, its place, and the allowed values.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, pre_load, validates_schema

from campaigns.consistency import contradictions
from campaigns.definition import (
    KINDS,
    LEVELS,
    Definition,
    OfferDefinition,
    PackContent,
    PackDefinition,
    PeopleRules,
    ReleaseDefinition,
    RoundDefinition,
    Source,
)
from campaigns.terms import article
from campaigns.terms.article import ArticleSchema
from campaigns.terms.axis import StrategyField
from campaigns.terms.file_fields import Code, Count, County, Flag, Moment, Table, Text, Yuan, choice
from campaigns.terms.quote import OfferTerms
from foundation.errors import N_, Malformed
from identity.persons import DEFAULT_KINDS
from identity.persons import KINDS as KINDS_OF_IDENTIFIER

LONGEST_DOCUMENT = 200_000
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
    county = County(load_default="")
    note = Text(longest=400, load_default="")


class _OfferSchema(Table):
    code = Code(required=True)
    name = Text(longest=30, required=True)
    benefit = StrategyField("benefit", default_kind="spend_discount", required=True)
    funding = StrategyField("funding", default_kind="shares", required=True)
    scope = StrategyField("scope", default_kind="places")
    validity = StrategyField("validity", required=True)
    refund = StrategyField("refund", default_kind="return_if_valid")
    evidence = StrategyField("evidence", default_kind="none")
    article = fields.Nested(ArticleSchema)

    @pre_load
    def _a_qualification_does_not_come_back(self, data: Any, **_options: Any) -> Any:
        benefit = data.get("benefit") if isinstance(data, Mapping) else None
        by_grade = isinstance(benefit, Mapping) and benefit.get("kind") == "percent_by_grade"
        return {"refund": {"kind": "no_return"}, **data} if by_grade else data


class _PeopleSchema(Table):
    same_person = fields.List(choice(KINDS_OF_IDENTIFIER), load_default=lambda: list(DEFAULT_KINDS))
    real_name = Flag(load_default=False)
    min_age = Count(least=0, most=100, load_default=None)

    @validates_schema
    def _age_is_known(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data.get("min_age") and not data.get("real_name"):
            raise ValidationError("年龄由身份证号得出，所以要同时写 real_name = true", "min_age")


class _PackContentSchema(Table):
    offer = Code(required=True)
    count = Count(most=100, required=True)


class _PackSchema(Table):
    code = Code(required=True)
    name = Text(longest=30, required=True)
    contents = fields.List(fields.Nested(_PackContentSchema), required=True)


class _ReleaseSchema(Table):
    offer = Code(load_default="")
    pack = Code(load_default="")
    group = Code(load_default="")
    stock = Count(required=True)

    @validates_schema
    def _one_thing(self, data: Mapping[str, Any], **_options: Any) -> None:
        if bool(data.get("offer")) == bool(data.get("pack")):
            raise ValidationError("offer（单张券）和 pack（券包）要写一个，也只能写一个", "offer")


class _RoundSchema(Table):
    code = Code(required=True)
    name = Text(longest=30, required=True)
    opens_at = Moment(required=True)
    closes_at = Moment(required=True)
    issuance = StrategyField("issuance", default_kind="first_come")
    limits = fields.List(StrategyField("limits", default_kind="per_person"), required=True)
    releases = fields.List(fields.Nested(_ReleaseSchema), required=True)


class _CampaignSchema(Table):
    code = Code(required=True)
    name = Text(required=True)
    kind = choice(KINDS, required=True)
    city = Text(longest=20, required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    notice = Text(longest=20_000, load_default="")
    contact = Text(longest=200, load_default="")


class _DocumentSchema(Table):
    campaign = fields.Nested(_CampaignSchema, required=True)
    sources = fields.List(fields.Nested(_SourceSchema), required=True)
    offers = fields.List(fields.Nested(_OfferSchema), required=True)
    people = fields.Nested(_PeopleSchema)
    packs = fields.List(fields.Nested(_PackSchema), load_default=list)
    rounds = fields.List(fields.Nested(_RoundSchema), required=True)


_document = _DocumentSchema()


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
        offers=tuple(
            OfferDefinition(
                offer["code"],
                offer["name"],
                OfferTerms(
                    offer["benefit"],
                    offer["funding"],
                    offer["scope"],
                    offer["validity"],
                    offer["refund"],
                    offer["evidence"],
                    article.read(offer.get("article")),
                ),
            )
            for offer in loaded["offers"]
        ),
        people=_people(loaded.get("people", {})),
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


def _people(loaded: Mapping[str, Any]) -> PeopleRules:
    real_name = loaded.get("real_name", False)
    min_age = loaded.get("min_age")
    return PeopleRules(
        same_person=tuple(dict.fromkeys(loaded.get("same_person", DEFAULT_KINDS))),
        real_name=real_name,
        min_age=(ADULT if real_name else 0) if min_age is None else min_age,
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

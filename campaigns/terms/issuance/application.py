"""Application with review (申请审核): people hand in documents, officers review them, and a public notice comes first.

What is asked for, who reviews, how often something may be corrected and how long the notice stands are data here; the
room ``applications`` plays by them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, Flag, Moment, Table, Text, choice, said
from foundation.clock import TICK, local
from foundation.errors import N_
from foundation.words import Words

KIND = "application"


@dataclass(frozen=True)
class Document:
    """What is uploaded for one document. least: pages that must be there. only_for: a kind of buyer, or "" for all."""

    name: str
    hint: str
    least: int = 1
    only_for: str = ""


#: What a file may ask for, in the order in which screens and notices list it.
DOCUMENTS: Mapping[str, Document] = {
    "id_card": Document(N_("身份证"), N_("正反两面"), least=2),
    "business_licence": Document(N_("营业执照"), N_("单位申请时上传"), only_for="firm"),
    "vehicle_invoice": Document(N_("机动车销售统一发票"), N_("第一联，或者电子发票的 PDF")),
    "driving_licence": Document(N_("行驶证"), N_("主页和副页"), least=2),
    "registration_certificate": Document(N_("机动车登记证书"), N_("第 1、2 页"), least=2),
    "bank_card": Document(N_("银行卡"), N_("有卡号的一面")),
    "purchase_tax": Document(N_("车辆购置税完税证明"), N_("电子税票也可以")),
    "car_photo": Document(N_("车辆外观照片"), N_("看得清车牌")),
    "payment_slip": Document(N_("付款凭证"), N_("刷卡小票或者转账回单")),
    "contract": Document(N_("购车合同"), N_("有双方签章的一页")),
    "insurance_policy": Document(N_("商业险保单"), N_("看得清被保险人和起止日期")),
    "scrap_certificate": Document(N_("报废机动车回收证明"), N_("申请报废另补时上传")),
}
#: Without these nobody can say who bought which car.
NEEDED = ("id_card", "vehicle_invoice")

STAGES = {"county": N_("县区审核"), "city": N_("市级审核")}


@dataclass(frozen=True)
class Corrections:
    """How long something may be corrected: until one moment for all (exclusive), or ``most`` times, each within
    ``days`` days. Exactly one of the two is set."""

    until: datetime | None = None
    most: int | None = None
    days: int | None = None

    def describe(self) -> Words:
        if self.until is not None:
            last = local(self.until - TICK)
            return Words(
                N_("需要补正的，%(year)s年%(month)s月%(day)s日前改好"), year=last.year, month=last.month, day=last.day
            )
        return Words(
            N_("需要补正的，每次 %(days)s 日内改好，最多 %(most)s 次，仍不符合的审核不通过"),
            days=self.days,
            most=self.most,
        )


@dataclass(frozen=True)
class Application:
    """Applications are taken while the round is open and are served in the order of their submission.

    documents: keys of DOCUMENTS. reviews: keys of STAGES, in order. notice_days: working days, 0 for no notice.
    waiting_list: whether applications that find no money left wait for some. invoices_from, invoices_until: when the
    invoice must be dated, half-open. registered_until: exclusive end of first registrations, None without one.
    plates: how the plate must begin, empty for any. policies_from, policies_until: when the insurance must begin,
    where its premium is the price; half-open, None for the invoices' own.
    """

    documents: tuple[str, ...]
    reviews: tuple[str, ...]
    corrections: Corrections
    invoices_from: datetime
    invoices_until: datetime
    notice_days: int = 5
    waiting_list: bool = True
    registered_until: datetime | None = None
    plates: tuple[str, ...] = ()
    policies_from: datetime | None = None
    policies_until: datetime | None = None

    @property
    def policy_window(self) -> tuple[datetime, datetime]:
        """From when, and until when (exclusive), a policy must begin: the invoices' window where none is set."""
        return self.policies_from or self.invoices_from, self.policies_until or self.invoices_until

    def documents_of(self, buyer: str) -> list[str]:
        """Return what a kind of buyer uploads."""
        return [code for code in self.documents if DOCUMENTS[code].only_for in ("", buyer)]

    def describe(self) -> Words:
        reviews = "、".join(STAGES[stage] for stage in self.reviews)
        told = Words(N_("网上申请，按提交完整申请的先后受理，经%(reviews)s"), reviews=reviews)
        if self.notice_days:
            return Words(N_("%(told)s，公示 %(days)s 个工作日无异议后兑现"), told=told, days=self.notice_days)
        return Words(N_("%(told)s后兑现"), told=told)

    def rules(self) -> list[Words]:
        """Return what an applicant must know, one sentence each."""
        told = [
            Words(N_("上传的材料：%(names)s"), names="、".join(DOCUMENTS[code].name for code in self.documents)),
            Words(
                N_("发票应当在 %(first)s 至 %(last)s 首次开具，销售方是参加活动的企业"),
                first=f"{local(self.invoices_from):%Y-%m-%d}",
                last=f"{local(self.invoices_until - TICK):%Y-%m-%d}",
            ),
        ]
        if self.registered_until is not None:
            last = f"{local(self.registered_until - TICK):%Y-%m-%d}"
            told.append(Words(N_("首次注册登记不晚于 %(last)s"), last=last))
        if self.policies_from or self.policies_until:
            first, until = self.policy_window
            span = {"first": f"{local(first):%Y-%m-%d}", "last": f"{local(until - TICK):%Y-%m-%d}"}
            told.append(Words(N_("商业险保单在 %(first)s 至 %(last)s 起保，保险期一年"), **span))
        if self.plates:
            told.append(Words(N_("号牌以 %(plates)s 开头"), plates="、".join(self.plates)))
        told.append(self.corrections.describe())
        if self.waiting_list:
            told.append(Words(N_("资金用完后提交的申请按顺序候补，有申请退出时依次递补")))
        return told

    def contradictions(self, *, opens_at: datetime, closes_at: datetime) -> Iterator[tuple[str, str]]:
        """Yield (key, message) for what does not fit the round."""
        if self.invoices_from >= self.invoices_until:
            yield "invoices_until", "必须晚于 invoices_from"
        if self.invoices_from >= closes_at:
            yield "invoices_from", "必须早于这一轮的关闭时间，否则没有发票可以申请"
        if self.registered_until is not None and self.registered_until <= self.invoices_from:
            yield "registered_until", "必须晚于 invoices_from"
        first, until = self.policy_window
        if first >= until:
            yield "policies_until", "必须晚于 policies_from"
        if self.corrections.until is not None and self.corrections.until <= opens_at:
            yield "corrections.until", "补正截止必须晚于这一轮的开放时间"


class CorrectionsSchema(Table):
    until = Moment(load_default=None)
    most = Count(least=1, most=20, load_default=None)
    days = Count(least=1, most=90, load_default=None)

    @validates_schema
    def _one_way(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data.get("until") is not None and (data.get("most") or data.get("days")):
            raise ValidationError("until（统一截止）和 most、days（按次数）只能写一种", "until")
        if data.get("until") is None and not (data.get("most") and data.get("days")):
            raise ValidationError("写 until（统一截止），或者 most 和 days（几次、每次几天）", "until")


def _make(*, corrections: Mapping[str, Any], **others: Any) -> Application:
    lists: dict[str, Any] = {key: tuple(others.pop(key)) for key in ("documents", "reviews", "plates")}
    return Application(corrections=Corrections(**corrections), **lists, **others)


class FileSchema(StrategySchema):
    label = "申请审核"
    make = staticmethod(_make)

    documents = fields.List(choice(DOCUMENTS), required=True)
    reviews = fields.List(choice(STAGES), load_default=lambda: list(STAGES))
    corrections = fields.Nested(CorrectionsSchema, load_default=lambda: {"until": None, "most": 3, "days": 5})
    notice_days = Count(least=0, most=60, load_default=5)
    waiting_list = Flag(load_default=True)
    invoices_from = Moment(required=True)
    invoices_until = Moment(required=True)
    registered_until = Moment(load_default=None)
    plates = fields.List(Text(longest=4), load_default=list)
    policies_from = Moment(
        load_default=None, metadata=said("起保开始", "按保费补贴时，保单从何时起保；不填与发票同一时间")
    )
    policies_until = Moment(load_default=None, metadata=said("起保截止", "不含；不填与发票同一时间"))

    @validates_schema
    def _is_a_review(self, data: Mapping[str, Any], **_options: Any) -> None:
        missing = [code for code in NEEDED if code not in data["documents"]]
        if missing:
            raise ValidationError(f"材料里至少要有：{'、'.join(missing)}", "documents")
        for key in ("documents", "reviews", "plates"):
            if len(set(data[key])) < len(data[key]):
                raise ValidationError("同一项写了两次", key)
        if not data["reviews"]:
            raise ValidationError("至少要有一级审核", "reviews")
        if data["reviews"] == ["city", "county"]:
            raise ValidationError("先县区、后市级", "reviews")

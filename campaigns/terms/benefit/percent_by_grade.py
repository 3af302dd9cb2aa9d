"""Percent by efficiency grade: a rate of one article's price, capped per article, for categories with a quantity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from campaigns.goods import GRADES, categories, category_name
from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, Share, Yuan, choice
from campaigns.terms.sale import GoodsLine, Sale
from campaigns.terms.subsidy_refusals import (
    CategoryNotCovered,
    GoodsNeeded,
    GradeNotCovered,
    OneItemOnly,
    PriceAboveCeiling,
    QuantityUsedUp,
    WorthNothing,
)
from campaigns.terms.worth import Worth, WorthTable
from foundation.errors import N_
from foundation.money import format_yuan, format_yuan_short
from foundation.words import Words

KIND = "percent_by_grade"

#: Whatever the label says, and where there is none.
ANY = "any"
ROUNDINGS = {"down": "不足一分舍去", "half_up": "四舍五入到分"}
INVOICES = {"full": "发票开具补贴前的全价", "paid": "发票开具消费者实付的金额"}


@dataclass(frozen=True)
class PercentByGrade:
    """rates: grade (or ANY) → hundredths of a percent. categories: code → how many articles per buyer.

    cap_fen: the most for one article. ceiling_fen: a dearer article gets nothing; None without a ceiling.
    rounding: a key of ROUNDINGS. invoice: a key of INVOICES.
    """

    rates: Mapping[str, int]
    cap_fen: int
    categories: Mapping[str, int]
    ceiling_fen: int | None = None
    rounding: str = "down"
    invoice: str = "full"

    @property
    def face_value_fen(self) -> int:
        """The most that one can be worth."""
        return self.cap_fen

    @property
    def threshold_fen(self) -> int:
        return 0

    @property
    def committed_fen(self) -> int:
        """What must be set aside when one is granted: the most it can cost."""
        return self.cap_fen

    @property
    def least_fen(self) -> int:
        """The least it costs when it is used."""
        return 1

    def worth(self, sale: Sale) -> Worth:
        """Return what it is worth to the one covered article of a sale.

        Refuses GoodsNeeded, CategoryNotCovered, OneItemOnly, QuantityUsedUp, GradeNotCovered, PriceAboveCeiling,
        WorthNothing.
        """
        article = self._article(sale)
        grade = ANY if ANY in self.rates else article.grade
        if grade not in self.rates:
            raise GradeNotCovered(category=article.category, grade=article.grade, covered=self.rates)
        if self.ceiling_fen is not None and article.price_fen > self.ceiling_fen:
            raise PriceAboveCeiling(price_fen=article.price_fen, ceiling_fen=self.ceiling_fen)
        exact_fen = percent_of(article.price_fen, self.rates[grade], self.rounding)
        awarded_fen = min(exact_fen, self.cap_fen)
        if awarded_fen == 0:
            raise WorthNothing
        label = "" if grade == ANY else f"（{GRADES[grade]}）"
        reasons = [
            f"{category_name(article.category)}{label}：{format_yuan(article.price_fen)} 元 × "
            f"{self.rates[grade] / 100:g}% = {format_yuan(exact_fen)} 元（{ROUNDINGS[self.rounding]}）"
        ]
        if exact_fen > self.cap_fen:
            reasons.append(f"超过每件上限，按上限补贴 {format_yuan(self.cap_fen)} 元")
        invoice_fen = self.invoice_fen(article.price_fen, awarded_fen)
        reasons.append(f"{INVOICES[self.invoice]} {format_yuan(invoice_fen)} 元")
        return Worth(awarded_fen, tuple(reasons), invoice_fen=invoice_fen)

    def invoice_fen(self, price_fen: int, awarded_fen: int) -> int:
        """Return what the invoice of an article must say."""
        return price_fen - (awarded_fen if self.invoice == "paid" else 0)

    def _article(self, sale: Sale) -> GoodsLine:
        if not sale.goods:
            raise GoodsNeeded
        covered = [line for line in sale.goods if line.category in self.categories]
        if not covered:
            raise CategoryNotCovered(given=[line.category for line in sale.goods], covered=self.categories)
        if len(covered) > 1:
            raise OneItemOnly(count=len(covered))
        category = covered[0].category
        most = self.categories[category]
        if sale.buyer.had.get(category, 0) >= most:
            raise QuantityUsedUp(thing=category, most=most)
        return covered[0]

    def describe(self) -> Words:
        rates, cap = self._rates_in_words(), format_yuan_short(self.cap_fen)
        if ANY in self.rates:
            return Words(N_("按售价的 %(rates)s 补贴，每件最高 %(cap)s 元"), rates=rates, cap=cap)
        return Words(N_("按售价补贴（%(rates)s），每件最高 %(cap)s 元"), rates=rates, cap=cap)

    def table(self) -> WorthTable:
        ceiling = f"{format_yuan_short(self.ceiling_fen)}（含）" if self.ceiling_fen is not None else "不限"
        rates, cap = self._rates_in_words(), format_yuan_short(self.cap_fen)
        rows = tuple(
            (category_name(category), rates, cap, ceiling, f"{most} 件") for category, most in self.categories.items()
        )
        return WorthTable(("品类", "补贴标准", "每件上限（元）", "单价上限（元）", "每人限补"), rows)

    def _rates_in_words(self) -> str:
        if ANY in self.rates:
            return f"{self.rates[ANY] / 100:g}%"
        return "、".join(f"{GRADES[grade]}能效 {rate / 100:g}%" for grade, rate in self.rates.items())


def percent_of(amount_fen: int, share: int, rounding: str) -> int:
    """Return ``share`` (hundredths of a percent) of an amount in whole fen, rounded as a key of ROUNDINGS says."""
    exact = amount_fen * share
    return exact // 10_000 if rounding == "down" else (exact + 5_000) // 10_000


class FileSchema(StrategySchema):
    make = PercentByGrade

    rates = fields.Dict(keys=choice([*GRADES, ANY]), values=Share(), required=True)
    cap_fen = Yuan(required=True, data_key="cap_yuan")
    categories = fields.Dict(keys=choice(categories()), values=Count(most=100), required=True)
    ceiling_fen = Yuan(load_default=None, data_key="price_ceiling_yuan")
    rounding = choice(ROUNDINGS, load_default="down")
    invoice = choice(INVOICES, load_default="full")

    @validates_schema
    def _something_is_covered(self, data: dict[str, Any], **_: object) -> None:
        if not data["rates"]:
            raise ValidationError("至少要有一个能效等级的比例", "rates")
        if ANY in data["rates"] and len(data["rates"]) > 1:
            raise ValidationError("写了 any（不看能效）就不能再写各等级的比例", "rates")
        if not data["categories"]:
            raise ValidationError("至少要有一个补贴品类", "categories")

"""What is asked of the one article that a qualification is used for, apart from what it is worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from campaigns.terms.benefit.percent_by_grade import ANY, PercentByGrade
from campaigns.terms.file_fields import Count, Table, choice
from campaigns.terms.price_check import PriceCheck, PriceCheckSchema
from foundation.errors import N_
from foundation.words import Words

#: What may have to be given of an article.
NUMBERS = {
    "serial": "序列号",
    "imei": "手机串号（IMEI）",
    "serial_or_imei": "序列号或 IMEI",
    "barcode": "商品条码",
}
#: In the same words, for sentences that are made of them.
_NUMBERS_IN_WORDS = {
    "serial": N_("序列号"),
    "imei": N_("IMEI"),
    "serial_or_imei": N_("序列号或 IMEI"),
    "barcode": N_("商品条码"),
}


#: What becomes of articles that are in no catalogue.
CATALOGUES = {"optional": "不在目录也可销售", "required": "只补贴目录内的商品"}


NO_PRICE_CHECK = PriceCheck()


@dataclass(frozen=True)
class ArticleRules:
    """identify: keys of NUMBERS, what a sale must give. catalogue: a key of CATALOGUES. confirm_days: for so many days
    after its code was scanned a store may complete the sale without the code; with 0 it has half an hour."""

    identify: tuple[str, ...] = ("serial_or_imei",)
    confirm_days: int = 3
    catalogue: str = "optional"
    price_check: PriceCheck = NO_PRICE_CHECK

    def describe(self) -> list[Words]:
        """Return the rules in words."""
        told = []
        if self.identify:
            given = Words(_NUMBERS_IN_WORDS[self.identify[0]])
            for name in self.identify[1:]:
                given = Words(N_("%(given)s、%(more)s"), given=given, more=Words(_NUMBERS_IN_WORDS[name]))
            told.append(Words(N_("门店须登记商品的%(given)s，同一件商品只补贴一次"), given=given))
        if self.catalogue == "required":
            told.append(Words(N_("只补贴商品目录内的商品")))
        told += self.price_check.describe()
        if self.confirm_days:
            told.append(Words(N_("门店核验资格码后，可在 %(days)s 天内完成这笔销售"), days=self.confirm_days))
        return told


def categories_of(benefit: Any) -> Mapping[str, int]:
    """Return category → how many articles per person, for a benefit that is claimed by category; else nothing."""
    return benefit.categories if isinstance(benefit, PercentByGrade) else {}


def grades_of(benefit: Any) -> tuple[str, ...]:
    """Return the grades that a benefit tells apart; none where it pays whatever the label says."""
    rates = benefit.rates if isinstance(benefit, PercentByGrade) else {}
    return () if ANY in rates else tuple(rates)


def invoice_of(benefit: Any, price_fen: int, awarded_fen: int) -> int | None:
    """Return what the invoice of an article must say, None where the benefit does not care."""
    return benefit.invoice_fen(price_fen, awarded_fen) if isinstance(benefit, PercentByGrade) else None


def _make(**data: Any) -> ArticleRules:
    price_check = PriceCheck(**data.pop("price_check", {}))
    return ArticleRules(**{**data, "identify": tuple(dict.fromkeys(data["identify"]))}, price_check=price_check)


class ArticleSchema(Table):
    """The table ``article`` of an offer."""

    identify = fields.List(choice(NUMBERS), load_default=lambda: ["serial_or_imei"])
    confirm_days = Count(least=0, most=60, load_default=3)
    catalogue = choice(CATALOGUES, load_default="optional")
    price_check = fields.Nested(PriceCheckSchema)

    @validates_schema
    def _counts_once(self, data: Mapping[str, Any], **_options: Any) -> None:
        if not set(data.get("identify", ())) & {"serial", "imei", "serial_or_imei"}:
            raise ValidationError("至少要登记 serial（序列号）或 imei，否则同一件商品可以补贴两次", "identify")

    @validates_schema
    def _told_apart(self, data: Mapping[str, Any], **_options: Any) -> None:
        check = data.get("price_check") or {}
        by_barcode = "barcode" in data.get("identify", ()) or data.get("catalogue") == "required"
        if check.get("above_city", "allow") != "allow" and not by_barcode:
            raise ValidationError(
                '全市比价要看商品条码：请在 identify 里加上 "barcode"，或者写 catalogue = "required"', "price_check"
            )


def read(data: Mapping[str, Any] | None) -> ArticleRules:
    """Return the rules of what ``ArticleSchema`` has read, or those of a file that says nothing."""
    return ArticleRules() if data is None else _make(**data)

"""Items: the article that a qualification is used for, as the till gives it, and what a campaign asks of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from campaigns.goods import GRADES, categories
from campaigns.terms.article import grades_of
from campaigns.terms.price_check import TooDear
from campaigns.terms.quote import OfferTerms
from campaigns.terms.sale import GoodsLine
from evidence import marks, numbers
from evidence.errors import MarkTaken
from evidence.marks import Claimed
from foundation.ids import text_id
from foundation.words import Words
from merchants.errors import (
    BarcodeMissing,
    CategoryUnknown,
    GradeMissing,
    GradeUnknown,
    ImeiMissing,
    NotInCatalogue,
    OtherCategory,
    OtherGrade,
    SerialMissing,
)
from merchants.models import Product, SoldItem

#: Whose the marks of sold items are.
HOLDER = "redemption"
_LONGEST = {"brand": 40, "model_name": 80}


@dataclass(frozen=True)
class Item:
    """One article as somebody typed or scanned it. category: a code of campaigns/goods.toml, or empty for that of the
    qualification. grade: a key of GRADES, or empty where it is not known or does not matter."""

    category: str = ""
    grade: str = ""
    barcode: str = ""
    serial: str = ""
    imei: str = ""
    brand: str = ""
    model_name: str = ""


def canonical(item: Item) -> Item:
    """Return the article with its numbers in the spelling in which they are kept.

    Refuses CategoryUnknown, GradeUnknown, and malformed numbers as ``evidence.numbers`` names them.
    """
    if item.category and item.category not in categories():
        raise CategoryUnknown(given=item.category[:20])
    if item.grade and item.grade not in GRADES:
        raise GradeUnknown(given=item.grade[:20])
    return Item(
        category=item.category,
        grade=item.grade,
        barcode=numbers.barcode(item.barcode) if item.barcode.strip() else "",
        serial=numbers.serial(item.serial) if item.serial.strip() else "",
        imei=numbers.imei(item.imei) if item.imei.strip() else "",
        brand=" ".join(item.brand.split())[: _LONGEST["brand"]],
        model_name=" ".join(item.model_name.split())[: _LONGEST["model_name"]],
    )


def fitted(item: Item, category: str, terms: OfferTerms, product: Product | None = None) -> Item:
    """Return a canonical article as what a qualification for ``category`` is used for. product: what the catalogue says
    of its barcode; it fills what was not given, and what was given must agree with it.

    Refuses NotInCatalogue, OtherCategory, OtherGrade, SerialMissing, ImeiMissing, BarcodeMissing, GradeMissing.
    """
    if product is not None:
        item = _as_filed(item, product)
    elif terms.article.catalogue == "required" and item.barcode:
        raise NotInCatalogue(barcode=item.barcode)
    if item.category and item.category != category:
        raise OtherCategory(given=item.category, wanted=category)
    needed = terms.article.identify
    if "serial" in needed and not item.serial:
        raise SerialMissing
    if "imei" in needed and not item.imei:
        raise ImeiMissing
    if "serial_or_imei" in needed and not (item.serial or item.imei):
        raise SerialMissing
    if ("barcode" in needed or terms.article.catalogue == "required") and not item.barcode:
        raise BarcodeMissing
    if not item.grade and grades_of(terms.benefit):
        raise GradeMissing
    return replace(item, category=category, grade=item.grade or "none")


def _as_filed(item: Item, product: Product) -> Item:
    if item.grade and item.grade != product.grade:
        raise OtherGrade(given=item.grade, filed=product.grade)
    if item.category and item.category != product.category:
        raise OtherCategory(given=product.category, wanted=item.category)
    return replace(
        item,
        category=product.category,
        grade=product.grade,
        brand=product.brand,
        model_name=product.model_name,
    )


def line_of(item: Item, price_fen: int) -> GoodsLine:
    """Return a fitted article as terms see it."""
    return GoodsLine(item.category, price_fen, item.grade, item.barcode)


def take_numbers(sold: Sequence[tuple[UUID, Item]]) -> dict[UUID, MarkTaken]:
    """Take the serial numbers and IMEIs of articles for their redemptions: each counts once over all campaigns.

    Return redemption id → refusal of those that want a number which counts already; they have taken nothing.
    """
    claims = [
        Claimed(kind, number, HOLDER, text_id(redemption_id))
        for redemption_id, item in sold
        for kind, number in (("serial", item.serial), ("imei", item.imei))
        if number
    ]
    taken = marks.take_what_is_free(claims)
    refused: dict[str, MarkTaken] = {}
    for claim in claims:
        if claim not in taken:
            refused.setdefault(claim.holder_id, MarkTaken(what=Words(marks.KINDS[claim.kind]), field=claim.kind))
    release_numbers([redemption_id for redemption_id, _ in sold if text_id(redemption_id) in refused])
    return {
        redemption_id: refused[text_id(redemption_id)] for redemption_id, _ in sold if text_id(redemption_id) in refused
    }


def release_numbers(redemption_ids: Sequence[UUID]) -> None:
    """Let the numbers of these redemptions count again: they were voided, or their article came back."""
    marks.give_back(HOLDER, [text_id(redemption_id) for redemption_id in redemption_ids])


def sold_row(redemption_id: UUID, item: Item, price_fen: int, held: TooDear | None) -> dict[str, Any]:
    """Return the row of ``SoldItem`` for a fitted article; held: why its price must be looked at, if it must."""
    return {
        "redemption_id": redemption_id,
        "category": item.category,
        "grade": item.grade,
        "price_fen": price_fen,
        "barcode": item.barcode,
        "serial": item.serial,
        "imei": item.imei,
        "brand": item.brand,
        "model_name": item.model_name,
        "held_reason": held.reason if held else "",
        "held_against_fen": held.against_fen if held else None,
        "held_days": held.days if held else None,
        "held_sales": held.sales if held else None,
        "held_tolerance": held.tolerance if held else None,
    }


def held_of(sold: SoldItem | None) -> TooDear | None:
    """Return what the price of a held sale was judged by; None where it is not held, or from before that was kept."""
    if sold is None or sold.held_against_fen is None:
        return None
    return TooDear(
        sold.held_reason,
        sold.price_fen,
        sold.held_against_fen,
        sold.held_days,
        sold.held_sales,
        sold.held_tolerance or 0,
    )


def item_of(sold: SoldItem) -> Item:
    """Return the article of a redemption."""
    return Item(sold.category, sold.grade, sold.barcode, sold.serial, sold.imei, sold.brand, sold.model_name)

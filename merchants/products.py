"""Products: the catalogue of what may be sold with a subsidy, by barcode, with filed prices and their history."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db, upsert
from foundation.paging import Page, page_of
from merchants.errors import ProductUnknown
from merchants.models import Product
from merchants.product_file import ProductLine

_CHUNK = 500


def import_products(lines: Sequence[ProductLine], *, by: str) -> int:
    """Keep rows of the catalogue; one for the same barcode and day is written over, so that a file may be handed in
    again. Earlier days of a barcode stay as they were. Return how many rows there were."""
    now = clock.now()
    for start in range(0, len(lines), _CHUNK):
        rows = [
            {
                "barcode": line.barcode,
                "valid_from": line.valid_from,
                "category": line.category,
                "brand": line.brand,
                "model_name": line.model_name,
                "grade": line.grade,
                "filed_fen": line.filed_fen,
                "imported_at": now,
                "imported_by": by,
            }
            for line in lines[start : start + _CHUNK]
        ]
        statement: Any = upsert(Product)
        changed = {name: statement.excluded[name] for name in rows[0] if name not in ("barcode", "valid_from")}
        db.session.execute(
            statement.on_conflict_do_update(index_elements=["barcode", "valid_from"], set_=changed), rows
        )
    return len(lines)


def products_on(barcodes: Collection[str], day: date) -> dict[str, Product]:
    """Return barcode → its row that is valid on a day, for those that have one."""
    found = db.session.scalars(
        select(Product)
        .where(Product.barcode.in_(barcodes), Product.valid_from <= day)
        .order_by(Product.barcode, Product.valid_from)
        .execution_options(populate_existing=True)
    )
    return {product.barcode: product for product in found}


def product_history(barcode: str) -> list[Product]:
    """Return every row of a barcode, newest first. Refuses ProductUnknown."""
    rows = list(
        db.session.scalars(select(Product).where(Product.barcode == barcode).order_by(Product.valid_from.desc()))
    )
    if not rows:
        raise ProductUnknown(barcode=barcode[:13])
    return rows


def find_products(words: str, page: int) -> Page[Product]:
    """Return a page of the catalogue as it is today, by brand and model; rows that begin later stand as their first.
    ``words``: the beginning of a barcode, or part of brand or model."""
    today = bureau_day(clock.now())
    latest = (
        select(Product.barcode, func.max(Product.valid_from).label("valid_from"))
        .where(or_(Product.valid_from <= today, Product.barcode.not_in(_begun(today))))
        .group_by(Product.barcode)
        .subquery()
    )
    conditions: list[ColumnElement[bool]] = []
    wanted = words.strip()[:40]
    if wanted:
        conditions.append(
            or_(
                Product.barcode.startswith(wanted, autoescape=True),
                Product.brand.contains(wanted, autoescape=True),
                Product.model_name.contains(wanted, autoescape=True),
            )
        )
    statement = (
        select(Product)
        .join(latest, and_(latest.c.barcode == Product.barcode, latest.c.valid_from == Product.valid_from))
        .where(*conditions)
        .order_by(Product.brand, Product.model_name, Product.barcode)
    )
    return page_of(statement, page)


def _begun(today: date) -> Any:
    return select(Product.barcode).where(Product.valid_from <= today)

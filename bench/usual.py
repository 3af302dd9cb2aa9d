"""The baselines: a POST that does nothing, and the claim as one usually writes it.

Both go through the whole stack of the product (gates, form token, session cookie, metrics, log, headers), so that
what is compared is the claim alone. The usual claim is what a tutorial on Flask and its ORM ends with: look the user
up, lock the stock row, check, count, add, commit. It keeps no books, no history, no same persons and no rates.
"""

from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response, request
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from foundation import clock
from foundation.db import RowId, UTCDateTime, db
from foundation.ids import new_id
from identity import gates

blueprint = Blueprint("bench", __name__)


class Usual(DeclarativeBase):
    """Tables of their own: they are none of the product's."""


class UsualStock(Usual):
    """How many of an offer are left."""

    __tablename__ = "bench_stock"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    remaining: Mapped[int]


class UsualClaim(Usual):
    """One claim of one citizen."""

    __tablename__ = "bench_claim"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    stock_id: Mapped[int] = mapped_column(ForeignKey("bench_stock.id"), index=True)
    citizen_id: Mapped[UUID] = mapped_column(index=True)
    claimed_at: Mapped[datetime] = mapped_column(UTCDateTime)


@blueprint.post("/nothing")
def nothing() -> Response:
    """Answer."""
    return Response("ok")


@blueprint.post("/usual")
def usual() -> Response:
    """Claim as one usually does."""
    gates.citizen()
    citizen_id = UUID(gates.principal().id)
    # SQLite has one writer anyway; this keeps a reader from turning writer, as the product does.
    db.session.rollback()
    db.session.connection(execution_options={"writing": True})
    stock = db.session.get_one(UsualStock, int(request.form["release_id"]), with_for_update=True)
    mine = select(func.count()).select_from(UsualClaim)
    had = db.session.scalar(mine.where(UsualClaim.stock_id == stock.id, UsualClaim.citizen_id == citizen_id))
    if had or stock.remaining <= 0:
        db.session.rollback()
        return Response("no", 409)
    stock.remaining -= 1
    db.session.add(UsualClaim(stock_id=stock.id, citizen_id=citizen_id, claimed_at=clock.now()))
    db.session.commit()
    return Response("ok")


def make_tables(stocks: int) -> None:
    """Make the tables of the usual claim, with ``stocks`` rows of plenty."""
    for table in (UsualStock.__table__, UsualClaim.__table__):
        table.create(db.engine)  # type: ignore[attr-defined]
    db.session.add_all(UsualStock(id=number + 1, remaining=10**9) for number in range(stocks))
    db.session.commit()

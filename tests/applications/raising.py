"""An amendment that raises awards, for tests: what it says, and publishing it."""

import tomllib
from decimal import Decimal
from typing import Any

from applications import jobs
from campaigns import drafting
from foundation.db import db
from tests.world import DRAFTER, PUBLISHER, at, done, toml
from voucher.top_up_models import TopUp

#: As ``tests.cars.TIERS``, with a tier below them and 500 yuan more for new-energy cars of the first.
RAISED = (
    {"prices": "[5万, 10万)", "ice_yuan": 1000, "nev_yuan": 2000},
    {"prices": "[10万, 30万)", "ice_yuan": 3000, "nev_yuan": 4500},
    {"prices": "[30万, ∞)", "ice_yuan": 4000, "nev_yuan": 5000},
)
FROM_THE_START = {
    "reason": "增加 5 万元至 10 万元一档，新能源车提高 500 元，追溯到 5 月 1 日",
    "applies_from": at("2023-05-01 00:00"),
}


def raised(
    *,
    tiers: Any = RAISED,
    amendment: dict[str, Any] | None = None,
    budgets: tuple[int, int] = (0, 0),
    code: str = "cars",
) -> dict[str, Any]:
    """Return the document in force with higher awards, and as many yuan more of the city's and the county's money."""
    document = tomllib.loads(drafting.export(code), parse_float=Decimal)
    document["offers"][0]["benefit"]["tiers"] = list(tiers)
    for source, more in zip(document["sources"], budgets, strict=False):
        source["budget_yuan"] += more
    document["amendment"] = dict(amendment or FROM_THE_START)
    return document


def drafted(document: dict[str, Any]) -> int:
    return done(lambda: drafting.import_draft(toml(document), by=DRAFTER).id)


def published(document: dict[str, Any]) -> int:
    """Draft and publish an amendment by two people and return its version."""
    version = drafted(document)
    done(lambda: drafting.publish(version, by=PUBLISHER))
    return version


def run() -> str:
    return jobs.raise_awards()


def top_ups() -> list[tuple[str, int]]:
    """Return (status, yuan) of every top-up, in the order of the submissions."""
    db.session.rollback()
    rows = db.session.query(TopUp).order_by(TopUp.owed_at, TopUp.id).all()
    return [(row.status, row.amount_fen // 100) for row in rows]

"""A trade-in campaign for tests, and short ways to claim, sell and return one article."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from campaigns import rounds
from merchants import redemptions
from merchants.items import Item
from merchants.receipts import Receipt
from merchants.register import Counter
from tests import world
from tests.world import JOB, Published, done, spring
from voucher import claims

#: The rules of 2025: 20 % and 15 %, at most 2,000 yuan, three air conditioners and one of everything else.
RULES_2025: dict[str, Any] = {
    "kind": "percent_by_grade",
    "rates": {"1": "20%", "2": "15%"},
    "cap_yuan": 2_000,
    "categories": {"refrigerator": 1, "air-conditioner": 3, "washing-machine": 1},
}
RULES_2024 = {**RULES_2025, "categories": {"refrigerator": 1, "air-conditioner": 1, "washing-machine": 1}}
RULES_2026 = {
    **RULES_2025,
    "rates": {"1": "15%"},
    "cap_yuan": 1_500,
    "categories": {"refrigerator": 1, "television": 1},
}
DIGITAL = {
    "kind": "percent_by_grade",
    "rates": {"any": "15%"},
    "cap_yuan": 500,
    "price_ceiling_yuan": 6_000,
    "categories": {"phone": 1, "tablet": 1},
}

FRIDGE = Item(serial="SN-0001", grade="1", barcode="6901234567892", brand="海尔", model_name="BCD-500")
SERIALS = iter(range(10_000, 10_000_000))


def article(grade: str = "1", **changed: Any) -> Item:
    """Return an article with a serial number that nothing else has."""
    return Item(**{"grade": grade, "serial": f"SN{next(SERIALS):08d}", **changed})


def trade_in(rules: dict[str, Any] | None = None, *, chances: int | None = None, **changed: Any) -> dict[str, Any]:
    """Return the document of a trade-in campaign: a hundred qualifications at once, good for three days."""
    limits: list[dict[str, Any]] = [{"count": 100, "within": "campaign"}]
    if chances is not None:
        limits = [{"kind": "chances", "count": chances}]
    offer = {
        "code": "appliance",
        "name": "家电补贴资格",
        "benefit": rules or RULES_2025,
        "funding": {"shares": {"city": "20%", "jiangcheng": "80%"}},
        "scope": {"industries": ["appliance"]},
        "validity": {"kind": "natural_days", "days": 3},
        **changed,
    }
    document = spring(
        offers=[offer],
        rounds=[world.a_round(limits=limits, releases=[{"offer": "appliance", "stock": 100}], closes_at=world.ENDS)],
    )
    document["campaign"]["kind"] = "appliance_trade_in"
    document["sources"][0]["budget_yuan"] = document["sources"][1]["budget_yuan"] = 1_000_000
    return document


def opened(rules: dict[str, Any] | None = None, **changed: Any) -> Published:
    return world.opened(trade_in(rules, **changed))


def shop(campaign: Published | None, *, number: int = 1, **changed: Any) -> world.Shop:
    return world.shop(campaign, number=number, industry="appliance", name=f"家电城{number}", **changed)


def claim(citizen_id: UUID, release_id: int, category: str = "refrigerator") -> UUID:
    """Claim a qualification and return it. Raises what the claim refuses."""
    return done(lambda: claims.claim(citizen_id, release_id, category=category)).entitlement_id


def claim_and_show(citizen_id: UUID, release_id: int, category: str = "refrigerator") -> tuple[UUID, str]:
    entitlement_id = claim(citizen_id, release_id, category)
    return entitlement_id, world.show(entitlement_id, citizen_id)


def sell(counter: Counter, digits: str, price_fen: int, item: Item | None = None, **more: Any) -> Receipt:
    sold = item or article()
    return done(lambda: redemptions.redeem(counter, digits, price_fen, item=sold, **more))


def later(clock: Any, **amount: int) -> None:
    """Move a test's clock on."""
    clock.move_to(clock.now() + timedelta(**amount))


def open_due_rounds() -> None:
    done(lambda: rounds.release_due_rounds(actor=JOB))

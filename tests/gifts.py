"""A car subsidy of gifts for tests (济南, autumn of 2025), its suppliers, and short ways to hand gifts out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from campaigns.rounds import release_due_rounds
from foundation.clock import SimulatedClock
from merchants import gifts
from merchants.receipts import Receipt
from merchants.redemptions import void
from merchants.register import Counter
from tests import cars, people, world
from tests.world import CLOSES, ENDS, JOB, Published, Shop, done

#: price interval → (fuel card: cost, advertised; insurance)
TABLE: Sequence[tuple[str, int, int, int]] = (
    ("[0, 10万)", 1000, 1100, 800),
    ("[10万, 15万)", 2000, 2200, 1000),
    ("[15万, 25万)", 3000, 3300, 1500),
    ("[25万, 40万)", 4000, 4400, 2000),
    ("[40万, ∞)", 5000, 5500, 3000),
)
#: numbers of the shops that hand out cards and policies
OIL, INSURER = 801, 802


def tiers(**card: Any) -> list[dict[str, Any]]:
    """Return the price table; ``card`` changes the fuel card of each tier."""
    return [
        {
            "prices": prices,
            "gifts": [
                {
                    "name": "加油卡",
                    "cost_yuan": cost,
                    "advertised_yuan": worth,
                    "suppliers": [world.a_uscc(OIL)],
                    "number": "card",
                    **card,
                },
                {
                    "name": "车险",
                    "cost_yuan": insurance,
                    "suppliers": [world.a_uscc(INSURER)],
                    "number": "policy",
                },
            ],
        }
        for prices, cost, worth, insurance in TABLE
    ]


def document(*, rounds: int = 1, **changed: Any) -> dict[str, Any]:
    """Return the document of the campaign: persons one, firms three over all rounds; rounds follow each other."""
    written = cars.car_document(
        tiers=changed.pop("tiers", tiers()), benefit={"price": "tax_exclusive", **changed.pop("benefit", {})}, **changed
    )
    written["campaign"] |= {"code": "gift-cars", "name": "购车有礼"}
    first = written["rounds"][0]
    first["releases"] = [{"offer": "car", "budget_yuan": 30_000}]
    after = {"code": "r2", "name": "第二轮", "opens_at": CLOSES, "closes_at": ENDS}
    written["rounds"] = [first, {**first, **after}][:rounds]
    return written


def opened(**changed: Any) -> Published:
    return world.opened(document(**changed))


def desks(campaign: Published | None) -> tuple[Shop, Shop]:
    """Return who hands out the cards and who the policies, both in the campaign."""
    return (
        world.shop(campaign, number=OIL, industry="automobile", name="漠阳石油"),
        world.shop(campaign, number=INSURER, industry="automobile", name="海陵保险"),
    )


def won(citizen_id: UUID, release_id: int, *, without_tax_fen: int = 10_000_000, firm: str = "") -> UUID:
    """Apply for a car of that price without tax and let it be granted; return the gift."""
    with_tax_yuan = (without_tax_fen * 113 // 100 + 99) // 100
    application_id = cars.apply(
        citizen_id,
        release_id,
        firm=firm,
        price_yuan=with_tax_yuan,
        without_tax_fen=None if without_tax_fen % 100 == 0 else without_tax_fen,
    )
    assert application_id is not None
    return cars.grant(application_id)


def next_round(clock: SimulatedClock) -> None:
    cars.close(clock)
    done(lambda: release_due_rounds(actor=JOB))


def shown(gift_id: UUID, citizen_id: UUID) -> str:
    return world.show(gift_id, citizen_id)


def scan(counter: Counter, gift_id: UUID, citizen_id: UUID) -> gifts.GiftHere:
    """Show a gift at a desk and scan it there."""
    digits = world.show(gift_id, citizen_id)
    return done(lambda: gifts.scan(counter, digits))


def hand_out(counter: Counter, gift_id: UUID, citizen_id: UUID, wanted: Mapping[int, str]) -> UUID:
    """Scan a gift and hand parts out; return the redemption."""
    scan(counter, gift_id, citizen_id)
    return done(lambda: gifts.hand_out(counter, gift_id, wanted))


def take_back(redemption_id: UUID, counter: Counter, came_back: Mapping[int, str], reason: str = "发错人") -> Receipt:
    return done(lambda: void(redemption_id, counter, reason, came_back=came_back))


def a_life() -> None:
    """Live through gifts of every state, so that every table that a check looks at has rows."""
    written = document()
    written["rounds"][0]["closes_at"] = ENDS
    campaign = world.opened(written)
    oil, insurer = desks(campaign)
    whole, part, mistaken, _waits = (
        (won(who, campaign.release), who) for who in people.citizens(4, first_phone=13600000000)
    )
    hand_out(oil.till, *whole, {1: "1000110000000001"})
    hand_out(insurer.till, *whole, {2: "PDZA2025000001"})
    hand_out(oil.till, *part, {1: "1000110000000002"})
    wrong = hand_out(insurer.till, *mistaken, {2: "PDZA2025000002"})
    take_back(wrong, insurer.till, {2: "collected"})

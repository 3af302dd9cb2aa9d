"""A car subsidy for tests: its document, its doors opened, and short ways to apply for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns.catalog import release_facts
from campaigns.models import ReleaseTier
from campaigns.rounds import close_due_rounds
from campaigns.terms.quote import Award
from campaigns.terms.sale import Buyer, Car, Sale
from foundation.clock import SimulatedClock
from foundation.db import db
from foundation.ids import new_id
from ledger import accounts
from ledger.posting import balance_fen
from merchants import payouts
from merchants.payouts import Payee
from settlement import payout_returns as returns
from settlement import payouts as settlement
from settlement.payouts import BankAnswer
from tests import people
from tests.world import CLOSES, ENDS, JOB, OPENS, STARTS, Published, Shop, by_application, done, opened, shop
from voucher import reservations

#: A card number with a right check digit.
CARD = "6222021234567890128"

#: New energy cars get 4,000 yuan, others 3,000; above 300,000 yuan 5,000 and 4,000.
TIERS: Sequence[dict[str, Any]] = (
    {"prices": "[10万, 30万)", "ice_yuan": 3000, "nev_yuan": 4000},
    {"prices": "[30万, ∞)", "ice_yuan": 4000, "nev_yuan": 5000},
)


def car_document(
    *,
    tiers: Sequence[dict[str, Any]] = TIERS,
    release: dict[str, Any] | None = None,
    rounds: Sequence[dict[str, Any]] | None = None,
    benefit: dict[str, Any] | None = None,
    **changed: Any,
) -> dict[str, Any]:
    """Return the document of a car subsidy: 20,000 yuan of the city and 80,000 of a county in one round."""
    a_round = {
        "code": "r1",
        "name": "第一轮",
        "opens_at": OPENS,
        "closes_at": CLOSES,
        "issuance": by_application(),
        "limits": [{"count": 1, "within": "campaign"}],
        "releases": [{"offer": "car", **(release or {"budget_yuan": 100_000})}],
    }
    return {
        "campaign": {
            "code": "cars",
            "name": "惠民购车补贴",
            "kind": "car_subsidy",
            "city": "4417",
            "starts_at": STARTS,
            "ends_at": ENDS,
        },
        "sources": [
            {"code": "city", "name": "市财政", "level": "city", "budget_yuan": 20_000},
            {"code": "county", "name": "江城区财政", "level": "county", "county": "441702", "budget_yuan": 80_000},
        ],
        "offers": [
            {
                "code": "car",
                "name": "购车补贴",
                "benefit": {
                    "kind": "price_tiers",
                    "price": "tax_inclusive",
                    "tiers": list(tiers),
                    "buyers": {"person": 1, "firm": 3},
                    **(benefit or {}),
                },
                "funding": {"shares": {"city": "20%", "county": "80%"}},
                "scope": {"industries": ["automobile"]},
                "validity": {"kind": "fixed_end", "until": ENDS},
            }
        ],
        "rounds": list(rounds) if rounds is not None else [a_round],
        **changed,
    }


def cars_opened(**changed: Any) -> Published:
    """Publish a car subsidy and put its first round on release."""
    return opened(car_document(**changed))


def award(release_id: int, price_yuan: int = 152_800, powertrain: str = "nev", **car: Any) -> Award:
    """Return what a car is worth by the terms of a release."""
    facts = release_facts(release_id)
    assert facts is not None
    terms = facts.offer.terms
    bought = Car(price_yuan * 100, powertrain, **car)
    sale = Sale(price_yuan * 100, "441702", "automobile", OPENS, car=bought, buyer=Buyer())
    worth = terms.benefit.worth(sale)
    return Award(
        sale.bill_fen,
        worth.cost_fen,
        terms.funding.split(worth.cost_fen),
        given_as=worth.given_as,
        reasons=worth.reasons,
        tier=worth.tier,
    )


def apply(citizen_id: UUID, release_id: int, *, firm: str = "", **car: Any) -> UUID | None:
    """Reserve for an application and return its id, or None if it has to wait."""
    application_id = new_id()
    wanted = award(release_id, **car)
    room = done(lambda: reservations.reserve(application_id, citizen_id, release_id, wanted, firm=firm))
    return application_id if room else None


def give_back(application_id: UUID) -> None:
    done(lambda: reservations.give_back(application_id, actor="officer:7", reason="资料不符"))


def grant(application_id: UUID) -> UUID:
    """Grant an application and return its entitlement."""
    return done(lambda: reservations.grant(application_id, actor="officer:7")).entitlement_id


def second_round(**release: Any) -> list[dict[str, Any]]:
    """Return two rounds, the second after the first, until the campaign ends."""
    rounds = car_document()["rounds"]
    after = {"code": "r2", "name": "第二轮", "opens_at": CLOSES, "closes_at": ENDS}
    return [*rounds, {**rounds[0], **after, "releases": [{"offer": "car", **release}]}]


def close(clock: SimulatedClock, moment: datetime = CLOSES) -> None:
    """Let a round end."""
    clock.move_to(moment)
    done(lambda: close_due_rounds(actor=JOB))


def tier_row(release_id: int, tier: str = "1") -> ReleaseTier:
    """Return a tier as the database has it now."""
    db.session.expire_all()
    return db.session.get_one(ReleaseTier, (release_id, tier))


def standing(campaign: Published, release_id: int | None = None) -> dict[str, int]:
    """Return where the campaign's money stands, both sources together, in fen, by kind of account."""
    db.session.rollback()
    release = campaign.release if release_id is None else release_id
    offer = campaign.offers["car"]
    found: dict[str, int] = {"budget": 0, "released": 0, "reserved": 0, "outstanding": 0, "due": 0}
    for source in (campaign.sources["city"], campaign.sources["county"]):
        found["budget"] += balance_fen(accounts.budget(campaign.id, source))
        found["released"] += balance_fen(accounts.released(campaign.id, source, offer_id=offer, release_id=release))
        found["reserved"] += balance_fen(accounts.reserved(campaign.id, source, offer_id=offer))
        found["outstanding"] += balance_fen(accounts.outstanding(campaign.id, source, offer_id=offer))
        found["due"] += balance_fen(accounts.due(campaign.id, source))
    return found


def bought(application_id: UUID, place: Shop, *, bill_yuan: int = 152_800, account: str = CARD) -> UUID:
    """Approve an application whose subsidy is paid to a bank card, and return the payout."""
    payee = Payee("林小满", "工商银行阳江分行", account)

    def approve() -> UUID:
        entitlement_id = reservations.grant(application_id, actor="officer:7").entitlement_id
        return payouts.pay_out(
            entitlement_id, store_id=place.store_id, bill_fen=bill_yuan * 100, payee=payee, actor="officer:7"
        )

    return done(approve)


def batched(campaign: Published) -> int:
    """Put what is due on a batch and return it."""
    return done(lambda: settlement.close(campaign.id, by="officer:3").id)


def sent(campaign: Published) -> int:
    """Put what is due on a batch, approve it, and send it to the bank."""
    batch = batched(campaign)
    done(lambda: settlement.approve(batch, by="officer:4"))
    done(lambda: settlement.send(batch, by="officer:3"))
    return batch


def answered(batch: int, *answers: BankAnswer) -> None:
    done(lambda: settlement.record_answers(batch, answers, by="officer:3"))


def a_life() -> None:
    """Live through a car subsidy, so that every table that a check looks at has rows."""
    tiers = [{**TIERS[0], "pool_yuan": 50_000}, {**TIERS[1], "most_cars": 5}]
    rounds = car_document()["rounds"]
    rounds[0]["closes_at"] = ENDS
    campaign = cars_opened(tiers=tiers, rounds=rounds)
    place = shop(campaign, number=700, industry="automobile", name="城西汽车")
    applied = [apply(who, campaign.release) for who in people.citizens(8, first_phone=13700000000)]
    _held, returned, *approved = [application for application in applied if application]
    give_back(returned)
    one, two, three, four, _due = (bought(application, place) for application in approved[:5])
    done(lambda: returns.take_back_payout(four, by="officer:3", reason="顾客退车", evidence="红字发票 24442000"))
    batch = sent(campaign)
    answered(
        batch,
        BankAnswer(1, is_paid=True, reference="B-0001"),
        BankAnswer(2, is_paid=True, reference="B-0002"),
        BankAnswer(3, is_paid=False, reason="账号户名不符"),
        BankAnswer(4, is_paid=False, reason="账号户名不符"),
    )
    done(
        lambda: returns.take_back_payout(
            one, by="officer:3", reason="顾客退车", evidence="红字发票 24442001", repay_by=ENDS.date()
        )
    )
    done(
        lambda: returns.take_back_payout(
            two, by="officer:3", reason="顾客退车", evidence="红字发票 24442002", repay_by=ENDS.date()
        )
    )
    done(lambda: returns.record_repaid(two, by="officer:3", reference="2023-0600"))
    done(lambda: settlement.correct(three, Payee("林小满", "农业银行阳江分行", CARD), by="officer:3", reason="换卡"))
    grant(approved[5])

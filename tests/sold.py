"""A voucher that is sold (石嘴山: 60 off 300 for 9.90 yuan, borne 20 + 20 + 20), and short ways to buy it."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from foundation.errors import Refusal
from ledger import accounts
from ledger.accounts import AccountKey
from ledger.posting import balance_fen
from tests.world import Published, a_round, done, offer, opened, spring
from voucher import expiry, payments, purchases
from voucher.claims import ClaimRequest, claim_batch
from voucher.jobs import return_payments
from voucher.payment_adapters import Paid, Simulator
from voucher.payments import Arrived
from voucher.purchase_orders import Ordered

PRICE_FEN, FACE_FEN = 990, 6_000


def sold(**changed: Any) -> dict[str, Any]:
    """Return the campaign: ten vouchers, one each; ``changed`` is how they are sold."""
    document = spring(offers=[sold_offer(**changed)], rounds=[a_round()])
    document["sources"] = [
        {"code": "city", "name": "市财政", "level": "city", "budget_yuan": 10_000},
        {"code": "bank", "name": "建设银行", "level": "bank", "budget_yuan": 10_000},
        {"code": "shops", "name": "参与商户", "level": "merchant", "budget_yuan": 10_000},
    ]
    return document


def sold_offer(code: str = "meal", **changed: Any) -> dict[str, Any]:
    return offer(
        code,
        name="60元券",
        benefit={"face_value_yuan": 60, "threshold_yuan": 300},
        funding={"kind": "fixed", "amounts": {"city": 20, "bank": 20, "shops": 20}},
        scope={},
        sold={"price_yuan": Decimal("9.9"), "proceeds": "bank", **changed},
    )


def buy(citizen_id: UUID, release_id: int) -> Ordered:
    """Order within the caller's transaction. Raises what is refused."""
    outcome = claim_batch([ClaimRequest(citizen_id, release_id)])[0]
    if isinstance(outcome, Refusal):
        raise outcome
    assert isinstance(outcome, Ordered)
    return outcome


def order(citizen_id: UUID, release_id: int) -> UUID:
    """Order, and return the order's id."""
    return done(lambda: buy(citizen_id, release_id)).purchase_id


def notify(purchase_id: UUID, *, amount_fen: int = PRICE_FEN, reference: str = "") -> Arrived:
    """Be told of a payment by the payment service, within the caller's transaction."""
    paid = Paid(reference or f"wx-{purchase_id.hex}", purchase_id, amount_fen)
    return payments.notified(*Simulator().notification(paid))


def pay(purchase_id: UUID, **how: Any) -> Arrived:
    return done(lambda: notify(purchase_id, **how))


def lapse() -> int:
    return done(lambda: purchases.lapse_due(actor="job:test"))


def price_accounts(campaign: Published, code: str = "meal", source: str = "bank") -> tuple[int, int, int]:
    """Return what is in (proceeds, returning, buyers) of an offer, in fen."""
    keys: list[AccountKey] = [
        kind(campaign.id, campaign.sources[source], offer_id=campaign.offers[code])
        for kind in (accounts.proceeds, accounts.returning, accounts.buyers)
    ]
    proceeds, returning, buyers = map(balance_fen, keys)
    return proceeds, returning, buyers


def a_life(clock: Any, people: Sequence[UUID]) -> None:
    """Live with sold vouchers until there is one order in every state and one payment of every kind: unused at the end
    are one voucher and one order."""
    document = sold(if_withdrawn="returned")
    document["campaign"]["code"] = "sold"
    campaign = opened(document)
    kept, given_back, late, waiting = people
    pay(order(kept, campaign.release))
    unwanted, lapsed = order(given_back, campaign.release), order(late, campaign.release)
    pay(unwanted)
    done(lambda: expiry.withdraw(unwanted, given_back))
    clock.move_to(clock.now() + timedelta(minutes=15))
    assert lapse() == 1
    pay(lapsed)
    assert return_payments() == "2 payments given back, 0 refused by the payment service"
    pay(lapsed, reference="again")
    order(waiting, campaign.release)

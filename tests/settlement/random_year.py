"""Little years at random: people claim, use, void and forget, the bureau closes and pays. Seeded, so they repeat.

``fold`` adds the figures up once more, from the rows of the tables alone and in plain Python: it reads no transfer,
no account and no kept figure.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from campaigns.models import CampaignRound, Offer, Release
from campaigns.rounds import close_due_rounds, release_due_rounds
from foundation.clock import SimulatedClock, bureau_day, local
from foundation.db import db
from foundation.errors import Refusal
from foundation.states import StateChange
from merchants import redemptions
from merchants.models import Merchant, Redemption, Refund, Store
from merchants.refunds import refund
from merchants.register import Counter
from merchants.scans import Scan
from settlement import claw_backs
from settlement.closing import approve, close_period, mark_paid
from settlement.day_closing import close_days
from settlement.errors import NothingToSettle
from settlement.models import SettlementBatch, Statement
from tests.world import (
    JIANGCHENG,
    JOB,
    YANGDONG,
    Published,
    a_round,
    at,
    citizens,
    done,
    offer,
    opened,
    shop,
    spring,
    void,
)
from voucher import codes
from voucher.claims import ClaimRequest, Granted, claim_batch
from voucher.expiry import expire_due
from voucher.models import Entitlement, ExpiryRun

#: What one voucher of each offer costs each source, in fen, by hand.
SPLITS = {
    "meal": {"city": 1000, "jiangcheng": 4000},
    "goods": {"province": 1111, "city": 1111, "jiangcheng": 1112},
    "snack": {"city": 2, "jiangcheng": 1},
    # The city's hundredth of a percent of ten yuan is less than a fen.
    "dust": {"jiangcheng": 1000},
    "trio": {"city": 1000, "jiangcheng": 500, "merchants": 1000},
}
BUDGETS = {"province": 60_000, "city": 80_000, "jiangcheng": 150_000, "merchants": 90_000}
LAST_DAY = date(2023, 5, 19)


def _document(rng: random.Random) -> dict[str, Any]:
    offers = [
        offer(validity={"kind": "natural_days", "days": 3}, refund={"kind": "proportional"}),
        offer(
            "goods",
            name="零售券",
            benefit={"face_value_yuan": Decimal("33.34"), "threshold_yuan": 100},
            funding={"shares": {"province": "33.33%", "city": "33.33%", "jiangcheng": "33.34%"}},
            scope={"industries": ["retail"]},
            validity={"kind": "hours", "hours": 60},
            refund={"kind": "no_return"},
        ),
        offer(
            "snack",
            name="小吃券",
            benefit={"face_value_yuan": Decimal("0.03"), "threshold_yuan": 1},
            funding={"shares": {"city": "50%", "jiangcheng": "50%"}},
            scope={"industries": ["retail", "catering"]},
        ),
        offer(
            "dust",
            name="阳东券",
            benefit={"face_value_yuan": 10, "threshold_yuan": 30},
            funding={"shares": {"city": "0.01%", "jiangcheng": "99.99%"}},
            scope={"counties": [YANGDONG]},
            refund={"kind": "partial_to_pool"},
        ),
        offer(
            "trio",
            name="三方券",
            benefit={"face_value_yuan": 25, "threshold_yuan": 60},
            funding={"kind": "fixed", "amounts": {"city": 10, "jiangcheng": 5, "merchants": 10}},
            scope={},
        ),
    ]
    rounds = [
        a_round(
            f"r{number}",
            opens_at=at(f"2023-05-{day:02d} 10:00"),
            closes_at=at(f"2023-05-{day + 2:02d} 22:00"),
            limits=[{"count": 2, "within": "round"}],
            releases=[{"offer": code, "stock": rng.randint(3, 14)} for code in SPLITS],
        )
        for number, day in enumerate((8, 11, 14), 1)
    ]
    sources = [
        {"code": "province", "name": "省财政", "level": "province", "budget_yuan": BUDGETS["province"] // 100},
        *(source | {"budget_yuan": BUDGETS[source["code"]] // 100} for source in spring()["sources"]),
        {"code": "merchants", "name": "参与商户", "level": "merchant", "budget_yuan": BUDGETS["merchants"] // 100},
    ]
    return spring(sources=sources, offers=offers, rounds=rounds)


def live(clock: SimulatedClock, seed: int) -> Published:
    """Live through it. Some days are closed and some batches paid; the clock stands at noon of LAST_DAY."""
    rng = random.Random(seed)
    campaign = opened(_document(rng))
    places = (JIANGCHENG, "catering"), (JIANGCHENG, "retail"), (YANGDONG, "catering"), (YANGDONG, "retail")
    shops = [
        shop(campaign, number=number, county=county, industry=industry, name=f"商户{number}")
        for number, (county, industry) in enumerate([*places, (JIANGCHENG, "catering")], 1)
    ]
    people = citizens(24)
    held: list[tuple[Any, Any]] = []
    day = date(2023, 5, 8)
    while day < LAST_DAY:
        clock.move_to(max(clock.now(), at(f"{day} 00:10")))
        _nights_work(campaign.id, day, rng)
        clock.move_to(at(f"{day} 10:00"))
        done(lambda: release_due_rounds(actor=JOB))
        for hour in (11, 20):
            clock.move_to(at(f"{day} {hour}:00"))
            requests = [
                ClaimRequest(rng.choice(people), rng.choice(list(campaign.releases.values()))) for _ in range(10)
            ]
            granted = done(lambda requests=requests: claim_batch(requests))
            held += [
                (grant.entitlement_id, request.citizen_id)
                for request, grant in zip(requests, granted, strict=True)
                if isinstance(grant, Granted)
            ]
            held = _shopping(held, [place.till for place in shops], rng)
            held += _returns(rng)
        day += timedelta(days=1)
    clock.move_to(at(f"{LAST_DAY} 12:00"))
    return campaign


def _nights_work(campaign_id: int, day: date, rng: random.Random) -> None:
    done(lambda: expire_due(actor=JOB))
    done(lambda: close_due_rounds(actor=JOB))
    if rng.random() < 0.4:
        done(close_days)
    if rng.random() < 0.4:
        try:
            batch_id = done(lambda: close_period(campaign_id, day - timedelta(days=1), by="officer:3").id)
        except NothingToSettle:
            return
        if rng.random() < 0.8:
            done(lambda: approve(batch_id, by="officer:4"))
            if rng.random() < 0.8:
                done(lambda: mark_paid(batch_id, by="officer:3", payment_reference="2023-05"))
    for back in claw_backs.pending():
        if back.is_paid and rng.random() < 0.3:
            done(lambda back=back: claw_backs.record_repaid(back.refund_id, by="officer:3", reference="2023-06"))


def _shopping(held: list[tuple[Any, Any]], counters: list[Any], rng: random.Random) -> list[tuple[Any, Any]]:
    """Use some of what is held at places at random, where it may be refused, and void some of it again."""
    rng.shuffle(held)
    going, staying = held[: len(held) // 2], held[len(held) // 2 :]
    shown = done(lambda: codes.open_vouchers(going, b"d" * 32))
    scans = [
        Scan(rng.choice(counters), code.digits, rng.choice((10_001, 20_000, 33_333, 99_999)) + rng.randrange(7))
        for code in shown
        if code is not None
    ]
    outcomes = done(lambda: redemptions.redeem_batch(scans))
    for scan, outcome in zip(scans, outcomes, strict=True):
        if not isinstance(outcome, Refusal) and rng.random() < 0.15:
            void(outcome, scan.counter)
    spent = set(db.session.scalars(select(Entitlement.id).where(Entitlement.status != "claimed")))
    return [pair for pair in going + staying if pair[0] not in spent]


def _returns(rng: random.Random) -> list[tuple[Any, Any]]:
    """Bring goods of some redemptions back; return the (entitlement, citizen) pairs that came back with them."""
    db.session.rollback()
    restored = []
    rows = db.session.execute(
        select(Redemption.id, Redemption.store_id, Redemption.till_id, Entitlement.id, Entitlement.citizen_id)
        .join(Entitlement, Entitlement.id == Redemption.entitlement_id)
        .where(Redemption.status == "redeemed")
        .order_by(Redemption.redeemed_at, Redemption.id)
    ).all()
    for redemption_id, store_id, till_id, entitlement_id, citizen_id in rows:
        if rng.random() < 0.8:
            continue
        found = db.session.get_one(Redemption, redemption_id, populate_existing=True)
        left_fen = found.bill_fen - found.refunded_bill_fen
        goods_fen = left_fen if rng.random() < 0.5 else rng.randint(1, left_fen)
        counter = Counter(store_id, till_id=till_id)
        try:
            slip = done(
                lambda counter=counter, redemption_id=redemption_id, goods_fen=goods_fen: refund(
                    redemption_id, counter, goods_fen, "顾客退货"
                )
            )
        except Refusal:
            continue
        if slip.restored:
            restored.append((entitlement_id, citizen_id))
    return restored


# --- the same once more -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """So much of one metric, and where it belongs; day None is for balances, which are of no day."""

    metric: str
    value: int
    campaign: int
    source: int | None
    offer: int | None = None
    county: str | None = None
    industry: str | None = None
    merchant: int = 0
    day: date | None = None


def fold(campaign: Published) -> list[Fact]:
    """Return every fact that the figures of a random year are made of."""
    db.session.rollback()
    return [*_budgets(campaign), *_rounds(campaign), *_vouchers(campaign), *_redemptions(campaign)]


def _batches() -> dict[int, str]:
    """Return statement → the state of its batch."""
    states = select(Statement.id, SettlementBatch.status).join(SettlementBatch)
    return dict(db.session.execute(states).all())


def _split(campaign: Published, offer_row: Offer) -> dict[int, int]:
    return {campaign.sources[code]: fen for code, fen in SPLITS[offer_row.code].items()}


def _budgets(campaign: Published) -> Iterator[Fact]:
    for code, fen in BUDGETS.items():
        for metric in ("budget_fen", "surplus_fen"):
            yield Fact(metric, fen, campaign.id, campaign.sources[code])


def _rounds(campaign: Published) -> Iterator[Fact]:
    days = {
        (change.thing_id, change.event): bureau_day(change.at)
        for change in db.session.scalars(select(StateChange).where(StateChange.machine == "campaign_round"))
    }
    for release, offer_row, a_round_row in db.session.execute(
        select(Release, Offer, CampaignRound).join(Offer, Offer.id == Release.offer_id).join(CampaignRound)
    ):
        claimed = len(list(db.session.scalars(select(Entitlement.id).where(Entitlement.release_id == release.id))))
        for source, fen in _split(campaign, offer_row).items():
            where: dict[str, Any] = {
                "campaign": campaign.id,
                "source": source,
                "offer": offer_row.id,
                "county": offer_row.county,
                "industry": offer_row.industry,
            }
            released_on = days.get((str(a_round_row.id), "release"))
            yield Fact("released_fen", fen * release.released, **where, day=released_on)
            if a_round_row.status == "closed":
                closed_on = days[str(a_round_row.id), "close"]
                yield Fact("returned_fen", fen * (release.released - claimed), **where, day=closed_on)


def _vouchers(campaign: Published) -> Iterator[Fact]:
    for voucher, offer_row, run in db.session.execute(
        select(Entitlement, Offer, ExpiryRun)
        .join(Offer, Offer.id == Entitlement.offer_id)
        .outerjoin(ExpiryRun, ExpiryRun.id == Entitlement.expiry_run_id)
    ):
        where: dict[str, Any] = {
            "campaign": campaign.id,
            "offer": offer_row.id,
            "county": offer_row.county,
            "industry": offer_row.industry,
        }
        claimed_on = local(voucher.claimed_at).date()
        yield Fact("claimed_count", 1, source=None, **where, day=claimed_on)
        for source, fen in _split(campaign, offer_row).items():
            yield Fact("claimed_fen", fen, source=source, **where, day=claimed_on)
            if voucher.status == "expired":
                for metric in ("expired_fen", "returned_fen"):
                    yield Fact(metric, fen, source=source, **where, day=local(run.expired_at).date())


def _redemptions(campaign: Published) -> Iterator[Fact]:
    states = _batches()
    for redemption, offer_row, store, merchant in db.session.execute(
        select(Redemption, Offer, Store, Merchant)
        .join(Offer, Offer.id == Redemption.offer_id)
        .join(Store, Store.id == Redemption.store_id)
        .join(Merchant, Merchant.id == Redemption.merchant_id)
    ):
        where: dict[str, Any] = {
            "campaign": campaign.id,
            "offer": offer_row.id,
            "county": store.county,
            "industry": merchant.industry,
            "merchant": merchant.id,
            "day": local(redemption.redeemed_at).date(),
        }
        holder: dict[str, Any] = {"campaign": campaign.id, "merchant": merchant.id}
        stands = redemption.status != "voided"
        parts: dict[int, list[int]] = {}
        yield Fact("redeemed_count", 1, source=None, **where)
        # A bill is cut as the face is: at each source's end of it, in the order of the sources.
        split, end_fen, bill_end_fen = _split(campaign, offer_row), 0, 0
        for source in sorted(split):
            yield Fact("redeemed_fen", split[source], source=source, **where)
            end_fen += split[source]
            part_fen = redemption.bill_fen * end_fen // sum(split.values()) - bill_end_fen
            bill_end_fen += part_fen
            if not stands:
                yield Fact("voided_fen", split[source], source=source, **where)
                continue
            yield Fact("net_redeemed_fen", split[source], source=source, **where)
            yield Fact("driven_fen", part_fen, source=source, **where)
            yield Fact("surplus_fen", -split[source], campaign.id, source)
            parts[source] = [split[source], part_fen]
            yield Fact(
                _held(campaign, source, states.get(redemption.statement_id or 0)),
                split[source],
                source=source,
                **holder,
            )
        assert bill_end_fen == redemption.bill_fen
        yield from _refunds(campaign, redemption, parts, where, holder, states)


def _held(campaign: Published, source: int, state: str | None) -> str:
    """Return the balance of a source's part on a statement in a state."""
    if source == campaign.sources["merchants"]:
        return "borne_fen"
    return "paid_fen" if state == "paid" else "owed_fen"


def _refunds(
    campaign: Published,
    redemption: Redemption,
    left: dict[int, list[int]],
    where: dict[str, Any],
    holder: dict[str, Any],
    states: dict[int, str],
) -> Iterator[Fact]:
    mine = select(Refund).where(Refund.redemption_id == redemption.id)
    for each in db.session.scalars(mine.order_by(Refund.refunded_at, Refund.id)):
        where = where | {"day": local(each.refunded_at).date()}
        discounts, bills = _share(each.discount_fen, left, 0), _share(each.bill_fen, left, 1)
        for source in left:
            fen, bill_fen = discounts[source], bills[source]
            left[source][0] -= fen
            left[source][1] -= bill_fen
            assert min(left[source]) >= 0
            yield Fact("refunded_fen", fen, source=source, **where)
            yield Fact("net_redeemed_fen", -fen, source=source, **where)
            yield Fact("driven_fen", -bill_fen, source=source, **where)
            state = states.get(each.statement_id or 0)
            own = source == campaign.sources["merchants"]
            if each.recovery == "at_once":
                held = _held(campaign, source, states.get(redemption.statement_id or 0))
            elif own or each.repaid_at:
                held = _held(campaign, source, "paid")
            elif state in ("approved", "paid"):
                held = _held(campaign, source, state)
            else:
                continue
            yield Fact("surplus_fen", fen, campaign.id, source)
            yield Fact(held, -fen, source=source, **holder)


def _share(fen: int, left: dict[int, list[int]], which: int) -> dict[int, int]:
    """Split an amount by what is left, by the largest remainder."""
    whole = sum(part[which] for part in left.values()) or 1
    exact = {source: Fraction(fen * part[which], whole) for source, part in left.items()}
    found = {source: int(value) for source, value in exact.items()}
    order = sorted(left, key=lambda source: found[source] - exact[source])
    for source in order[: fen - sum(found.values())]:
        found[source] += 1
    return found

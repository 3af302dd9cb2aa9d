"""The bureau's year 2023, lived through the product's own operations.

Rounds are released, claimed, used, voided, expired and settled by the operations that doors and jobs call, in
batches and on a simulated clock: nothing is inserted past a limit or past the ledger. People decide by a seeded
generator; only two things are steered, so that the year adds up to the bureau's report: how many come to the last
round, and what the last bills are.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from campaigns import drafting
from campaigns.jobs import close_rounds, release_rounds
from campaigns.models import CampaignRound, Offer, Release
from demo.bills import Bills
from demo.city import City, Shop, merchant_ids_of, officers, settle_city
from demo.definition import DRIVEN_FEN, ISSUED_FEN, ROUNDS, document
from demo.events import Events, announce_year
from demo.sign_ins import SignIns
from demo.subsidies import Subsidies, open_subsidies
from foundation import clock
from foundation.clock import SHANGHAI, SimulatedClock, bureau_day
from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.ids import new_id
from merchants import redemptions, register
from merchants.receipts import Receipt
from merchants.scans import Scan
from settlement import closing
from settlement.jobs import close_day
from voucher import claims, codes
from voucher.claims import ClaimRequest, Granted
from voucher.jobs import expire_vouchers

START = datetime(2023, 4, 20, 9, tzinfo=SHANGHAI)
FIRST_DAY, LAST_DAY = date(2023, 4, 27), date(2024, 1, 4)
LENGTH_DAYS = (LAST_DAY - FIRST_DAY).days + 1
BATCH = 500
SEED = 20231231
#: How many of a hundred vouchers that were claimed are used in time.
USED_PERCENT = 88
#: Hours of the day at which the demo's citizens shop.
NOON = 12
SHOPPING_HOURS = (NOON, 18, 20)
_FACE_UNIT_FEN = 10_000


@dataclass(frozen=True)
class Ticket:
    """A release that can be claimed, with what the demo needs to know of its offer."""

    release_id: int
    county: str
    industry: str
    face_value_fen: int
    threshold_fen: int
    released: int


@dataclass(frozen=True)
class Visit:
    """Somebody will use a voucher at a shop."""

    entitlement_id: UUID
    citizen_id: UUID
    ticket: Ticket


@dataclass
class Year:
    """The state of the play."""

    scale: Fraction
    simulated: SimulatedClock
    city: City
    actors: dict[str, str]
    campaign_id: int
    rng: random.Random
    bills: Bills
    events: Events
    subsidies: Subsidies
    visits: dict[datetime, list[Visit]] = field(default_factory=lambda: defaultdict(list))
    claimed_fen: int = 0

    @property
    def target_fen(self) -> int:
        """What the year issues: the report's figure at this scale, in whole vouchers."""
        return int(ISSUED_FEN * self.scale) // _FACE_UNIT_FEN * _FACE_UNIT_FEN


def play(scale: Fraction, simulated: SimulatedClock, var_dir: Path, progress: Callable[[date], None]) -> str:
    """Play the year on a clock that stands at START; ``progress`` hears of every day. Return the scale as text."""
    rng = random.Random(SEED)
    sign_ins = SignIns(var_dir)
    actors = officers(sign_ins)
    per_county = max(40, int(6_000 * scale))
    city = settle_city(rng, citizens_per_county=per_county, by=actors["weimin"], sign_ins=sign_ins)
    with transaction():
        version_id = drafting.import_draft(document(scale), by=actors["weimin"]).id
    with transaction():
        campaign = drafting.publish(version_id, by=actors["lujianguo"])
        campaign_id = campaign.id
        register.enroll(campaign_id, merchant_ids_of(city), by=actors["weimin"])
    events = announce_year(scale, city, campaign_id=campaign_id, by=actors["weimin"])
    subsidies = open_subsidies(scale, city, events, actors, simulated, sign_ins)
    bills = Bills(rng, int(DRIVEN_FEN * scale))
    year = Year(scale, simulated, city, actors, campaign_id, rng, bills, events, subsidies)
    for day in _days(FIRST_DAY, LAST_DAY):
        progress(day)
        _live_through(year, day)
    return str(scale)


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), SHANGHAI).astimezone(UTC)


def _live_through(year: Year, day: date) -> None:
    """One day: the night's jobs, the round that opens at ten, shopping, and the bureau's desk."""
    year.simulated.move_to(_at(day, 0, 10))
    expire_vouchers()
    close_rounds()
    close_day()
    year.subsidies.in_the_night(day)
    _settle(year, day)
    year.simulated.move_to(_at(day, 9))
    year.subsidies.in_the_morning(day)
    year.simulated.move_to(_at(day, 9, 59))
    release_rounds()
    year.simulated.move_to(_at(day, 10))
    _claim(year, day)
    for hour in SHOPPING_HOURS:
        moment = _at(day, hour)
        visits = year.visits.pop(moment, [])
        if visits:
            year.simulated.move_to(moment)
            _shop(year, visits)
        if hour == NOON:
            year.subsidies.in_the_afternoon(day)
    year.events.live_through(day, year.simulated)


def _claim(year: Year, day: date) -> None:
    """Citizens claim from the round that is open, most of them on its first day."""
    a_round = db.session.scalar(
        select(CampaignRound).where(
            CampaignRound.campaign_id == year.campaign_id,
            CampaignRound.status == "released",
            CampaignRound.opens_at <= clock.now(),
            CampaignRound.closes_at > clock.now(),
        )
    )
    if a_round is None:
        return
    days_open = (bureau_day(clock.now()) - bureau_day(a_round.opens_at)).days
    if days_open > 2:
        return
    is_last = a_round.code == ROUNDS[-1].code
    for ticket in _tickets(a_round):
        # Nearly everything goes; what stays is recalled when the round closes. Rounded up, for in a small year there
        # may be one of a kind.
        wanted = -(-ticket.released * 97 // 100)
        already = ticket.released - _remaining(ticket)
        today = wanted if days_open == 2 else wanted * (6, 9)[days_open] // 10
        if is_last:
            today = min(today, already + (year.target_fen - year.claimed_fen) // ticket.face_value_fen)
        _claim_some(year, ticket, today - already, skip=already)
    if is_last and days_open == 2 and year.claimed_fen != year.target_fen:
        raise RuntimeError(f"the year issued {year.claimed_fen} fen instead of {year.target_fen}")
    if is_last and days_open == 2:
        year.bills.expect([visit.ticket for visits in year.visits.values() for visit in visits])


def _tickets(a_round: CampaignRound) -> list[Ticket]:
    """Return the round's releases, dearest first, so that the last round can end on the exact amount."""
    rows = db.session.execute(
        select(Release, Offer).join(Offer, Offer.id == Release.offer_id).where(Release.round_id == a_round.id)
    )
    tickets = [
        Ticket(r.id, offer.county, offer.industry, offer.face_value_fen, offer.threshold_fen, r.released)
        for r, offer in rows
    ]
    return sorted(tickets, key=lambda ticket: (-ticket.face_value_fen, ticket.release_id))


def _remaining(ticket: Ticket) -> int:
    return db.session.scalar(select(Release.remaining).where(Release.id == ticket.release_id)) or 0


def _claim_some(year: Year, ticket: Ticket, count: int, *, skip: int) -> None:
    """Let ``count`` citizens claim who have not claimed this ticket yet; a few press twice and are refused."""
    people = _people(year, ticket)[skip : skip + max(0, count)]
    for start in range(0, len(people), BATCH):
        part = people[start : start + BATCH]
        requests = [ClaimRequest(person, ticket.release_id) for person in part]
        requests += [request for request in requests if year.rng.random() < 0.002]
        with transaction():
            outcomes = claims.claim_batch(requests)
        granted = [(r, o) for r, o in zip(requests, outcomes, strict=True) if isinstance(o, Granted)]
        if len(granted) != len(part):
            raise RuntimeError(f"{len(part)} citizens came, {len(granted)} were granted")
        year.claimed_fen += ticket.face_value_fen * len(granted)
        for request, grant in granted:
            _plan_visit(year, ticket, request.citizen_id, grant)


def _people(year: Year, ticket: Ticket) -> list[UUID]:
    """Return the citizens a ticket is for, in an order of its own that is the same every day."""
    counties = [ticket.county] if ticket.county else list(year.city.citizens)
    people = [person for county in counties for person in year.city.citizens[county]]
    random.Random(ticket.release_id).shuffle(people)
    return people


def _plan_visit(year: Year, ticket: Ticket, citizen_id: UUID, grant: Granted) -> None:
    if year.rng.randrange(100) >= USED_PERCENT:
        return
    day = bureau_day(clock.now()) + timedelta(days=min(13, int(year.rng.expovariate(1 / 3.5))))
    moment = _at(day, year.rng.choice(SHOPPING_HOURS))
    year.visits[moment].append(Visit(grant.entitlement_id, citizen_id, ticket))


def _shop(year: Year, visits: Sequence[Visit]) -> None:
    """Citizens open their vouchers at the till and have them redeemed; a few slip, and a few buy something back."""
    for start in range(0, len(visits), BATCH):
        part = visits[start : start + BATCH]
        with transaction():
            shown = codes.open_vouchers([(v.entitlement_id, v.citizen_id) for v in part], _a_device())
        scans = []
        for visit, code in zip(part, shown, strict=True):
            assert code is not None, "a planned visit is within validity"
            shop = year.rng.choice(year.city.shops_for(visit.ticket.county, visit.ticket.industry))
            _slip(year, shop, code.digits, visit.ticket)
            scans.append(Scan(shop.counter, code.digits, year.bills.next(visit.ticket)))
        with transaction():
            receipts = redemptions.redeem_batch(scans)
        for scan, receipt in zip(scans, receipts, strict=True):
            if isinstance(receipt, Refusal):
                raise receipt
            _maybe_void(year, scan, receipt)


def _a_device() -> bytes:
    return new_id().bytes * 2


def _slip(year: Year, shop: Shop, digits: str, ticket: Ticket) -> None:
    """One scan in two hundred is first refused: the bill was too small. Refusals stay on the trail."""
    if year.rng.random() >= 0.005:
        return
    bill_fen = ticket.threshold_fen - 100 * year.rng.randint(1, 50)
    with transaction():
        outcome = redemptions.redeem_batch([Scan(shop.counter, digits, bill_fen)])[0]
        assert isinstance(outcome, Refusal), "a bill below the threshold is refused"
        redemptions.record_refusal(shop.counter, outcome, code_text=digits, bill_fen=bill_fen)


def _maybe_void(year: Year, scan: Scan, receipt: Receipt) -> None:
    """One redemption in five hundred is taken back the same hour, while the last bills are not yet spoken for."""
    if year.bills.are_spoken_for or year.rng.random() >= 0.002:
        return
    with transaction():
        redemptions.void(receipt.redemption_id, scan.counter, "顾客退货")
    year.bills.take_back(receipt.bill_fen, receipt.discount_fen)


def _settle(year: Year, day: date) -> None:
    """After each round's vouchers have run out, finance closes the period and a colleague approves it. The last batch
    waits for its approval: there is something to do when the bureau sits down at the demo."""
    closings = {
        date(2023, 5, 22): "2023-0001",
        date(2023, 7, 12): "2023-0002",
        date(2023, 9, 20): "2023-0003",
        date(2023, 10, 25): None,
        date(2024, 1, 3): None,
    }
    if day not in closings:
        return
    with transaction():
        last_day = day - timedelta(days=1)
        batch_id = closing.close_period(year.campaign_id, last_day, by=year.actors["hejing"]).id
    if day == date(2024, 1, 3):
        return
    with transaction():
        closing.approve(batch_id, by=year.actors["guoting"])
    reference = closings[day]
    if reference:
        with transaction():
            closing.mark_paid(batch_id, by=year.actors["hejing"], payment_reference=reference)

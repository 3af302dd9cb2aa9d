"""The year's car subsidy: 342 buyers apply, are reviewed, stand in public and are paid, by the operations of doors
and jobs. Some are sent back, rejected, withdraw or wait in between; what they held goes to others.

The report gives 99.8 万元 for 342 buyers; 108 × 2,000, 194 × 3,000 and 40 × 5,000 yuan is one mix that fits.
"""

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from uuid import UUID

from PIL import Image, ImageDraw
from sqlalchemy import select
from stdnum import luhn
from stdnum.cn import ric

from applications import drafts, endings, jobs, reviewing, submission, uploads
from applications.answers import issuance_of, tasks_of
from applications.models import Application
from applications.reviewing import Desk
from applications.uploads import Upload
from campaigns.catalog import ReleaseFacts
from campaigns.terms.benefit.price_tiers import without_tax
from campaigns.terms.issuance.application import DOCUMENTS
from evidence import numbers, pictures
from evidence.errors import NumberMalformed
from foundation.clock import SHANGHAI, SimulatedClock
from foundation.db import db, transaction
from foundation.workdays import is_workday

#: award in yuan → (how many are granted, least and most price in thousands of yuan)
MIX = {2_000: (108, 62, 99), 3_000: (194, 100, 199), 5_000: (40, 200, 368)}
#: What becomes of the others: of these many each, at full scale.
ALSO = {"rejected": 7, "withdrawn": 5, "overdue": 4}
#: Every so many good applications one is sent back once.
SENT_BACK_EVERY = 12
FIRST_DAY, LAST_SUBMISSION, LAST_DAY = date(2023, 6, 3), date(2023, 11, 24), date(2023, 12, 20)
SEED = 20230601
_SURNAMES = "林陈黄李梁关冯谭莫敖许曾郑罗何蔡苏叶钟卢"
_GIVEN = "海江春阳华丽明秀文强志芳玉珍伟平东月琴兰梅"


@dataclass(frozen=True)
class Dealer:
    """Who sells cars: as invoices name it."""

    uscc: str
    name: str


@dataclass(frozen=True)
class Purchase:
    """A car that somebody buys, and how the application for it will end: granted, rejected, withdrawn or overdue."""

    number: int
    price_yuan: int
    end: str
    is_sent_back: bool


@dataclass
class Cars:
    """The play: who reviews, who buys, and how far it is. ``citizens``: at least as many as ``purchases``."""

    facts: ReleaseFacts
    citizens: Sequence[UUID]
    dealers: Sequence[Dealer]
    #: by county, of the dealers' stores
    counties: dict[str, Desk]
    city: Desk
    scale: Fraction = Fraction(1)
    purchases: list[Purchase] = field(default_factory=list)
    by_id: dict[UUID, Purchase] = field(default_factory=dict)
    sent_back: dict[UUID, date] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.purchases = planned(self.scale)


def planned(scale: Fraction = Fraction(1)) -> list[Purchase]:
    """Return everybody who will apply, in their order: those of MIX who are granted, and those of ALSO."""
    dice = random.Random(SEED)
    plan: list[tuple[int, str]] = []
    for count, low, high in MIX.values():
        plan += [(dice.randint(low * 10, high * 10) * 100, "granted") for _ in range(_scaled(count, scale))]
    for end, count in ALSO.items():
        plan += [(dice.randint(1_000, 1_990) * 100, end) for _ in range(_scaled(count, scale))]
    dice.shuffle(plan)
    return [
        Purchase(number, price, end, is_sent_back=end == "granted" and number % SENT_BACK_EVERY == 0)
        for number, (price, end) in enumerate(plan, 1)
    ]


def granted_fen(scale: Fraction = Fraction(1)) -> int:
    """Return what all of MIX are granted together: 99,800,000 fen at full scale."""
    return sum(yuan * 100 * _scaled(count, scale) for yuan, (count, _, _) in MIX.items())


def _scaled(count: int, scale: Fraction) -> int:
    return max(1, round(count * scale))


# --- the days -------------------------------------------------------------------------------------------------


def play_cars(cars: Cars, simulated: SimulatedClock) -> int:
    """Live through every day of the subsidy and return how many were granted; the clock is at its last day then."""
    day = FIRST_DAY
    while day <= LAST_DAY:
        simulated.move_to(datetime.combine(day, time(9), SHANGHAI))
        live_through(cars, day)
        day += timedelta(days=1)
    return sum(1 for _ in _in_state(cars, "approved"))


def live_through(cars: Cars, day: date) -> None:
    """Do what one day of the subsidy brings; the clock stands in its morning."""
    _hand_in(cars, day)
    _correct(cars, day)
    if is_workday(day):
        jobs.end_overdue()
        jobs.end_notices()
        _withdraw(cars)
        _review(cars, day)
        jobs.open_notices()


def _hand_in(cars: Cars, day: date) -> None:
    """Hand in the applications of a day, spread evenly over the time in which they are taken."""
    days = (LAST_SUBMISSION - FIRST_DAY).days + 1
    passed = (day - FIRST_DAY).days
    if not 0 <= passed < days:
        return
    total = len(cars.purchases)
    for purchase in cars.purchases[total * passed // days : total * (passed + 1) // days]:
        citizen_id = cars.citizens[purchase.number - 1]
        drawn = _photos(cars.facts, purchase)
        with transaction():
            application_id = drafts.start(citizen_id, cars.facts)
            refused = drafts.save_tasks(application_id, citizen_id, tasks_of(cars.facts), _papers(cars, purchase, day))
            if refused:
                raise next(iter(refused.values()))
            uploads.keep(application_id, citizen_id, drawn)
            submission.submit(application_id, citizen_id)
        cars.by_id[application_id] = purchase


def _review(cars: Cars, day: date) -> None:
    """Let the counties review what they have, and the city what they have passed, in the order of submission."""
    for desk in (*cars.counties.values(), cars.city):
        waiting = [each for each in _in_state(cars, "reviewing") if reviewing.why_not(each, desk) is None]
        if waiting:
            with transaction():
                for application_id in [each.id for each in waiting]:
                    _decide(cars, application_id, desk, day)


def _decide(cars: Cars, application_id: UUID, desk: Desk, day: date) -> None:
    application = reviewing.open_case(application_id, desk)
    purchase = cars.by_id[application_id]
    if purchase.end == "rejected" and not desk.county:
        reviewing.reject(application_id, desk, reasons=["invoice_reissued"], words="发票为换开")
    elif (purchase.is_sent_back or purchase.end == "overdue") and application_id not in cars.sent_back and desk.county:
        reviewing.ask_for_correction(application_id, desk, fields=["id_card"], reasons=["unreadable"])
        cars.sent_back[application_id] = day
    else:
        reviewing.approve(application_id, desk, ticked=reviewing.things_to_tick(application))


def _correct(cars: Cars, day: date) -> None:
    """Hand in again, two days later, what was sent back; some never do."""
    for application in _in_state(cars, "correcting"):
        purchase = cars.by_id[application.id]
        if purchase.end != "granted" or day < cars.sent_back[application.id] + timedelta(days=2):
            continue
        application_id, citizen_id = application.id, application.citizen_id
        again = [photo for photo in _photos(cars.facts, purchase, sharper=True) if photo.slot == "id_card"]
        with transaction():
            uploads.keep(application_id, citizen_id, again)
            submission.submit(application_id, citizen_id)


def _withdraw(cars: Cars) -> None:
    """Some take their application back while it stands in public."""
    for application in _in_state(cars, "noticed"):
        if cars.by_id[application.id].end == "withdrawn":
            application_id, citizen_id = application.id, application.citizen_id
            with transaction():
                endings.withdraw(application_id, citizen_id)


def _in_state(cars: Cars, status: str) -> list[Application]:
    """Return the play's applications in one state, in the order of submission."""
    db.session.rollback()
    statement = select(Application).where(Application.release_id == cars.facts.release_id, Application.status == status)
    return list(db.session.scalars(statement.order_by(Application.sequence)))


# --- papers ---------------------------------------------------------------------------------------------------


def _papers(cars: Cars, purchase: Purchase, day: date) -> dict[str, str]:
    """Return the answers of one buyer, who bought the car the day before."""
    number, bought = purchase.number, (day - timedelta(days=1)).isoformat()
    dice = random.Random(SEED + number)
    dealer = cars.dealers[number % len(cars.dealers)]
    name = dice.choice(_SURNAMES) + dice.choice(_GIVEN) + dice.choice(_GIVEN)
    without_fen = without_tax(purchase.price_yuan * 100)
    owners = ("invoice_owner", "licence_owner", "certificate_owner", "card_holder")
    return {
        "name": name,
        "id_number": _id_number(number, dice),
        "invoice_code": "",
        "invoice_number": f"23442000{number:012d}",
        "invoice_date": bought,
        "seller_name": dealer.name,
        "seller_uscc": dealer.uscc,
        "vin": _vin(number),
        "price_with_tax": str(purchase.price_yuan),
        "price_without_tax": f"{without_fen // 100}.{without_fen % 100:02d}",
        "powertrain": dice.choice(("ice", "nev")),
        "plate": f"粤Q{number:05d}",
        "registered_on": bought,
        "certificate_number": f"{441700000000 + number}",
        "bank_name": "农业银行阳江分行",
        "bank_card": _with_check_digit(f"622848{number:012d}"),
        **dict.fromkeys(owners, name),
    }


def _id_number(number: int, dice: random.Random) -> str:
    born = date(1990, 1, 1) + timedelta(days=dice.randrange(4_000))
    body = f"441702{born:%Y%m%d}{number % 1000:03d}"
    return body + str(ric.calc_check_digit(f"{body}0"))


def _with_check_digit(body: str) -> str:
    return body + str(luhn.calc_check_digit(body))


def _vin(number: int) -> str:
    """Return the VIN of a car made in China; of the eleven check digits one fits."""
    for digit in "0123456789X":
        try:
            return numbers.vin(f"LYJ23A10{digit}P{number:07d}")
        except NumberMalformed:
            continue
    raise AssertionError("one check digit fits every VIN")


def _photos(facts: ReleaseFacts, purchase: Purchase, *, sharper: bool = False) -> list[Upload]:
    """Return a small picture of every page that is asked for, drawn as uploads are."""
    found = []
    for slot in issuance_of(facts).documents_of("person"):
        for page in range(1, DOCUMENTS[slot].least + 1):
            picture = Image.new("RGB", (300, 200), (236, 242 if sharper else 232, (purchase.number * 7) % 256))
            ImageDraw.Draw(picture).text((12, 12), f"{slot} {page}\n{purchase.number:06d}", fill="black")
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=70)
            found.append(Upload(slot, f"{slot}-{page}.jpg", out.getvalue(), pictures.draw(out.getvalue())))
    return found

"""2023's 5,699 appliances: claimed and sold through the product's own operations, for exactly what the report says.

The report gives the number of articles and the sum of their prices. The rule is an assumption after the local rules of
2023 elsewhere in the province (10 % of the price), as are categories, prices, dates and who paid.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from uuid import UUID

from sqlalchemy import select
from stdnum import ean

from campaigns import drafting
from campaigns.models import CampaignRound, Offer, Release
from demo.city import City
from foundation import clock
from foundation.clock import SHANGHAI
from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.ids import new_id
from foundation.money import apportion
from merchants import redemptions, register
from merchants.items import Item
from merchants.models import Store
from merchants.register import Counter
from merchants.scans import Scan
from voucher import claims, codes
from voucher.claims import ClaimRequest, Granted

CODE = "appliances-2023"
UNITS = 5_699
SALES_FEN = 2_511_780_000
BATCH = 500
FIRST_DAY, LAST_DAY = date(2023, 5, 6), date(2023, 12, 30)
#: Appliances are bought at weekends: one day of sales a week.
_WEEK = timedelta(days=7)
_LEAST_YUAN = 699
#: category → (how many of a hundred, what one costs in the mean, beyond the least)
_MIX: Mapping[str, tuple[int, int]] = {
    "air-conditioner": (30, 3_400),
    "refrigerator": (18, 4_600),
    "television": (17, 4_900),
    "washing-machine": (15, 3_300),
    "water-heater": (9, 2_600),
    "range-hood": (6, 3_200),
    "gas-stove": (5, 1_500),
}
_BRANDS = ("格力", "美的", "海尔", "海信", "TCL", "万和", "方太")


@dataclass(frozen=True)
class Unit:
    """One article that somebody will buy."""

    category: str
    price_fen: int
    item: Item


def document(scale: Fraction = Fraction(1)) -> str:
    """Return the campaign file of 2023's trade-in at this scale; everything in it but city and year is assumed."""
    budget = int(3_600_000 * scale) + 20_000
    categories = ", ".join(f"{category} = 1" for category in _MIX)
    return f"""# 2023 年阳江市家电以旧换新：报告只给出 5699 台、交易额 2511.78 万元；规则、资金、轮次均为假设。

[campaign]
code = "{CODE}"
name = "2023年阳江市家电以旧换新"
kind = "appliance_trade_in"
city = "4417"
starts_at = 2023-05-01T00:00:00+08:00
ends_at = 2024-01-01T00:00:00+08:00
notice = "在参加活动的家电门店购买补贴品类的产品，付款时出示补贴资格，当场立减；一份资格买一件，一件一单。"

[[sources]]
code = "yangjiang-trade-in"
name = "阳江市促消费专项资金（家电）"
level = "city"
budget_yuan = {budget}
note = "假设"

[[offers]]
code = "appliance"
name = "家电补贴资格"
funding = {{ kind = "shares", shares = {{ yangjiang-trade-in = "100%" }} }}
scope = {{ kind = "places", industries = ["appliance"] }}
validity = {{ kind = "natural_days", days = 7 }}
refund = {{ kind = "no_return" }}
article = {{ identify = ["barcode", "serial"] }}
[offers.evidence]
kind = "after_sale"
invoice_days = 15
delivery_days = 15
old_appliance = "encouraged"
files = "on_request"
grace_days = 15
[offers.benefit]
kind = "percent_by_grade"
rates = {{ any = "10%" }}
cap_yuan = 800
categories = {{ {categories} }}

[[rounds]]
code = "r1"
name = "第一期"
opens_at = 2023-05-01T10:00:00+08:00
closes_at = 2023-07-31T22:00:00+08:00
limits = [{{ kind = "chances", count = 2 }}]
releases = [{{ offer = "appliance", stock = 6000 }}]

[[rounds]]
code = "r2"
name = "第二期"
opens_at = 2023-08-01T10:00:00+08:00
closes_at = 2023-10-15T22:00:00+08:00
limits = [{{ kind = "chances", count = 2 }}]
releases = [{{ offer = "appliance", stock = 6000 }}]

[[rounds]]
code = "r3"
name = "第三期"
opens_at = 2023-10-16T10:00:00+08:00
closes_at = 2023-12-31T22:00:00+08:00
limits = [{{ kind = "chances", count = 2 }}]
releases = [{{ offer = "appliance", stock = 6000 }}]
"""


class Appliances:
    """The year's articles by the day on which they are sold. Call ``sell`` on each day, after the rounds due are on
    release; the night's jobs (``voucher.jobs.return_spares``, ``campaigns.jobs.close_rounds``) are the caller's."""

    def __init__(self, scale: Fraction, city: City, *, drafted_by: str, published_by: str) -> None:
        self.rng = random.Random(UNITS)
        self.counters = [shop.counter for shop in city.shops if shop.industry == "appliance"]
        people = [person for county in sorted(city.citizens) for person in city.citizens[county]]
        self.rng.shuffle(people)
        self._people = iter(people)
        with transaction():
            version_id = drafting.import_draft(document(scale), by=drafted_by).id
        with transaction():
            self.campaign_id = drafting.publish(version_id, by=published_by).id
            register.enroll(self.campaign_id, _merchants_of(self.counters), by=drafted_by)
        self._by_day = _plan(self.rng, int(UNITS * scale), int(SALES_FEN * scale) // 100 * 100)

    @property
    def days(self) -> Sequence[date]:
        """The days on which there is something to sell."""
        return sorted(self._by_day)

    def sell(self, day: date) -> int:
        """Let this day's buyers claim and buy, at three in the afternoon by the caller's clock; return how many."""
        units = self._by_day.get(day, [])
        if not units:
            return 0
        release_id = self._open_release()
        for start in range(0, len(units), BATCH):
            self._sell_some(units[start : start + BATCH], release_id)
        return len(units)

    def _open_release(self) -> int:
        """Return the release that is open now."""
        found = db.session.scalar(
            select(Release.id)
            .join(CampaignRound, CampaignRound.id == Release.round_id)
            .join(Offer, Offer.id == Release.offer_id)
            .where(
                CampaignRound.campaign_id == self.campaign_id,
                CampaignRound.status == "released",
                CampaignRound.closes_at > clock.now(),
            )
        )
        if found is None:
            raise RuntimeError("no round of the trade-in is open")
        return found

    def _sell_some(self, units: Sequence[Unit], release_id: int) -> None:
        requests = [ClaimRequest(next(self._people), release_id, category=unit.category) for unit in units]
        with transaction():
            granted = claims.claim_batch(requests)
        held: list[tuple[UUID, UUID]] = []
        for request, grant in zip(requests, granted, strict=True):
            if isinstance(grant, Refusal):
                raise grant
            assert isinstance(grant, Granted), "the trade-in is free"
            held.append((grant.entitlement_id, request.citizen_id))
        with transaction():
            shown = codes.open_vouchers(held, new_id().bytes * 2)
        scans = []
        for unit, code in zip(units, shown, strict=True):
            assert code is not None, "what was just claimed is within validity"
            scans.append(Scan(self.rng.choice(self.counters), code.digits, unit.price_fen, item=unit.item))
        with transaction():
            for outcome in redemptions.redeem_batch(scans):
                if isinstance(outcome, Refusal):
                    raise outcome


def moment_of(day: date) -> datetime:
    """Return when a day's articles are sold."""
    return datetime.combine(day, time(15), SHANGHAI).astimezone(UTC)


def _plan(rng: random.Random, count: int, total_fen: int) -> dict[date, list[Unit]]:
    """Return day → articles: exactly ``count`` of them, for exactly ``total_fen``, a whole number of yuan."""
    chosen = rng.choices(list(_MIX), [share for share, _ in _MIX.values()], k=count)
    # What an article costs beyond the least, in whole yuan, so that all together cost what the report says.
    weights = [
        (str(place), int(_MIX[category][1] * 100 * rng.gammavariate(4, 0.25)) + 1)
        for place, category in enumerate(chosen)
    ]
    extras = apportion(total_fen // 100 - count * _LEAST_YUAN, weights) if count else {}
    days = [FIRST_DAY + number * _WEEK for number in range((LAST_DAY - FIRST_DAY) // _WEEK + 1)]
    plan: dict[date, list[Unit]] = defaultdict(list)
    for place, category in enumerate(chosen):
        price_fen = (_LEAST_YUAN + extras[str(place)]) * 100
        plan[days[place * len(days) // count]].append(Unit(category, price_fen, _article(rng, category, place)))
    return plan


def _article(rng: random.Random, category: str, place: int) -> Item:
    """Return an article that does not exist, with well-formed numbers."""
    brand = rng.randrange(len(_BRANDS))
    model = 100 * (list(_MIX).index(category) + 1) + 10 * brand + rng.randrange(5)
    body = f"6909{brand:02d}{model:06d}"
    return Item(
        category=category,
        grade=rng.choices(("1", "2", "3"), (55, 35, 10))[0],
        barcode=body + ean.calc_check_digit(body),
        serial=f"DEMO23{brand}{model}{place:06d}",
        brand=_BRANDS[brand],
        model_name=f"{category[:2].upper()}-{model}",
    )


def _merchants_of(counters: Sequence[Counter]) -> list[int]:
    stores = [counter.store_id for counter in counters]
    return list(db.session.scalars(select(Store.merchant_id).where(Store.id.in_(stores)).distinct()))

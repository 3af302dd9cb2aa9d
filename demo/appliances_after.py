"""What happens after appliances were sold, in the demo: shops hand in invoices and deliveries, the bureau decides.

Everything goes through the operations that pages call. ``work_off`` is called now and then as the demo's clock goes
on: what was sold some days ago is handed in, and what was handed in is decided.
"""

import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from PIL import Image, ImageDraw
from sqlalchemy import select

from campaigns.catalog import offer_facts
from campaigns.places import counties, county_name
from campaigns.terms.benefit.percent_by_grade import PercentByGrade
from campaigns.terms.evidence.after_sale import AfterSale
from evidence.pictures import draw
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db, transaction
from foundation.money import format_yuan
from identity.models import Citizen
from merchants import hand_in_decisions, hand_ins
from merchants.hand_in_decisions import Decision, Officer
from merchants.hand_in_models import HandIn
from merchants.hand_ins import HandingIn
from merchants.models import Redemption, SoldItem
from voucher.models import Entitlement

ACTOR = "till:demo"
_AT_ONCE = 500
_STREETS = ("东风一路", "新江北路", "石湾北路", "二环路", "安宁路", "金山路", "漠江路", "体育路", "河堤路", "龙津路")
_BRANDS = ("康佳", "长虹", "美菱", "科龙", "万家乐")


@dataclass(frozen=True)
class Pace:
    """How shops and bureau work. days_after: how long a shop waits. forgotten: parts per thousand that are never handed
    in. together: parts per thousand that are delivered to one address. old: parts per hundred with an old appliance.
    pictures: how many of this call get small pictures. rejected: how many of ten suspicious ones the chief rejects."""

    days_after: int = 4
    forgotten: int = 4
    together: int = 3
    old: int = 35
    pictures: int = 6
    rejected: int = 1


@dataclass(frozen=True)
class Done:
    """What one call of ``work_off`` has done."""

    handed_in: int
    accepted: int
    corrected: int
    rejected: int


def work_off(dice: random.Random, editor: str, chief: str, pace: Pace | None = None) -> Done:
    """Hand in what was sold ``days_after`` ago or earlier, and decide what waits: without suspicion together, the rest
    by the chief one by one. editor, chief: actors, such as ``officer:5``."""
    pace = pace or Pace()
    sold = _sold_by(bureau_day(clock.now()) - timedelta(days=pace.days_after))
    sold = [one for one in sold if one.id.int % 1000 >= pace.forgotten]
    handed_in = 0
    for start in range(0, len(sold), _AT_ONCE):
        some = sold[start : start + _AT_ONCE]
        if start == 0:
            _take_pictures(some[: pace.pictures], dice)
        handings = [HandingIn(one.id, _typed(one, dice, pace)) for one in some]
        with transaction():
            outcomes = hand_ins.hand_in_batch(handings, actor=ACTOR)
        handed_in += sum(outcome is None for outcome in outcomes)
    accepted = _accept(Officer(editor, "editor"))
    more, corrected, rejected = _decide_the_rest(dice, Officer(chief, "chief"), pace.rejected)
    return Done(handed_in, accepted + more, corrected, rejected)


@dataclass(frozen=True)
class _Sold:
    id: UUID
    offer_id: int
    store_id: int
    sold_on: date
    price_fen: int
    discount_fen: int
    buyer: str


def _sold_by(day: date) -> list[_Sold]:
    rows = db.session.execute(
        select(
            HandIn.id,
            HandIn.offer_id,
            HandIn.store_id,
            HandIn.sold_on,
            SoldItem.price_fen,
            Redemption.discount_fen,
            Citizen.name,
        )
        .join(Redemption, Redemption.id == HandIn.id)
        .join(SoldItem, SoldItem.redemption_id == HandIn.id)
        .join(Entitlement, Entitlement.id == Redemption.entitlement_id)
        .join(Citizen, Citizen.id == Entitlement.citizen_id)
        .where(HandIn.status.in_(hand_ins.OPEN), HandIn.sold_on <= day, HandIn.ends_on >= bureau_day(clock.now()))
        .order_by(HandIn.id)
    )
    return [
        _Sold(key, offer, store, day, price, discount, name or "陈先生")
        for key, offer, store, day, price, discount, name in rows
    ]


def _typed(one: _Sold, dice: random.Random, pace: Pace) -> Mapping[str, str]:
    """Return what a shop types for a sale."""
    facts = offer_facts(one.offer_id)
    benefit, sold_on = facts.terms.benefit, one.sold_on
    assert isinstance(benefit, PercentByGrade)
    invoice_fen = one.price_fen - (one.discount_fen if benefit.invoice == "paid" else 0)
    county = dice.choice(sorted(counties(facts.city)))
    delivered_on = min(sold_on + timedelta(days=dice.randint(0, 3)), bureau_day(clock.now()))
    house = f"{dice.choice(_STREETS)} {dice.randint(1, 400)} 号 {dice.randint(1, 30)} 栋 {dice.randint(101, 2804)}"
    typed = {
        "invoice_number": f"{sold_on:%y}44{one.id.int % 10**16:016d}",
        "invoice_on": sold_on.isoformat(),
        "invoice_fen": format_yuan(invoice_fen).replace(",", ""),
        "invoice_buyer": one.buyer,
        "delivered_on": delivered_on.isoformat(),
        "delivery_county": county,
        "delivery_address": county_name(county) + house,
    }
    if dice.randrange(1000) < pace.together:
        typed["delivery_address"] = "东风二路 88 号仓库"
    if _asks_for_old(facts.terms.evidence) and dice.randrange(100) < pace.old:
        typed |= _old_appliance(dice, delivered_on)
    return typed


def _asks_for_old(evidence: object) -> bool:
    return isinstance(evidence, AfterSale) and evidence.old_appliance != "none"


def _old_appliance(dice: random.Random, day: date) -> Mapping[str, str]:
    return {
        "old_category": dice.choice(("television", "refrigerator", "washing-machine", "air-conditioner")),
        "old_brand": dice.choice(_BRANDS),
        "old_model": f"{dice.choice('BKTX')}{dice.randint(100, 999)}",
        "old_weight": str(dice.randint(120, 680) / 10),
        "old_collector": "阳江市再生资源回收有限公司",
        "old_dismantler": "广东省废旧家电拆解中心",
        "old_certificate": f"YJ{day:%Y%m}{dice.randrange(10**6):06d}",
        "old_collected_on": day.isoformat(),
    }


def _take_pictures(rows: Sequence[_Sold], dice: random.Random) -> None:
    for row in rows:
        for slot in ("invoice", "delivery"):
            sent = _picture(slot, dice)
            pages = draw(sent)
            with transaction():
                hand_ins.add_file(row.id, row.store_id, slot, f"{slot}.jpg", sent, pages)


def _picture(slot: str, dice: random.Random) -> bytes:
    """Return a small picture that looks like no other: paper with a stamp, or a doorway."""
    picture = Image.new("RGB", (480, 360), (244, 242, 236) if slot == "invoice" else (200, 206, 210))
    pen = ImageDraw.Draw(picture)
    for _ in range(14):
        left, top = dice.randrange(400), dice.randrange(300)
        shade = dice.randrange(40, 220)
        size = (left, top, left + dice.randrange(30, 160), top + dice.randrange(8, 90))
        pen.rectangle(size, fill=(shade, shade, min(shade + 12, 255)))
    pen.ellipse((330, 220, 440, 320), outline=(190, 30, 40), width=5)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


def _accept(editor: Officer) -> int:
    total = 0
    while True:
        with transaction():
            accepted = hand_in_decisions.accept_batch(hand_in_decisions.clean_ids(most=_AT_ONCE), editor)
        total += len(accepted)
        if not accepted:
            return total


def _decide_the_rest(dice: random.Random, chief: Officer, rejected: int) -> tuple[int, int, int]:
    """Decide what is suspicious; return how many were accepted, sent back and rejected."""
    queue = select(HandIn.id).where(HandIn.status == "handed_in").order_by(HandIn.handed_in_at, HandIn.id)
    waiting: list[UUID] = list(db.session.scalars(queue))
    count = {"accept": 0, "correct": 0, "reject": 0}
    for hand_in_id in waiting:
        [kind] = dice.choices(("accept", "correct", "reject"), (7 - rejected, 3, rejected))
        reasons = () if kind == "accept" else ("delivery_unproved",)
        with transaction():
            hand_in_decisions.decide(hand_in_id, Decision(kind, reasons), chief)
        count[kind] += 1
    return count["accept"], count["correct"], count["reject"]

"""One part of a gift at two desks at once, and one card's number at many: each is handed out once."""

import time
from collections import Counter

import pytest
from sqlalchemy import func, select, text

from evidence import marks
from foundation.db import db, transaction
from merchants import gifts
from tests import gifts as scene
from tests import people, world
from tests.races.crowd import at_once, mixed
from tests.races.test_trade_in_races import naive_take
from voucher import gifts as parts
from voucher.gift_models import HandedPart
from voucher.models import Entitlement

pytestmark = [pytest.mark.race, pytest.mark.postgres]

DESKS = 8
A_MOMENT = 0.02


def market(desks=DESKS):
    """Open a campaign whose parts every desk may hand out; return it and its desks."""
    table = scene.tiers(suppliers=[])
    for tier in table:
        tier["gifts"][1]["suppliers"] = []
    campaign = scene.opened(tiers=table)
    shops = [world.shop(campaign, number=820 + number, name=f"发放点{number}") for number in range(desks)]
    return campaign, shops


def handed(part=None):
    db.session.rollback()
    standing = select(func.count()).select_from(HandedPart).where(HandedPart.voided_at.is_(None))
    return db.session.scalar(standing if part is None else standing.where(HandedPart.part == part))


def everybody_hands_out_one_part(app):
    """Two counters of one store, many times at once, each with a card of its own; others go about their own gifts."""
    campaign, shops = market(2)
    lin, *others = people.citizens(5)
    gift_id = scene.won(lin, campaign.release)
    scene.scan(shops[0].till, gift_id, lin)
    works = []
    for number in range(DESKS):
        counter = (shops[0].till, shops[0].desk)[number % 2]
        card = f"100011000000{number:04d}"
        works.append(lambda counter=counter, card=card: gifts.hand_out(counter, gift_id, {1: card}))
    beside = []
    for number, who in enumerate(others):
        own = scene.won(who, campaign.release)
        scene.scan(shops[1].till, own, who)
        wanted = {1: f"200011000000{number:04d}", 2: f"PDZA20250000{number:02d}"}
        beside.append(lambda own=own, wanted=wanted: gifts.hand_out(shops[1].till, own, wanted))
    attempts = at_once(app, mixed(works, beside), threads=DESKS)
    return gift_id, Counter(attempt.code for attempt in attempts)


def test_one_part_is_handed_out_once_and_bystanders_get_theirs(clock, race_app):
    gift_id, outcomes = everybody_hands_out_one_part(race_app)
    assert outcomes == {"done": 5, "part_handed_out": DESKS - 1}
    assert (handed(1), handed(2)) == (5, 4)
    assert db.session.get_one(Entitlement, gift_id).handed_fen == 200_000


def test_a_part_at_two_desks_is_handed_out_by_one_of_them(clock, race_app):
    """The citizen is at one desk while somebody scans the same gift at another: whoever scans last has it."""
    campaign, shops = market(2)
    (lin,) = people.citizens(1)
    gift_id = scene.won(lin, campaign.release)

    def at_desk(number):
        counter, card = shops[number % 2].till, f"100011000000{number:04d}"
        digits = world.codes.open_voucher(gift_id, lin, world.PHONE).digits
        gifts.scan(counter, digits)
        return gifts.hand_out(counter, gift_id, {1: card})

    attempts = at_once(race_app, [lambda number=number: at_desk(number) for number in range(DESKS)], threads=DESKS)
    outcomes = Counter(attempt.code for attempt in attempts)
    assert outcomes["done"] == 1
    assert set(outcomes) <= {"done", "part_handed_out", "not_confirmed", "code_expired", "code_retired"}
    assert handed() == 1


def one_card_at_many_desks(app):
    """One number for the gifts of as many people, each at a desk of its own; return how the attempts ended."""
    campaign, shops = market()
    works = []
    for shop, who in zip(shops, people.citizens(DESKS), strict=True):
        gift_id = scene.won(who, campaign.release)
        scene.scan(shop.till, gift_id, who)
        works.append(lambda shop=shop, gift_id=gift_id: gifts.hand_out(shop.till, gift_id, {1: "1000110000000001"}))
    return Counter(attempt.code for attempt in at_once(app, works, threads=DESKS))


def test_one_cards_number_is_handed_out_at_one_desk(clock, race_app):
    assert one_card_at_many_desks(race_app) == {"done": 1, "mark_taken": DESKS - 1}
    assert handed() == 1


def test_without_the_key_one_number_is_handed_out_at_several(clock, broken_app, monkeypatch):
    """The control: who looks first and writes afterwards lets several desks through."""
    monkeypatch.setattr(marks, "take_what_is_free", naive_take)
    assert one_card_at_many_desks(broken_app)["done"] > 1


def test_without_the_count_one_part_is_handed_out_several_times(clock, broken_app, monkeypatch):
    """The control: a look whether it is handed out already, in place of the update that counts it."""

    def naive(entitlement_id, redemption_id, wanted, place, step):
        parts._require_free(entitlement_id, wanted)
        time.sleep(A_MOMENT)
        for part, (gift, number) in wanted.items():
            db.session.add(
                HandedPart(
                    redemption_id=redemption_id,
                    part=part,
                    entitlement_id=entitlement_id,
                    name=gift.name,
                    cost_fen=gift.cost_fen,
                    advertised_fen=gift.advertised_fen,
                    number_kind=gift.number,
                    number=number,
                    place=place,
                    handed_at=step.at,
                )
            )
        db.session.flush()

    with transaction():
        db.session.execute(text("DROP INDEX uq_handed_part_entitlement_id_part_live"))
    monkeypatch.setattr(parts, "hand_out", naive)
    _, outcomes = everybody_hands_out_one_part(broken_app)
    assert outcomes["done"] > 5
    assert handed(1) > 5

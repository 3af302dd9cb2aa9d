"""Amendments of a published campaign: they add, a second person publishes them, and nothing that is held changes."""

import copy
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from campaigns import drafting, rounds
from campaigns.amendments import AmendmentRefused
from campaigns.catalog import definition_of, offer_facts
from campaigns.errors import AmendmentOutdated, FourEyesNeeded
from campaigns.models import Campaign, CampaignRound, CampaignVersion, Offer
from foundation.db import db
from ledger.models import Transfer
from tests import people
from tests.people import LIN, LUO, WEI
from tests.world import (
    DRAFTER,
    JOB,
    PUBLISHER,
    a_round,
    at,
    citizens,
    claim,
    claim_and_show,
    done,
    everything,
    offer,
    opened,
    redeem,
    shop,
    spring,
    toml,
)
from voucher.errors import SoldOut
from voucher.models import Entitlement

REASON = {"reason": "追加 3000 元，5 月 9 日 10:00 重新开放，规则不变"}


def amended(before=None, **changed):
    """Return the spring document with a second round, more of the city's money, and why."""
    document = copy.deepcopy(before or spring())
    document["sources"][0]["budget_yuan"] += 3_000
    document["rounds"].append(
        a_round("r2", name="追加轮", opens_at=at("2023-05-09 10:00"), closes_at=at("2023-05-12 10:00"))
    )
    document["amendment"] = dict(REASON)
    document.update(changed)
    return document


def draft(document, by=DRAFTER):
    return done(lambda: drafting.import_draft(toml(document), by=by).id)


def publish(version_id, by=PUBLISHER):
    return done(lambda: drafting.publish(version_id, by=by))


def in_force():
    db.session.expire_all()
    return db.session.scalars(select(Campaign.version_id)).one()


def test_a_top_up_grants_the_difference_and_a_new_round_is_claimed(clock, app):
    campaign = opened()
    place = shop(campaign)
    [lin, chen] = citizens(2)
    first = claim(lin, campaign.release)
    version = draft(amended())
    publish(version)
    assert in_force() == version
    granted = db.session.scalars(
        select(Transfer.amount_fen).where(Transfer.code == "fund", Transfer.document_id == str(version))
    ).all()
    assert granted == [300_000]
    clock.move_to(at("2023-05-09 10:00"))
    done(lambda: rounds.release_due_rounds(actor=JOB))
    second = db.session.scalar(select(CampaignRound).where(CampaignRound.code == "r2"))
    assert (second.campaign_version_id, second.status) == (version, "released")
    release = db.session.scalar(rounds.select(rounds.Release.id).where(rounds.Release.round_id == second.id))
    redeem(place.till, claim_and_show(chen, release)[1])
    assert db.session.get_one(Entitlement, first).campaign_version_id == campaign.version_id


def test_facts_that_were_read_before_stay_true(clock, app):
    campaign = opened()
    before = offer_facts(campaign.offers["meal"])
    document = amended(offers=[offer(), offer("tea", name="茶点券")])
    document["rounds"][1]["releases"].append({"offer": "tea", "stock": 3})
    version = draft(document)
    publish(version)
    assert offer_facts(campaign.offers["meal"]) is before
    assert [each.code for each in definition_of(campaign.version_id).rounds] == ["r1"]
    assert [each.code for each in definition_of(version).rounds] == ["r1", "r2"]
    tea = db.session.scalar(select(Offer).where(Offer.code == "tea"))
    assert (tea.campaign_version_id, offer_facts(tea.id).name) == (version, "茶点券")
    assert db.session.scalar(select(func.count()).select_from(Offer)) == 2


def test_a_new_source_is_registered_and_funded(clock, app):
    campaign = opened()
    document = amended()
    document["sources"].append({"code": "bank", "name": "建设银行", "level": "bank", "budget_yuan": 500})
    publish(draft(document))
    assert sum(db.session.scalars(select(Transfer.amount_fen).where(Transfer.code == "fund"))) == 20_350_000
    assert campaign.pool_fen("city") > 0


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda d: d.pop("amendment"), "amendment"),
        (lambda d: d["campaign"].update(name="别的名字"), "campaign.name"),
        (lambda d: d["campaign"].update(ends_at=at("2023-08-01 00:00")), "campaign.ends_at"),
        (lambda d: d["campaign"].update(starts_at=at("2023-05-01 00:00")), "campaign.starts_at"),
        (lambda d: d.update(people={"real_name": True}), "people"),
        (lambda d: d["sources"][0].update(budget_yuan=99_999), "sources[1].budget_yuan"),
        (lambda d: d["sources"][0].update(name="别人"), "sources[1]"),
        (lambda d: d["offers"][0].update(name="别的券"), "offers[1]"),
        (lambda d: d["offers"][0]["benefit"].update(threshold_yuan=100), "offers[1]"),
        (lambda d: d["offers"][0].update(validity={"kind": "same_day"}), "offers[1]"),
        (lambda d: d["rounds"][0].update(closes_at=at("2023-05-11 22:00")), "rounds[1]"),
        (lambda d: d["rounds"][0]["releases"][0].update(stock=11), "rounds[1]"),
        (lambda d: d["rounds"].pop(0), "rounds"),
    ],
)
def test_what_may_not_change_is_refused_by_its_place_and_nothing_is_kept(clock, app, change, place):
    opened()
    document = amended()
    change(document)
    before = everything()
    with pytest.raises(AmendmentRefused) as refusal:
        draft(document)
    assert place in [fault.place for fault in refusal.value.faults]
    assert everything() == before


def test_a_source_or_an_offer_that_is_gone_is_refused(clock, app):
    document = spring(offers=[offer(), offer("tea")])
    opened(document)
    gone = amended(document, offers=[offer()])
    with pytest.raises(AmendmentRefused) as refusal:
        draft(gone)
    assert [str(fault) for fault in refusal.value.faults] == ["offers：不能删去已发布的“tea”"]


def test_notice_and_contact_may_say_other_things(clock, app):
    opened()
    document = amended()
    document["campaign"] |= {"notice": "更正：周末也能用。", "contact": "市商务局"}
    publish(draft(document))
    db.session.expire_all()
    assert db.session.scalar(select(Campaign.notice)) == "更正：周末也能用。"


def test_who_drafts_an_amendment_does_not_publish_it(clock, app):
    campaign = opened()
    version = draft(amended())
    with pytest.raises(FourEyesNeeded):
        publish(version, by=DRAFTER)
    assert in_force() == campaign.version_id


def test_of_two_amendments_of_one_version_one_is_published(clock, app):
    opened()
    first, second = draft(amended()), draft(amended())
    publish(second)
    before = everything()
    with pytest.raises(AmendmentOutdated):
        publish(first)
    assert everything() == before


def test_amendments_follow_each_other_each_with_its_reason(clock, app):
    opened()
    once = amended()
    publish(draft(once))
    twice = copy.deepcopy(once)
    twice["sources"][0]["budget_yuan"] += 1
    with pytest.raises(AmendmentRefused):
        draft(twice)
    twice["amendment"] = {"reason": "再追加 1 元"}
    publish(draft(twice))
    assert sum(db.session.scalars(select(Transfer.amount_fen).where(Transfer.code == "fund"))) == 20_300_100


def test_a_later_amendment_waits_for_its_time_and_takes_effect_once(clock, app):
    campaign = opened()
    document = amended()
    document["amendment"]["effective_at"] = at("2023-05-08 20:00")
    version = draft(document)
    publish(version)
    assert in_force() == campaign.version_id
    assert done(lambda: drafting.take_effect_due(actor=JOB)) == 0
    clock.move_to(at("2023-05-08 20:00"))
    assert done(lambda: drafting.take_effect_due(actor=JOB)) == 1
    assert done(lambda: drafting.take_effect_due(actor=JOB)) == 0
    assert in_force() == version
    assert db.session.scalar(select(func.count()).select_from(CampaignRound)) == 2


def test_money_that_is_used_up_is_topped_up_and_reopened(clock, app):
    """济南's 追加: the money was used up, more was granted, and a new round opened with the same rules."""
    document = spring()
    document["sources"][0]["budget_yuan"], document["sources"][1]["budget_yuan"] = 10, 40
    document["rounds"][0]["releases"][0]["stock"] = 1
    campaign = opened(document)
    lin, chen = citizens(2)
    claim(lin, campaign.release)
    with pytest.raises(SoldOut):
        claim(chen, campaign.release)
    more = amended(document)
    more["sources"][1]["budget_yuan"] += 12_000
    publish(draft(more))
    clock.move_to(at("2023-05-09 10:00"))
    done(lambda: rounds.release_due_rounds(actor=JOB))
    again = db.session.scalar(
        select(rounds.Release)
        .join(CampaignRound, CampaignRound.id == rounds.Release.round_id)
        .where(CampaignRound.code == "r2")
    )
    assert again.released == 10
    assert claim(chen, again.id)


def test_the_pages_import_compare_publish_and_tell_citizens(clock, sqlite_app):
    campaign = opened()
    editor, other = people.browser_of(sqlite_app, WEI), people.browser_of(sqlite_app, LUO)
    wrong = editor.post("/bureau/campaigns/import", data={"text": toml(spring()), "do": "import"})
    assert "amendment" in wrong.text
    draft_page = editor.post("/bureau/campaigns/import", data={"text": toml(amended()), "do": "import"})
    address = draft_page.headers["Location"]
    page = editor.get(address).text
    assert "这是对已发布活动的修改" in page
    assert REASON["reason"] in page
    assert "追加轮" in page
    assert other.post(f"{address}/publish").status_code == 303
    told = people.browser_of(sqlite_app, LIN).get("/campaigns/spring").text
    assert "活动调整" in told
    assert REASON["reason"] in told
    clock.move_to(clock.now() + timedelta(hours=1))
    assert in_force() != campaign.version_id
    assert db.session.scalar(select(func.count()).select_from(CampaignVersion)) == 2

"""Early termination: two people, a reason that citizens read; claims stop at once and holders keep what they hold."""

import pytest
from sqlalchemy import select

from campaigns import drafting, termination
from campaigns.errors import (
    CampaignTerminated,
    CampaignUnknown,
    DrawUnderWay,
    FourEyesNeeded,
    NoTermination,
    TerminationProposed,
    TerminationReasonMissing,
)
from campaigns.models import CampaignRound
from foundation.db import db
from tests import people
from tests.campaigns.test_amendments import amended
from tests.people import LIN, LUO, SONG, WEI
from tests.world import (
    DRAFTER,
    PUBLISHER,
    a_round,
    at,
    citizens,
    claim,
    claim_and_show,
    done,
    everything,
    opened,
    redeem,
    shop,
    spring,
    toml,
)
from voucher.errors import EndedEarly

WHY = "活动资金已用完，提前结束"


def propose(campaign, by=DRAFTER, why=WHY):
    done(lambda: termination.propose(campaign.id, why, by=by))


def approve(campaign, by=PUBLISHER):
    done(lambda: termination.approve(campaign.id, by=by))


def two_rounds():
    return opened(
        spring(rounds=[a_round(), a_round("r2", opens_at=at("2023-05-12 10:00"), closes_at=at("2023-05-14 10:00"))])
    )


def test_claims_stop_at_once_the_money_goes_back_and_holders_keep_theirs(clock, app):
    campaign = two_rounds()
    place = shop(campaign)
    lin, chen = citizens(2)
    digits = claim_and_show(lin, campaign.release)[1]
    propose(campaign)
    claim(chen, campaign.release)
    approve(campaign)
    assert set(db.session.scalars(select(CampaignRound.status))) == {"closed"}
    assert campaign.pool_fen("city") == 10_000_000 - 2 * 1_000
    with pytest.raises(EndedEarly):
        claim(citizens(3)[2], campaign.release)
    assert redeem(place.till, digits).discount_fen == 5_000


def test_each_step_that_is_not_due_is_refused_by_name(clock, app):
    campaign = two_rounds()
    before = everything()
    with pytest.raises(TerminationReasonMissing):
        propose(campaign, why="停")
    with pytest.raises(CampaignUnknown):
        done(lambda: termination.propose(999, WHY, by=DRAFTER))
    with pytest.raises(NoTermination):
        approve(campaign)
    with pytest.raises(NoTermination):
        done(lambda: termination.withdraw(campaign.id))
    assert everything() == before
    propose(campaign)
    with pytest.raises(TerminationProposed):
        propose(campaign, by=PUBLISHER)
    with pytest.raises(FourEyesNeeded):
        approve(campaign, by=DRAFTER)
    done(lambda: termination.withdraw(campaign.id))
    propose(campaign, by=PUBLISHER)
    approve(campaign, by=DRAFTER)
    with pytest.raises(NoTermination):
        approve(campaign)
    with pytest.raises(NoTermination):
        done(lambda: termination.withdraw(campaign.id))


def test_what_was_ended_takes_no_amendment(clock, app):
    campaign = opened()
    version = done(lambda: drafting.import_draft(toml(amended()), by=DRAFTER).id)
    propose(campaign)
    approve(campaign)
    with pytest.raises(CampaignTerminated):
        done(lambda: drafting.publish(version, by=PUBLISHER))
    with pytest.raises(CampaignTerminated):
        done(lambda: drafting.import_draft(toml(amended()), by=DRAFTER))


def test_a_draw_that_people_have_entered_is_not_broken_off(clock, app):
    lottery = {
        "kind": "lottery",
        "register_until": at("2023-05-09 10:00"),
        "draw_at": at("2023-05-09 12:00"),
        "take_up_hours": 0,
    }
    campaign = opened(spring(rounds=[a_round(issuance=lottery)]))
    with pytest.raises(DrawUnderWay):
        propose(campaign)


def test_the_pages_propose_approve_and_tell_citizens(clock, sqlite_app):
    campaign = opened()
    editor, other = people.browser_of(sqlite_app, WEI), people.browser_of(sqlite_app, LUO)
    address = f"/bureau/campaigns/{campaign.id}"
    assert "提出终止" in editor.get(address).text
    assert people.browser_of(sqlite_app, SONG).post(f"{address}/termination", data={"reason": WHY}).status_code == 403
    assert editor.post(f"{address}/termination", data={"reason": WHY}).status_code == 303
    assert "不能审定自己提出的" in editor.get(address).text
    citizen = people.browser_of(sqlite_app, LIN)
    assert WHY not in citizen.get("/campaigns/spring").text
    assert other.post(f"{address}/termination/approve").status_code == 303
    assert "已提前终止" in editor.get(address).text
    told = citizen.get("/campaigns/spring").text
    assert f"活动已提前结束：{WHY}" in told
    assert "活动已结束" in told

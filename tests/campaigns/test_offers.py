import pytest

from campaigns.catalog import offer_facts, release_facts
from campaigns.errors import CampaignUnknown
from campaigns.offers import campaign_view, open_campaigns
from campaigns.rounds import close_due_rounds
from foundation.clock import TICK
from tests.world import CLOSES, ENDS, JOB, OPENS, a_round, at, citizens, claim, done, offer, opened, published, spring

JUNE, JULY = at("2023-06-01 10:00"), at("2023-06-10 10:00")


def phases(code="spring"):
    return [a_round.phase for a_round in campaign_view(code).rounds]


def test_a_round_goes_through_its_phases_by_the_clock(clock, app):
    published(spring(rounds=[a_round(opens_at=JUNE, closes_at=JULY)]))
    clock.move_to(JUNE - TICK)
    assert phases() == ["upcoming"]
    clock.move_to(JUNE)
    # Its money is not on release yet, so nothing could be claimed.
    assert phases() == ["upcoming"]
    release_now()
    assert phases() == ["open"]
    clock.move_to(JULY)
    assert phases() == ["closed"]
    done(lambda: close_due_rounds(actor=JOB))
    assert phases() == ["closed"]


def release_now():
    from campaigns.rounds import release_due_rounds

    done(lambda: release_due_rounds(actor=JOB))


def test_stock_is_told_in_bands(clock, app):
    campaign = opened()
    bands = []
    for citizen in citizens(10):
        bands.append(campaign_view("spring").rounds[0].offers[0].stock_band)
        claim(citizen, campaign.release)
    assert bands == ["plenty"] * 8 + ["few"] * 2
    view = campaign_view("spring").rounds[0]
    assert (view.offers[0].stock_band, view.phase) == ("none", "sold_out")


def test_a_campaign_is_shown_with_its_terms_in_words(clock, app):
    opened()
    view = campaign_view("spring")
    ticket = view.rounds[0].offers[0]
    assert (ticket.face_value_fen, ticket.threshold_fen, ticket.released, ticket.remaining) == (5_000, 20_000, 10, 10)
    assert (str(ticket.places), str(ticket.validity)) == ("江城区 · 餐饮", "7 个自然日内有效（含领取当日）")
    assert [str(limit) for limit in view.rounds[0].limits] == ["每轮每人限领 1 张"]
    assert str(view.rounds[0].issuance) == "先到先得，领完即止"
    assert view.sources == ["市财政", "江城区财政"]


def test_an_offer_without_a_scope_is_for_the_whole_city(clock, app):
    opened(spring(offers=[offer(scope={})]))
    assert str(campaign_view("spring").rounds[0].offers[0].places) == "全市 · 不限行业"


def test_the_round_to_look_at_is_the_open_one_then_the_next(clock, app):
    opened(spring(rounds=[a_round(), a_round("r2", opens_at=JUNE, closes_at=JULY)]))
    assert campaign_view("spring").next_round.code == "r1"
    clock.move_to(CLOSES)
    assert campaign_view("spring").next_round.code == "r2"
    clock.move_to(JULY)
    assert campaign_view("spring").next_round is None


def test_published_campaigns_are_listed_until_they_end(clock, app):
    published()
    clock.move_to(ENDS - TICK)
    assert [view.code for view in open_campaigns()] == ["spring"]
    clock.move_to(ENDS)
    assert open_campaigns() == []
    assert campaign_view("spring").code == "spring"


def test_a_draft_is_not_shown(clock, app):
    from campaigns.drafting import import_draft
    from tests.world import DRAFTER, toml

    done(lambda: import_draft(toml(spring()), by=DRAFTER))
    assert open_campaigns() == []
    with pytest.raises(CampaignUnknown):
        campaign_view("spring")


def test_facts_of_an_offer_split_its_cost_by_source(clock, app):
    campaign = opened(spring(offers=[offer(funding={"shares": {"jiangcheng": "0.01%", "city": "99.99%"}})]))
    facts = offer_facts(campaign.offers["meal"])
    # A hundredth of a percent of 50 yuan is half a fen, which rounds to the earlier source.
    assert facts.split == {campaign.sources["jiangcheng"]: 1, campaign.sources["city"]: 4_999}
    release = release_facts(campaign.release)
    assert (release.opens_at, release.closes_at) == (OPENS, CLOSES)
    assert release.quotas == ((f"round:{release.round_id}", 1),)


def test_several_limits_are_counted_in_one_fixed_order(clock, app):
    limits = [{"count": 2, "within": "round"}, {"count": 1, "within": "offer"}, {"count": 3, "within": "campaign"}]
    campaign = published(spring(rounds=[a_round(limits=limits)]))
    scopes = [scope.split(":")[0] for scope, _most in release_facts(campaign.release).quotas]
    assert scopes == ["campaign", "release", "round"]


def test_there_are_no_facts_of_a_release_that_does_not_exist(app):
    assert release_facts(99) is None

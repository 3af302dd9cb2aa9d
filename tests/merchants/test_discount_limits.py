"""What one person may have off in all: 武汉 2020 redeemed at most 100 a month and 200 altogether per person."""

import pytest
from sqlalchemy import func, select

from campaigns.amendments import require_amends
from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.comparison import compare
from campaigns.models import Campaign
from campaigns.notice import as_text, notice
from campaigns.terms.sale import DiscountLimitReached, DiscountUsedUp, Sale, TooManyToday
from foundation.clock import SHANGHAI
from foundation.clock import now as clock_now
from foundation.db import db
from foundation.errors import Refusal
from identity.citizens import save_real_name
from merchants import orders
from merchants.redemptions import Scan, quote_code, redeem_batch
from merchants.refunds import refund
from tests import people
from tests.people import LIN
from tests.world import (
    JIANGCHENG,
    a_round,
    at,
    citizens,
    claim_and_show,
    done,
    everything,
    offer,
    opened,
    redeem,
    shop,
    show,
    spring,
    subsidy,
    toml,
    void,
)
from voucher.advice import advise
from voucher.models import PersonQuota

MONTH_AND_ALL = [{"most_yuan": 100, "within": "month"}, {"most_yuan": 200, "within": "campaign"}]


def wuhan(limits=MONTH_AND_ALL, **use):
    """Two kinds of vouchers of 满100减50 and 满60减30, many each, used until the campaign ends on July 1."""
    until = {"kind": "fixed_end", "until": at("2023-07-01 00:00")}
    fifty = offer(benefit={"face_value_yuan": 50, "threshold_yuan": 100}, scope={}, validity=until, use=use)
    thirty = offer("tea", benefit={"face_value_yuan": 30, "threshold_yuan": 60}, scope={}, validity=until)
    rows = [{"offer": "meal", "stock": 40}, {"offer": "tea", "stock": 40}]
    one_round = a_round(limits=[{"count": 12, "within": "offer"}], releases=rows)
    return spring(offers=[fifty, thirty], rounds=[one_round], discount_limits=limits)


def hold(campaign, citizen, count, code="meal"):
    """Let a citizen claim, and return the vouchers."""
    return [claim_and_show(citizen, campaign.releases["r1", code])[0] for _ in range(count)]


def off(prefix="off:%"):
    """Return scope (without the campaign) → fen that are counted there."""
    rows = db.session.execute(
        select(PersonQuota.scope, func.sum(PersonQuota.used)).where(PersonQuota.scope.like(prefix)).group_by("scope")
    )
    return {scope.partition(":")[2].partition(":")[2]: int(fen) for scope, fen in rows}


def order(till, codes, bill_fen):
    return done(lambda: orders.redeem_order(till, codes, bill_fen))


def refused(refusal, till, *codes):
    """Redeem what must be refused, 100 yuan for each code, and see that nothing has changed."""
    before = everything()
    bill_fen = 10_000 * len(codes)
    with pytest.raises(refusal) as raised:
        redeem(till, codes[0], bill_fen) if len(codes) == 1 else order(till, codes, bill_fen)
    assert everything() == before
    return raised.value.params


def same(*accounts):
    """Give two accounts one identity number."""
    for citizen in accounts:
        done(lambda who=citizen: save_real_name(who, name="林小满", id_number="11010519491231002X"))


@pytest.fixture
def market(clock, app):
    campaign = opened(wuhan(per_order=4))
    return campaign, shop(campaign)


def test_what_a_person_has_off_is_counted_over_all_vouchers_of_the_campaign(market):
    campaign, place = market
    [lin] = citizens(1)
    [meal, other], [tea] = hold(campaign, lin, 2), hold(campaign, lin, 1, "tea")
    redeem(place.till, show(meal, lin), 10_000)
    redeem(place.till, show(tea, lin), 10_000)
    assert off() == {"2023-05-01:2023-05-31": 8_000, "": 8_000}
    params = refused(DiscountLimitReached, place.till, show(other, lin))
    assert (params["most"], params["left"], params["discount"]) == ("100", "20", "50")
    assert (params["period"], params["moment"]) == ("每月", "2023-06-01")


def test_a_month_begins_anew_at_midnight_in_shanghai_and_the_whole_does_not(market, clock):
    campaign, place = market
    [lin] = citizens(1)
    held = hold(campaign, lin, 5)
    for voucher in held[:2]:
        redeem(place.till, show(voucher, lin), 10_000)
    clock.move_to(at("2023-05-31 23:59"))
    refused(DiscountLimitReached, place.till, show(held[2], lin))
    clock.move_to(at("2023-06-01 00:00"))
    for voucher in held[2:4]:
        redeem(place.till, show(voucher, lin), 10_000)
    assert off() == {"2023-05-01:2023-05-31": 10_000, "2023-06-01:2023-06-30": 10_000, "": 20_000}
    params = refused(DiscountUsedUp, place.till, show(held[4], lin))
    assert (params["most"], params["left"]) == ("200", "0")


def test_codes_of_one_order_count_together_and_the_refusal_says_what_was_left_before_it(market):
    campaign, place = market
    [lin] = citizens(1)
    held = hold(campaign, lin, 4)
    redeem(place.till, show(held[0], lin), 10_000)
    params = refused(DiscountLimitReached, place.till, *[show(each, lin) for each in held[1:3]])
    assert (params["left"], params["discount"]) == ("50", "100")
    redeem(place.till, show(held[3], lin), 10_000)
    assert off()[""] == 10_000


def test_a_void_gives_the_whole_order_back(market):
    campaign, place = market
    [lin] = citizens(1)
    held = hold(campaign, lin, 3)
    receipt = order(place.till, [show(each, lin) for each in held[:2]], 20_000)
    assert off()[""] == 10_000
    void(receipt.receipts[0], place.till)
    assert set(off().values()) == {0}
    redeem(place.till, show(held[2], lin), 10_000)
    assert set(off().values()) == {5_000}


def test_a_refund_gives_back_what_comes_back_to_the_month_of_the_sale(market, clock):
    campaign, place = market
    [lin] = citizens(1)
    held = hold(campaign, lin, 3)
    first = redeem(place.till, show(held[0], lin), 10_000)
    clock.move_to(at("2023-06-02 10:00"))
    redeem(place.till, show(held[1], lin), 10_000)
    done(lambda: refund(first.redemption_id, place.desk, 4_000, "质量问题"))
    part = off()
    assert part["2023-06-01:2023-06-30"] == 5_000
    assert part[""] == part["2023-05-01:2023-05-31"] + 5_000
    done(lambda: refund(first.redemption_id, place.desk, 6_000, "顾客退货"))
    assert off() == {"2023-05-01:2023-05-31": 0, "2023-06-01:2023-06-30": 5_000, "": 5_000}


@pytest.mark.parametrize("joined", ["before", "after"])
def test_accounts_of_one_person_share_what_is_left(market, joined):
    campaign, place = market
    lin, again = citizens(2)
    [mine, more], [theirs] = hold(campaign, lin, 2), hold(campaign, again, 1)
    if joined == "before":
        same(lin, again)
    redeem(place.till, show(mine, lin), 10_000)
    redeem(place.till, show(theirs, again), 10_000)
    if joined == "after":
        same(lin, again)
    assert off()[""] == 10_000
    refused(DiscountLimitReached, place.till, show(more, lin))


def test_in_a_batch_who_comes_first_is_served_and_others_are_not_touched(market):
    campaign, place = market
    lin, chen = citizens(2)
    mine, theirs = hold(campaign, lin, 3), hold(campaign, chen, 1)
    codes = [*(show(each, lin) for each in mine), show(theirs[0], chen)]
    outcomes = done(lambda: redeem_batch([Scan(place.till, code, 10_000) for code in codes]))
    assert [getattr(one, "code", "done") if isinstance(one, Refusal) else "done" for one in outcomes] == [
        "done", "done", "discount_limit_reached", "done",
    ]  # fmt: skip
    assert off()[""] == 15_000


def test_what_one_limit_refuses_is_counted_under_no_other(clock, app):
    """The day's count comes last: what it refuses has been counted as money before."""
    campaign = opened(wuhan([{"most_yuan": 500, "within": "campaign"}], per_day=1))
    place = shop(campaign)
    [lin] = citizens(1)
    codes = [show(each, lin) for each in hold(campaign, lin, 2)]
    outcomes = done(lambda: redeem_batch([Scan(place.till, code, 10_000) for code in codes]))
    assert isinstance(outcomes[1], TooManyToday)
    assert off() == {"": 5_000}


def test_a_till_learns_it_when_it_asks_what_a_code_is_worth(market):
    campaign, place = market
    [lin] = citizens(1)
    held = hold(campaign, lin, 3)
    for voucher in held[:2]:
        redeem(place.till, show(voucher, lin), 10_000)
    with pytest.raises(DiscountLimitReached):
        quote_code(place.till, show(held[2], lin), 10_000)


@pytest.mark.parametrize(
    ("within", "first", "still", "anew"),
    [
        ("day", "2023-05-08 10:00", "2023-05-08 23:59", "2023-05-09 00:00"),
        ("week", "2023-05-08 10:00", "2023-05-14 23:59", "2023-05-15 00:00"),
    ],
)
def test_days_and_weeks_begin_anew_by_the_calendar(clock, app, within, first, still, anew):
    campaign = opened(wuhan([{"most_yuan": 50, "within": within}]))
    place = shop(campaign)
    [lin] = citizens(1)
    held = hold(campaign, lin, 3)
    assert clock.now().astimezone(SHANGHAI) >= at(first)
    redeem(place.till, show(held[0], lin), 10_000)
    clock.move_to(at(still))
    assert refused(DiscountLimitReached, place.till, show(held[1], lin))["moment"] == anew[:10]
    clock.move_to(at(anew))
    redeem(place.till, show(held[1], lin), 10_000)


def test_advice_names_what_is_left_to_use(market):
    campaign, place = market
    [lin] = citizens(1)
    held = hold(campaign, lin, 4)
    sale = Sale(bill_fen=40_000, county=JIANGCHENG, industry="catering", at=clock_now())
    assert len(advise(lin, sale).best) == 2
    for voucher in held[:2]:
        redeem(place.till, show(voucher, lin), 10_000)
    advice = advise(lin, sale)
    assert advice.best == ()
    assert {line.refusal.code for line in advice.lines} == {"discount_limit_reached"}


def test_citizens_read_it_on_the_campaign_and_on_the_voucher(clock, sqlite_app):
    campaign = opened(wuhan())
    lin = people.citizen(LIN)
    [voucher] = hold(campaign, lin, 1)
    browser = people.browser_of(sqlite_app, LIN)
    assert "每人每月最多优惠 100 元，整个活动每人最多优惠 200 元" in browser.get("/campaigns/spring").text
    assert "每人每月最多优惠 100 元" in browser.get(f"/vouchers/{voucher}").text


# --- the file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "place"),
    [
        ([{"most_yuan": 100}], "discount_limits[1].within"),
        ([{"within": "month"}], "discount_limits[1].most_yuan"),
        ([{"most_yuan": 100, "within": "year"}], "discount_limits[1].within"),
        ([{"most_yuan": 49, "within": "month"}], "discount_limits[1].most_yuan"),
        ([{"most_yuan": 100, "within": "month"}] * 2, "discount_limits[2].within"),
        (
            [{"most_yuan": 100, "within": "month"}, {"most_yuan": 100, "within": "campaign"}],
            "discount_limits[2].most_yuan",
        ),
    ],
)
def test_what_does_not_fit_is_told(limits, place):
    with pytest.raises(DefinitionFaulty) as faulty:
        check(toml(wuhan(limits)))
    assert place in [fault.place for fault in faulty.value.faults]


def test_only_vouchers_have_a_limit_of_money():
    document = subsidy("appliance_trade_in")
    document["discount_limits"] = MONTH_AND_ALL
    with pytest.raises(DefinitionFaulty, match="只有消费券活动"):
        check(toml(document))


def test_an_amendment_keeps_it(clock, app):
    campaign = opened(wuhan())
    document = wuhan([{"most_yuan": 300, "within": "month"}]) | {"amendment": {"reason": "提高限额"}}
    with pytest.raises(DefinitionFaulty, match="发布后不能修改"):
        require_amends(db.session.get_one(Campaign, campaign.id), check(toml(document)))


def test_a_comparison_names_it():
    changes = compare(check(toml(wuhan())), check(toml(wuhan(MONTH_AND_ALL[:1]))))
    assert [str(change) for change in changes] == [
        "删除 discount_limits[2]（每人优惠限额）：整个活动每人最多优惠 200 元"
    ]


def test_the_notice_says_it():
    assert "每人每月最多优惠 100 元。" in as_text(notice(check(toml(wuhan()))))

"""Terms against worked cases: official examples (named after their city), boundaries to the fen and the microsecond."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.terms.axis import strategies
from campaigns.terms.benefit.spend_discount import SpendDiscount
from campaigns.terms.funding.shares import WHOLE, Shares
from campaigns.terms.limits.per_person import PerPerson
from campaigns.terms.quote import OfferTerms, quote
from campaigns.terms.sale import (
    BillBelowThreshold,
    Car,
    NotYetValid,
    OutsideCounty,
    OutsideIndustry,
    Sale,
    VoucherExpired,
)
from campaigns.terms.scope.places import Places
from campaigns.terms.validity.days import Days
from campaigns.terms.validity.fixed_end import FixedEnd
from campaigns.terms.validity.hours import Hours
from campaigns.terms.validity.month_end import MonthEnd
from campaigns.terms.validity.natural_days import NaturalDays
from campaigns.terms.validity.same_day import SameDay
from foundation.clock import TICK
from tests.world import ELSEWHERE, JIANGCHENG, YANGDONG, at

NOON = at("2023-05-08 12:00")
ONE_PAYER = Shares({"city": WHOLE})


def sale(bill_fen=20_000, county=JIANGCHENG, industry="catering", moment=NOON):
    return Sale(bill_fen, county, industry, moment)


def terms(face_fen=5_000, threshold_fen=20_000, *, funding=ONE_PAYER, scope=None, validity=None):
    return OfferTerms(SpendDiscount(face_fen, threshold_fen), funding, scope or Places(), validity or Hours(24))


def award(offer_terms, a_sale, valid_from=NOON, expires_at=NOON + timedelta(days=1)):
    return quote(offer_terms, a_sale, valid_from=valid_from, expires_at=expires_at)


# --- benefit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("face_fen", "threshold_fen", "bill_fen", "customer_pays_fen"),
    [
        pytest.param(500, 2_000, 2_500, 2_000, id="Hangzhou 1: 25 off-list, 5 off 20, pays 20"),
        pytest.param(1_000, 4_000, 4_500, 3_500, id="Hangzhou 2: 50 less the shop's own 5, 10 off 40, pays 35"),
        pytest.param(2_000, 8_000, 8_000, 6_000, id="Hangzhou 4: 80 exactly, 20 off 80, pays 60"),
        pytest.param(2_000, 6_000, 6_000, 4_000, id="Hubei 2022: three times the face, 60.00"),
        pytest.param(5_000, 20_000, 20_000, 15_000, id="Hubei 2025: four times the face, 200.00"),
        pytest.param(1, 2, 2, 1, id="the smallest there can be"),
        pytest.param(5_000, 20_000, 1_000_000_000, 999_995_000, id="a large bill gets no more than the face"),
    ],
)
def test_the_whole_face_comes_off_a_bill_that_reaches_the_threshold(
    face_fen, threshold_fen, bill_fen, customer_pays_fen
):
    got = award(terms(face_fen, threshold_fen), sale(bill_fen))
    assert (got.discount_fen, got.customer_pays_fen) == (face_fen, customer_pays_fen)
    assert sum(got.by_source.values()) == face_fen


@pytest.mark.parametrize(
    ("face_fen", "threshold_fen", "bill_fen", "missing"),
    [(2_000, 6_000, 5_999, "0.01"), (5_000, 20_000, 19_999, "0.01"), (2_000, 8_000, 1, "79.99")],
    ids=["59.99 of 60", "199.99 of 200", "one fen of 80"],
)
def test_a_bill_below_the_threshold_is_told_how_much_is_missing(face_fen, threshold_fen, bill_fen, missing):
    with pytest.raises(BillBelowThreshold) as refused:
        award(terms(face_fen, threshold_fen), sale(bill_fen))
    assert refused.value.code == "bill_below_threshold"
    assert refused.value.params["missing"] == missing
    assert missing in refused.value.way_out % refused.value.params


@given(face_fen=st.integers(1, 10**9), extra_fen=st.integers(1, 10**9), bill_fen=st.integers(1, 3 * 10**9))
def test_the_threshold_alone_decides(face_fen, extra_fen, bill_fen):
    offer_terms = terms(face_fen, face_fen + extra_fen)
    if bill_fen < face_fen + extra_fen:
        with pytest.raises(BillBelowThreshold):
            award(offer_terms, sale(bill_fen))
    else:
        assert award(offer_terms, sale(bill_fen)).discount_fen == face_fen


# --- funding ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount_fen", "shares", "parts"),
    [
        pytest.param(4_000, {"bureau": 5_000, "merchant": 5_000}, (2_000, 2_000), id="Shizuishan: 40 = 20 + 20"),
        pytest.param(
            2_500, {"bureau": 4_000, "bank": 2_000, "merchant": 4_000}, (1_000, 500, 1_000), id="25 = 10 + 5 + 10"
        ),
        pytest.param(
            5_000, {"bureau": 4_000, "bank": 2_000, "merchant": 4_000}, (2_000, 1_000, 2_000), id="50 = 20 + 10 + 20"
        ),
        pytest.param(5_000, {"gov": 7_500, "merchant": 2_500}, (3_750, 1_250), id="Pingluo: 75 % and 25 %"),
        pytest.param(100_000_000, {"province": 7_000, "local": 3_000}, (70_000_000, 30_000_000), id="Guangdong 2022"),
        pytest.param(100, {"a": 3_334, "b": 3_333, "c": 3_333}, (34, 33, 33), id="thirds: the odd fen to the largest"),
        pytest.param(101, {"a": 5_000, "b": 5_000}, (51, 50), id="halves: the odd fen to the first named"),
        pytest.param(1, {"a": 1, "b": 9_999}, (0, 1), id="one fen goes to the largest share"),
        pytest.param(5_000, {"only": 10_000}, (5_000,), id="one payer pays all"),
    ],
)
def test_sources_pay_their_shares_to_the_fen(amount_fen, shares, parts):
    assert tuple(Shares(shares).split(amount_fen).values()) == parts
    assert list(Shares(shares).split(amount_fen)) == list(shares)


@st.composite
def whole_shares(draw):
    cuts = sorted(draw(st.sets(st.integers(1, WHOLE - 1), max_size=6)))
    parts = [after - before for before, after in zip([0, *cuts], [*cuts, WHOLE], strict=True)]
    return {f"source-{number}": part for number, part in enumerate(parts)}


@given(amount_fen=st.integers(0, 10**12), shares=whole_shares())
def test_parts_always_sum_and_are_within_a_fen_of_the_exact_share(amount_fen, shares):
    parts = Shares(shares).split(amount_fen)
    assert sum(parts.values()) == amount_fen
    for source, share in shares.items():
        assert abs(parts[source] * WHOLE - amount_fen * share) < WHOLE


# --- validity -----------------------------------------------------------------------------------------------

FAR = at("2030-01-01 00:00")


@pytest.mark.parametrize(
    ("validity", "claimed", "campaign_ends", "ends"),
    [
        pytest.param(
            NaturalDays(7, "claim_day"), at("2024-02-23 10:00"), FAR, at("2024-03-01 00:00"), id="Hubei 2024, leap year"
        ),
        pytest.param(
            NaturalDays(7, "next_day"), at("2022-06-13 20:00"), FAR, at("2022-06-21 00:00"), id="Hubei 2022, next day"
        ),
        pytest.param(
            NaturalDays(3, "claim_day"),
            at("2026-12-30 15:00"),
            at("2027-01-01 00:00"),
            at("2027-01-01 00:00"),
            id="Zhongshan 2026, clipped to the campaign",
        ),
        pytest.param(Hours(24), at("2025-07-27 23:00"), FAR, at("2025-07-28 23:00"), id="Jinan, rolling hours"),
        pytest.param(SameDay(), at("2022-04-30 09:00:01"), FAR, at("2022-05-01 00:00"), id="Zhanjiang, same day"),
        pytest.param(SameDay(), at("2022-05-01 00:00"), FAR, at("2022-05-02 00:00"), id="same day, claimed at 00:00"),
        pytest.param(Days(8), at("2024-06-01 10:00"), FAR, at("2024-06-09 10:00"), id="Huizhou 2024, 8 days"),
        pytest.param(Days(14), at("2022-03-01 10:00"), at("2022-03-10 00:00"), at("2022-03-10 00:00"), id="clipped"),
        pytest.param(MonthEnd(), at("2026-02-01 11:00"), FAR, at("2026-03-01 00:00"), id="Tianjin, within the month"),
        pytest.param(MonthEnd(), at("2024-02-29 23:59"), FAR, at("2024-03-01 00:00"), id="month end, leap day"),
        pytest.param(MonthEnd(), at("2026-12-31 23:59"), FAR, at("2027-01-01 00:00"), id="month end, over the year"),
        pytest.param(MonthEnd(), at("2026-12-01 00:00"), FAR, at("2027-01-01 00:00"), id="month end, 1 December"),
        pytest.param(
            SameDay(usable_after_days=1), at("2025-05-01 10:00"), FAR, at("2025-05-03 00:00"), id="the day after"
        ),
        pytest.param(
            Hours(24, usable_after_days=1), at("2025-05-01 10:00"), FAR, at("2025-05-03 00:00"), id="hours from then"
        ),
        pytest.param(
            MonthEnd(usable_from=at("2025-03-01 00:00")),
            at("2025-02-28 10:00"),
            FAR,
            at("2025-04-01 00:00"),
            id="Shanghai 2025: delivered in February, usable in March",
        ),
        pytest.param(
            NaturalDays(2, "claim_day"),
            at("2025-01-01 10:00"),
            FAR,
            at("2025-01-03 00:00"),
            id="Jinan appliances, 2 days",
        ),
        pytest.param(
            FixedEnd(at("2023-02-15 00:00")),
            at("2023-01-20 10:00"),
            FAR,
            at("2023-02-15 00:00"),
            id="Lucheng, fixed end",
        ),
        pytest.param(
            FixedEnd(at("2023-02-15 00:00")),
            at("2023-01-20 10:00"),
            at("2023-02-01 00:00"),
            at("2023-02-01 00:00"),
            id="a fixed end is clipped too",
        ),
        pytest.param(
            Hours(24),
            at("2023-06-30 12:00"),
            at("2023-07-01 00:00"),
            at("2023-07-01 00:00"),
            id="hours are clipped too",
        ),
        pytest.param(
            NaturalDays(1, "claim_day"), at("2023-05-08 00:00"), FAR, at("2023-05-09 00:00"), id="claimed at 00:00"
        ),
        pytest.param(
            NaturalDays(1, "claim_day"),
            at("2023-05-09 00:00") - TICK,
            FAR,
            at("2023-05-09 00:00"),
            id="claimed in the last microsecond of the day",
        ),
        pytest.param(
            NaturalDays(1, "claim_day"),
            at("2024-02-28 23:59:59"),
            FAR,
            at("2024-02-29 00:00"),
            id="the day before a leap day",
        ),
        pytest.param(
            NaturalDays(1, "next_day"), at("2023-02-28 10:00"), FAR, at("2023-03-02 00:00"), id="no leap day in 2023"
        ),
        pytest.param(
            NaturalDays(2, "claim_day"), at("2023-12-31 10:00"), FAR, at("2024-01-02 00:00"), id="over the new year"
        ),
    ],
)
def test_an_entitlement_ends_when_the_convention_says(validity, claimed, campaign_ends, ends):
    got = terms(validity=validity).expires_at(claimed_at=claimed, campaign_ends_at=campaign_ends)
    assert got == ends


@pytest.mark.parametrize(
    ("validity", "claimed", "starts"),
    [
        (Hours(24), NOON, NOON),
        (SameDay(usable_after_days=1), at("2023-05-08 23:59"), at("2023-05-09 00:00")),
        (Days(3, usable_after_days=2), at("2023-05-08 00:00"), at("2023-05-10 00:00")),
        (FixedEnd(at("2025-04-01 00:00"), usable_from=at("2025-03-01 00:00")), NOON, at("2025-03-01 00:00")),
        (Hours(1, usable_from=at("2020-01-01 00:00")), NOON, NOON),
        (Hours(1, usable_from=at("2023-05-09 08:00"), usable_after_days=1), NOON, at("2023-05-09 08:00")),
    ],
    ids=["at once", "next day", "in two days", "Shanghai lottery", "never before the claim", "the later of both"],
)
def test_an_entitlement_may_become_usable_later_than_it_was_claimed(validity, claimed, starts):
    assert terms(validity=validity).valid_from(claimed_at=claimed) == starts


@pytest.mark.parametrize(
    ("moment", "refusal"),
    [
        (NOON - TICK, NotYetValid),
        (NOON, None),
        (NOON + timedelta(hours=2) - TICK, None),
        (NOON + timedelta(hours=2), VoucherExpired),
    ],
    ids=["a microsecond early", "at the first instant", "in the last microsecond", "at the exclusive end"],
)
def test_validity_is_half_open(moment, refusal):
    def ask():
        return award(terms(), sale(moment=moment), valid_from=NOON, expires_at=NOON + timedelta(hours=2))

    if refusal is None:
        assert ask().discount_fen == 5_000
    else:
        with pytest.raises(refusal):
            ask()


# --- scope --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "county", "industry", "refusal"),
    [
        (Places(), ELSEWHERE, "retail", None),
        (Places((JIANGCHENG,)), JIANGCHENG, "retail", None),
        (Places((JIANGCHENG,)), YANGDONG, "retail", OutsideCounty),
        (Places((JIANGCHENG, YANGDONG)), YANGDONG, "retail", None),
        (Places((), ("catering",)), YANGDONG, "catering", None),
        (Places((), ("catering",)), JIANGCHENG, "retail", OutsideIndustry),
        (Places((JIANGCHENG,), ("catering",)), YANGDONG, "retail", OutsideCounty),
    ],
)
def test_places_decide_where_it_may_be_used(scope, county, industry, refusal):
    if refusal is None:
        scope.check(sale(county=county, industry=industry))
        return
    with pytest.raises(refusal) as refused:
        scope.check(sale(county=county, industry=industry))
    assert refused.value.message % refused.value.params


def test_a_refusal_names_the_places_in_words():
    with pytest.raises(OutsideCounty) as refused:
        Places((JIANGCHENG, YANGDONG)).check(sale(county="441721"))
    assert "江城区、阳东区" in refused.value.message % refused.value.params


# --- all together -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mended", "refusal"),
    [
        (0, VoucherExpired),
        (1, OutsideCounty),
        (2, OutsideIndustry),
        (3, BillBelowThreshold),
        (4, None),
    ],
)
def test_time_is_refused_before_place_and_place_before_money(mended, refusal):
    everything_wrong = [("moment", NOON), ("county", JIANGCHENG), ("industry", "catering"), ("bill_fen", 20_000)]
    facts = {"moment": NOON + timedelta(days=9), "county": YANGDONG, "industry": "retail", "bill_fen": 1}
    facts.update(everything_wrong[:mended])
    scope = Places((JIANGCHENG,), ("catering",))
    if refusal is None:
        assert award(terms(scope=scope), sale(**facts)).discount_fen == 5_000
    else:
        with pytest.raises(refusal):
            award(terms(scope=scope), sale(**facts))


@pytest.mark.parametrize(
    ("off_fen", "bill_fen", "face_fen", "threshold_fen", "pays_fen", "gain_fen"),
    [
        (0, 2_500, 500, 2_000, 2_000, 500),
        (500, 4_500, 1_000, 4_000, 3_500, 1_500),
        (0, 8_000, 2_000, 8_000, 6_000, 2_000),
    ],
    ids=["Hangzhou 1", "Hangzhou 2: the shop's 5 and the government's 10", "Hangzhou 4"],
)
def test_what_the_merchant_gives_is_told_from_what_the_government_gives(
    off_fen, bill_fen, face_fen, threshold_fen, pays_fen, gain_fen
):
    a_sale = Sale(bill_fen, JIANGCHENG, "catering", NOON, merchant_discounts={"店庆": off_fen} if off_fen else {})
    got = award(terms(face_fen, threshold_fen), a_sale)
    assert (got.customer_pays_fen, got.merchant_gives_fen, got.discount_fen) == (pays_fen, off_fen, face_fen)
    assert got.list_price_fen - got.customer_pays_fen == gain_fen


@pytest.mark.parametrize(("given_as", "pays_fen"), [("discount", 19_700_000), ("cash", 20_000_000)])
def test_only_a_discount_comes_off_the_bill(given_as, pays_fen):
    table = strategies("campaigns.terms.benefit")["price_tiers"].load_strategy(
        {"price": "tax_inclusive", "tiers": [{"prices": "[0, ∞)", "yuan": 3000}], "given_as": given_as}
    )
    a_sale = Sale(20_000_000, JIANGCHENG, "automobile", NOON, car=Car(20_000_000, "nev"))
    got = award(OfferTerms(table, Shares({"city": 5_000, "county": 5_000}), Places(), Hours(24)), a_sale)
    assert (got.customer_pays_fen, got.by_source) == (pays_fen, {"city": 150_000, "county": 150_000})


def test_an_award_says_who_pays_what():
    got = award(terms(funding=Shares({"city": 2_000, "jiangcheng": 8_000})), sale(20_050))
    assert (got.by_source, got.customer_pays_fen) == ({"city": 1_000, "jiangcheng": 4_000}, 15_050)


# --- limits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("within", "key"), [("offer", "release:9"), ("round", "round:7"), ("campaign", "campaign:3")])
def test_a_limit_counts_within_its_scope(within, key):
    assert PerPerson(2, within).scope_key(campaign_id=3, round_id=7, release_id=9) == key


def test_every_strategy_is_found_by_being_there():
    found = {axis: list(strategies(f"campaigns.terms.{axis}")) for axis in ("benefit", "funding", "scope", "validity")}
    assert found == {
        "benefit": ["percent_by_grade", "price_tiers", "spend_discount"],
        "funding": ["fixed", "shares"],
        "scope": ["places"],
        "validity": ["days", "fixed_end", "hours", "month_end", "natural_days", "same_day"],
    }
    assert [len(strategies(f"campaigns.terms.{axis}")) for axis in ("refund", "issuance")] == [6, 5]
    assert list(strategies("campaigns.terms.limits")) == ["chances", "per_person"]


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (NaturalDays(7, "claim_day"), "7 个自然日内有效（含领取当日）"),
        (NaturalDays(7, "next_day"), "7 个自然日内有效（自领取次日起）"),
        (Hours(24), "领取后 24 小时内有效"),
        (Days(8), "领取后 8 天内有效（满 8 个 24 小时）"),
        (SameDay(), "领取当日 24:00 前有效"),
        (MonthEnd(), "领取当月最后一日 24:00 前有效"),
        (SameDay(usable_after_days=1), "领取次日起可用，起用当日 24:00 前有效"),
        (Hours(24, usable_from=at("2025-03-01 00:00")), "2025-03-01 00:00 起可用，起用后 24 小时内有效"),
        (SpendDiscount(5_000, 20_000), "满 200 元减 50 元"),
        (FixedEnd(at("2023-02-15 00:00")), "2023-02-15 00:00 前有效"),
        (PerPerson(2, "round"), "每轮每人限领 2 张"),
    ],
)
def test_a_strategy_says_itself_in_words(strategy, words):
    assert str(strategy.describe()) == words

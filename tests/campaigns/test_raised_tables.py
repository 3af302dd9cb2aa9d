"""What an amendment may make of an award table: more, never less; and since when."""

import copy
from decimal import Decimal

import pytest

from campaigns import award_tables, drafting
from campaigns.amendments import AmendmentRefused
from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.catalog import offer_facts
from campaigns.comparison import compare
from campaigns.notice import as_text, notice
from campaigns.terms.in_favour import takes_away
from tests import cars
from tests.campaigns.test_car_tiers import both, tiers
from tests.world import DRAFTER, PUBLISHER, at, done, opened, spring, toml

BEFORE = [("[10万, 30万)", both(3000, 4000)), ("[30万, ∞)", both(4000, 5000))]
SINCE = {"reason": "提高补贴标准", "applies_from": at("2023-05-01 00:00")}


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        [("[5万, 10万)", both(1000, 2000)), *BEFORE],
        [("[10万, 30万)", both(3000, Decimal("4000.01"))), ("[30万, ∞)", both(4000, 5000))],
        # A tier may be cut in two, and a bound may move to where the higher award begins sooner.
        [("[10万, 20万)", both(3000, 4000)), ("[20万, 30万)", both(3500, 4500)), ("[30万, ∞)", both(4000, 5000))],
        [("[10万, 25万)", both(3000, 4000)), ("[25万, ∞)", both(4000, 5000))],
        [("[0, ∞)", both(5000))],
    ],
)
def test_more_tiers_and_higher_amounts_take_nothing_away(after):
    assert list(takes_away(tiers(*BEFORE), tiers(*after))) == []


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (BEFORE[1:], "100,000.00 元的燃油车原来补 3000 元，修改后是 0 元"),
        ([("[10万, 30万)", both(3000, Decimal("3999.99"))), BEFORE[1]], "100,000.00 元的新能源车原来补 4000 元"),
        ([("(10万, 30万)", both(3000, 4000)), BEFORE[1]], "100,000.00 元的燃油车"),
        ([("[10万, 35万)", both(3000, 4000)), ("[35万, ∞)", both(4000, 5000))], "300,000.00 元的燃油车原来补 4000 元"),
        ([("[10万, 30万)", both(3000, 4000)), ("[30万, 100万)", both(4000, 5000))], "1,000,000.00 元的燃油车"),
        ([("[10万, 30万)", {"nev_yuan": 4000}), BEFORE[1]], "燃油车原来补 3000 元，修改后是 0 元"),
    ],
)
def test_a_price_that_gets_less_is_named(after, words):
    faults = list(takes_away(tiers(*BEFORE), tiers(*after)))
    assert {key for key, _ in faults} == {"tiers"}
    assert words in faults[0][1]


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"price": "tax_exclusive"}, "price", "价格口径"),
        ({"buyers": {"person": 1, "firm": 3}}, "buyers", "每位几辆"),
        ({"given_as": "discount"}, "given_as", "兑付方式"),
        ({"returned_counts": False}, "returned_counts", "退车"),
        ({"bonuses": [{"condition": "old_car_scrapped", "yuan": 999}]}, "bonuses", "只能提高"),
        (
            {
                "bonuses": [
                    {"condition": "old_car_scrapped", "yuan": 1000},
                    {"condition": "local_plate", "yuan": 1},
                ]
            },
            "bonuses",
            "没有问过",
        ),
    ],
)
def test_what_is_no_award_stays_and_a_bonus_nobody_was_asked_about_is_refused(change, key, words):
    bonus = {"bonuses": [{"condition": "old_car_scrapped", "yuan": 1000}]}
    [(place, message)] = takes_away(tiers(*BEFORE, **bonus), tiers(*BEFORE, **{**bonus, **change}))
    assert place == key
    assert words in message


@pytest.mark.parametrize(
    "own",
    [
        {"yuan": 1000, "most_cars": 5},
        {"yuan": 1000, "pool_yuan": 50_000},
        {"gifts": [{"name": "加油卡", "cost_yuan": 1000}]},
        {"floating": {"pool_yuan": 10_000, "least_yuan": 1_000, "most_yuan": 2_000}},
    ],
)
def test_a_table_whose_tiers_share_something_does_not_change(own):
    before, after = tiers(("[1, 10)", own)), tiers(("[1, 20)", own))
    [(key, message)] = takes_away(before, after)
    assert (key, "请新增券种" in message) == ("tiers", True)


def amended(document, *, raised=None, amendment=SINCE):
    after = copy.deepcopy(document)
    after["amendment"] = dict(amendment)
    if raised is not None:
        after["offers"][0]["benefit"]["tiers"] = raised
    return after


HIGHER = [{"prices": "[10万, ∞)", "ice_yuan": 4000, "nev_yuan": 5000}]


def faults_of(document):
    with pytest.raises(AmendmentRefused) as refused:
        done(lambda: drafting.import_draft(toml(document), by=DRAFTER))
    return {fault.place: fault.message for fault in refused.value.faults}


def test_an_amendment_that_takes_away_is_refused_by_its_place(clock, sqlite_app):
    opened(cars.car_document())
    lower = [{"prices": "[10万, ∞)", "ice_yuan": 2999, "nev_yuan": 5000}]
    assert list(faults_of(amended(cars.car_document(), raised=lower))) == ["offers[1].benefit.tiers"]
    renamed = amended(cars.car_document(), raised=HIGHER)
    renamed["offers"][0]["name"] = "别的名字"
    assert list(faults_of(renamed)) == ["offers[1]"]


def test_since_when_is_said_of_raised_awards_only_and_not_after_the_effect(clock, sqlite_app):
    opened(cars.car_document())
    assert "没有提高补贴标准" in faults_of(amended(cars.car_document()))["amendment.applies_from"]
    later = {"reason": "提高", "applies_from": at("2023-05-09 00:00")}
    message = faults_of(amended(cars.car_document(), raised=HIGHER, amendment=later))["amendment.applies_from"]
    assert "不能晚于生效" in message
    noon = {"reason": "提高", "applies_from": at("2023-05-01 12:00")}
    with pytest.raises(DefinitionFaulty, match=r"amendment\.applies_from：写当天 00:00"):
        check(toml(amended(cars.car_document(), raised=HIGHER, amendment=noon)))
    effect = {**SINCE, "effective_at": at("2023-04-30 00:00")}
    with pytest.raises(DefinitionFaulty, match="不能晚于生效时间"):
        check(toml(amended(cars.car_document(), raised=HIGHER, amendment=effect)))


def test_vouchers_keep_their_terms_and_are_told_so(clock, sqlite_app):
    opened()
    higher = amended(spring())
    higher["offers"][0]["benefit"]["face_value_yuan"] = 60
    faults = faults_of(higher)
    assert "请新增一项" in faults["offers[1]"]
    assert "已领取的券" not in as_text(notice(check(toml(spring()))))
    assert "已领取的券和已发放的补贴不变" in as_text(
        notice(check(toml(amended(spring(), amendment={"reason": "追加"}))))
    )


def test_diff_and_notice_tell_the_raise(clock, sqlite_app):
    before, after = check(toml(cars.car_document())), check(toml(amended(cars.car_document(), raised=HIGHER)))
    places = {change.place: str(change) for change in compare(before, after)}
    assert "补贴标准适用自" in next(words for place, words in places.items() if place.endswith("applies_from"))
    text = as_text(notice(after))
    assert "新的补贴标准适用于开票日期在2023年5月1日（含）以后的申请" in text
    assert "已批准的补发差额" in text


def test_the_newest_table_that_applies_from_the_papers_day_or_before_decides(clock, sqlite_app):
    """Version 2 reaches back to 3 May, version 3 only to 6 May, and version 4 brings money and no table."""
    campaign = opened(cars.car_document())
    versions = [campaign.version_id]
    document = cars.car_document()
    for nev, since in ((5000, "2023-05-03"), (6000, "2023-05-06"), (None, None)):
        if nev:
            amendment = {"reason": f"提高到 {nev} 元", "applies_from": at(f"{since} 00:00")}
            raised = [{"prices": "[10万, ∞)", "ice_yuan": 4000, "nev_yuan": nev}]
            document = amended(document, raised=raised, amendment=amendment)
        else:
            document = amended(document, amendment={"reason": "追加"})
            document["sources"][0]["budget_yuan"] += 100
        version = done(lambda document=document: drafting.import_draft(toml(document), by=DRAFTER).id)
        done(lambda version=version: drafting.publish(version, by=PUBLISHER))
        versions.append(version)
    first, second, third, _fourth = versions
    facts = offer_facts(campaign.offers["car"])
    found = {day: award_tables.table_on(facts, at(f"2023-05-0{day} 12:00").date()) for day in (2, 3, 5, 6)}
    assert {day: table.version_id for day, table in found.items()} == {2: first, 3: second, 5: second, 6: third}
    assert {table.newest for table in found.values()} == {third}
    assert award_tables.table_on(facts, at("2023-05-06 12:00").date(), known=second).version_id == second
    assert award_tables.current(facts).benefit.face_value_fen == 600_000


def test_a_premium_needs_a_policy_and_only_it_has_a_window_for_one(clock, sqlite_app):
    document = cars.car_document(benefit={"price": "premium"})
    with pytest.raises(DefinitionFaulty, match=r"issuance\.documents：按保费补贴的"):
        check(toml(document))
    document["rounds"][0]["issuance"]["documents"].append("insurance_policy")
    document["rounds"][0]["issuance"]["policies_from"] = at("2023-05-01 00:00")
    assert "商业险保单在 2023-05-01 至" in as_text(notice(check(toml(document))))
    document["offers"][0]["benefit"]["price"] = "tax_inclusive"
    with pytest.raises(DefinitionFaulty, match="只有按保费"):
        check(toml(document))

"""Limits count per person: several accounts, phones and devices of one do not get more; minors and the nameless."""

from datetime import date

import pytest
from sqlalchemy import func, select
from stdnum.cn import ric

from campaigns.campaign_file import DefinitionFaulty, check
from foundation.db import db
from identity.citizens import age_on, save_real_name
from tests import people
from tests.people import CHEN, LIN
from tests.world import a_round, at, citizens, claim, done, everything, opened, spring, toml
from voucher import claims
from voucher.errors import ChoiceTaken, LimitReached, RealNameNeeded, TooYoung
from voucher.models import Entitlement, PersonQuota

LIN_ID = "11010519491231002X"
TWO = [{"count": 2, "within": "round"}]
DEVICE = ["id_number", "device"]


def id_number(born, *, place="441702", order="001"):
    body = f"{place}{born:%Y%m%d}{order}"
    return body + str(ric.calc_check_digit(body + "0"))


def name(citizen, number, who="林小满"):
    done(lambda: save_real_name(citizen, name=who, id_number=number))


def claim_on(citizen, release, device):
    return done(lambda: claims.claim(citizen, release, device))


def test_two_phones_with_one_identity_number_have_one_limit(clock, app):
    campaign = opened()
    lin, also_lin = citizens(2)
    name(lin, LIN_ID)
    name(also_lin, LIN_ID)
    claim(lin, campaign.release)
    before = everything()
    with pytest.raises(LimitReached):
        claim(also_lin, campaign.release)
    assert everything(but=["same_person"]) == {k: v for k, v in before.items() if k != "same_person"}


def test_what_was_had_before_is_added_up_and_stays(clock, app):
    campaign = opened(spring(rounds=[a_round(limits=TWO)]))
    lin, also_lin, chen = citizens(3)
    for citizen in (lin, lin, also_lin, also_lin):
        claim(citizen, campaign.release)
    name(lin, LIN_ID)
    name(also_lin, LIN_ID)
    used = dict(db.session.execute(select(PersonQuota.person_id, PersonQuota.used)).all())
    assert used == {min(lin, also_lin): 4}
    assert db.session.scalar(select(func.count()).select_from(Entitlement)) == 4
    for citizen in (lin, also_lin):
        with pytest.raises(LimitReached):
            claim(citizen, campaign.release)
    claim(chen, campaign.release)


def test_one_device_is_one_person_where_the_campaign_says_so(clock, app):
    campaign = opened(spring(people={"same_person": DEVICE}))
    lin, chen = citizens(2)
    claim_on(lin, campaign.release, b"a" * 32)
    with pytest.raises(LimitReached):
        claim_on(chen, campaign.release, b"a" * 32)


def test_one_device_is_no_hindrance_where_it_does_not(clock, app):
    campaign = opened()
    for citizen in citizens(2):
        claim_on(citizen, campaign.release, b"a" * 32)


def test_a_join_in_one_campaign_leaves_the_counts_of_another_alone(clock, app):
    first = opened(spring(people={"same_person": DEVICE}))
    document = spring(rounds=[a_round(limits=TWO)])
    document["campaign"] |= {"code": "other"}
    second = opened(document)
    lin, chen = citizens(2)
    for citizen in (lin, chen):
        claim(citizen, second.release)
    claim_on(lin, first.release, b"a" * 32)
    with pytest.raises(LimitReached):
        claim_on(chen, first.release, b"a" * 32)
    for citizen in (lin, chen):
        claim(citizen, second.release)


def test_a_choice_is_made_once_per_person(clock, app):
    releases = [{"offer": "meal", "stock": 5, "group": "one"}, {"offer": "tea", "stock": 5, "group": "one"}]
    document = spring(rounds=[a_round(limits=TWO, releases=releases)])
    document["offers"].append(document["offers"][0] | {"code": "tea"})
    campaign = opened(document)
    lin, also_lin = citizens(2)
    name(lin, LIN_ID)
    name(also_lin, LIN_ID)
    claim(lin, campaign.releases["r1", "meal"])
    with pytest.raises(ChoiceTaken):
        claim(also_lin, campaign.releases["r1", "tea"])


# --- real names and age ---------------------------------------------------------------------------------------


def real(**rules):
    return spring(people={"real_name": True, **rules})


def test_a_campaign_may_ask_for_a_real_name(clock, app):
    campaign = opened(real())
    (lin,) = citizens(1)
    before = everything()
    with pytest.raises(RealNameNeeded):
        claim(lin, campaign.release)
    assert everything() == before
    name(lin, LIN_ID)
    claim(lin, campaign.release)


@pytest.mark.parametrize(
    ("born", "refused"),
    [
        # The round's day is 2023-05-08.
        (date(2005, 5, 7), False),
        (date(2005, 5, 8), False),
        (date(2005, 5, 9), True),
        (date(2015, 1, 1), True),
    ],
)
def test_eighteen_years_are_counted_to_the_day(clock, app, born, refused):
    campaign = opened(real())
    (lin,) = citizens(1)
    name(lin, id_number(born))
    if refused:
        with pytest.raises(TooYoung, match="18"):
            claim(lin, campaign.release)
    else:
        claim(lin, campaign.release)


def test_the_campaign_says_which_age(clock, app):
    campaign = opened(real(min_age=16))
    young, younger = citizens(2)
    name(young, id_number(date(2007, 5, 8)))
    name(younger, id_number(date(2007, 5, 9)))
    claim(young, campaign.release)
    with pytest.raises(TooYoung, match="16"):
        claim(younger, campaign.release)
    assert check(toml(real(min_age=0))).people.min_age == 0
    assert check(toml(real())).people.min_age == 18
    assert check(toml(spring())).people.min_age == 0


@pytest.mark.parametrize(
    ("day", "age"), [(date(2023, 2, 28), 18), (date(2023, 3, 1), 19), (date(2024, 2, 28), 19), (date(2024, 2, 29), 20)]
)
def test_who_was_born_on_a_leap_day_has_a_birthday_every_year(day, age):
    assert age_on(day, date(2004, 2, 29)) == age


def test_the_day_is_shanghais(clock, app):
    # Half past midnight of the ninth in Shanghai is still the eighth in Greenwich.
    campaign = opened(real())
    clock.move_to(at("2023-05-09 00:30"))
    (lin,) = citizens(1)
    name(lin, id_number(date(2005, 5, 9)))
    claim(lin, campaign.release)


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ({"min_age": 18}, "people.min_age"),
        ({"real_name": "yes"}, "people.real_name"),
        ({"same_person": ["nose"]}, "people.same_person[1]"),
        ({"min_age": 101, "real_name": True}, "people.min_age"),
        ({"age": 3}, "people.age"),
    ],
)
def test_faults_of_the_rules_have_their_place(rules, place):
    with pytest.raises(DefinitionFaulty) as faulty:
        check(toml(spring(people=rules)))
    assert place in {fault.place for fault in faulty.value.faults}


def test_the_page_leads_to_the_real_name_and_back(clock, sqlite_app):
    campaign = opened(real())
    client = people.browser_of(sqlite_app, LIN)
    page = client.get("/campaigns/spring").text
    assert "须实名，年满 18 周岁" in page
    assert "实名后领取" in page
    assert "/sign-in/real-name?next=/campaigns/spring" in page
    refused = client.post("/campaigns/spring/claims", data={"release_id": campaign.release})
    assert refused.status_code == 409
    assert "/sign-in/real-name?next=/campaigns/spring" in refused.text
    name(people.citizen(LIN), LIN_ID)
    assert "实名后领取" not in client.get("/campaigns/spring").text
    assert client.post("/campaigns/spring/claims", data={"release_id": campaign.release}).status_code == 303


def test_the_page_counts_per_person(clock, sqlite_app):
    campaign = opened()
    for citizen in (people.citizen(LIN), people.citizen(CHEN)):
        name(citizen, LIN_ID)
    claim(people.citizen(CHEN), campaign.release)
    assert "已达上限" in people.browser_of(sqlite_app, LIN).get("/campaigns/spring").text

"""Lists of subsidies paid elsewhere (domain.md §2.1: 不得叠加, 查重): who is on one is refused, and what came before it
is found."""

import pytest
from sqlalchemy import func, select

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.notice import as_text, notice
from foundation.db import db
from identity.citizens import save_real_name
from settlement import elsewhere_overlaps as overlaps
from settlement import payout_returns
from tests import people, world
from tests.applications import desk
from tests.world import done
from voucher import claims, elsewhere
from voucher.elsewhere_file import read_numbers
from voucher.elsewhere_models import ElsewhereKey, ElsewhereLine
from voucher.errors import (
    ElsewhereListUnknown,
    ElsewhereRevokeReasonMissing,
    HadSubsidyElsewhere,
    ListUnreadable,
)

PROVINCE = {"code": "prov-2025", "name": "省级汽车以旧换新", "listed": True}
OFFICER = "officer:1"


def opened(**changed):
    """Open a car subsidy that does not go together with the province's."""
    written = desk.document(**changed)
    written["people"] = {"apart_from": [PROVINCE]}
    campaign = world.opened(written)
    return desk.named_scene(campaign, world.shop(campaign, name="漠阳汽车", industry="automobile"))


def listed(text, *, code="prov-2025"):
    """Import a list and return its id."""
    data = text.encode()
    read = read_numbers(data, "province.csv")
    assert read.errors == []
    return done(lambda: elsewhere.import_list(code, "省补", read, data=data, file_name="province.csv", by=OFFICER).id)


def numbers(number=1):
    return {"id_number": desk.an_id_number(number), "vin": desk.a_vin(number)}


# --- the file -------------------------------------------------------------------------------------------------


def test_every_wrong_cell_is_named_and_what_repeats_is_a_warning():
    text = (
        "序号,身份证号,车架号（VIN）,统一社会信用代码\n"
        f"1,{desk.an_id_number(1)},{desk.a_vin(1).lower()},\n"
        "2,441702199001011234,,\n"
        f"3,,LSVAA0010N0000001,{world.a_uscc(3)}X\n"
        "4,,,\n"
        f"5,{desk.an_id_number(1)},{desk.a_vin(2)},{world.a_uscc(3)}\n"
    )
    read = read_numbers(text.encode(), "x.csv")
    assert [(each.row, each.column) for each in read.errors] == [
        (3, "身份证号"),
        (4, "车架号"),
        (4, "统一社会信用代码"),
        (5, ""),
    ]
    assert [(each.row, each.column) for each in read.warnings] == [(6, "身份证号")]
    assert [(line.row, line.numbers) for line in read.lines] == [
        (2, numbers(1)),
        (6, {"vin": desk.a_vin(2), "uscc": world.a_uscc(3)}),
    ]


@pytest.mark.parametrize("text", ["", "姓名,电话\n林,1\n", "车架号\n", "车架号,VIN\n1,2\n"])
def test_what_is_no_list_is_refused(text):
    with pytest.raises(ListUnreadable):
        read_numbers(text.encode(), "x.csv")


# --- before and after -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["id_number", "vin"])
def test_who_or_what_car_is_on_a_list_is_refused(clock, app, kind):
    scene = opened()
    heading = {"id_number": "身份证号", "vin": "车架号"}[kind]
    listed(f"{heading}\n{numbers(1)[kind]}\n")
    (lin,) = people.citizens(1)
    application = desk.filled(lin, scene.release)
    before = world.everything()
    with pytest.raises(HadSubsidyElsewhere) as why:
        desk.submit(application, lin)
    assert why.value.field == kind
    assert str(why.value.params["campaign"]) == "省级汽车以旧换新"
    assert world.everything() == before
    # Another programme's list, and another car, keep nobody out.
    assert desk.submitted(scene, first=2)


def test_a_list_of_another_programme_refuses_nobody(clock, app):
    scene = opened()
    listed(f"车架号\n{numbers(1)['vin']}\n", code="other-2025")
    assert desk.submitted(scene)
    assert overlaps.overlaps() == []


def test_a_firm_is_found_by_its_credit_code(clock, app):
    scene = opened(benefit={"buyers": {"person": 1, "firm": 3}})
    uscc = world.a_uscc(905)
    listed(f"统一社会信用代码,身份证号\n{uscc},\n,{desk.an_id_number(9)}\n")
    (lin,) = people.citizens(1)
    campaign = scene.campaign
    facts = desk.release_facts(campaign.release)
    with pytest.raises(HadSubsidyElsewhere) as why:
        done(lambda: elsewhere.take(facts, lin, {"uscc": uscc, "vin": desk.a_vin(5)}))
    assert why.value.field == "uscc"


def test_what_came_before_the_list_is_found_with_what_is_at_risk(clock, app):
    scene = opened()
    reviewing, approved = desk.submitted(scene, 2)
    desk.passed(scene, approved)
    desk.jobs.open_notices()
    clock.move_to(clock.now() + desk.timedelta(days=10))
    desk.jobs.end_notices()
    assert desk.status(approved) == "approved"
    first = listed(f"车架号,身份证号\n{numbers(1)['vin']},\n{numbers(2)['vin']},{numbers(2)['id_number']}\n")
    rows = overlaps.overlaps()
    assert [(row.row, row.standing, row.at_risk_fen, row.kinds) for row in rows] == [
        (2, "reviewing", 400_000, ("vin",)),
        (3, "owed", 400_000, ("id_number", "vin")),
    ]
    assert overlaps.at_risk_fen(rows) == 800_000
    assert all(number not in row.numbers for row in rows for number in (*numbers(1).values(), *numbers(2).values()))
    # The existing ways leave nothing at risk.
    desk.reject(reviewing, scene.county)
    payout = db.session.scalar(select(overlaps.Payout.id))
    done(lambda: payout_returns.take_back_payout(payout, by="officer:3", reason="与省补重复", evidence="查重 1-3 行"))
    [left] = overlaps.overlaps(first)
    assert (left.standing, left.at_risk_fen) == ("ended", 0)


def test_who_was_rejected_is_refused_when_they_come_again(clock, app):
    scene = opened()
    (first,) = desk.submitted(scene)
    listed(f"车架号\n{numbers(1)['vin']}\n")
    desk.reject(first, scene.county)
    assert overlaps.overlaps() == []
    with pytest.raises(HadSubsidyElsewhere):
        desk.submitted(scene, 1, first=1)


def test_a_revoked_list_refuses_nobody_but_what_another_has_stays(clock, app):
    scene = opened()
    one = listed(f"车架号\n{numbers(1)['vin']}\n{numbers(2)['vin']}\n")
    listed(f"车架号\n{numbers(2)['vin']}\n")
    with pytest.raises(ElsewhereRevokeReasonMissing):
        done(lambda: elsewhere.revoke(one, by=OFFICER, reason=" "))
    done(lambda: elsewhere.revoke(one, by=OFFICER, reason="导错了文件"))
    with pytest.raises(ElsewhereListUnknown):
        done(lambda: elsewhere.revoke(one, by=OFFICER, reason="导错了文件"))
    assert desk.submitted(scene)
    with pytest.raises(HadSubsidyElsewhere):
        desk.submitted(scene, 1, first=2)


def test_a_revoked_list_finds_nobody_any_more(clock, app):
    scene = opened()
    desk.submitted(scene)
    one = listed(f"车架号\n{numbers(1)['vin']}\n")
    two = listed(f"车架号\n{numbers(1)['vin']}\n")
    assert [row.list_id for row in overlaps.overlaps()] == [one]
    done(lambda: elsewhere.revoke(one, by=OFFICER, reason="导错了文件"))
    assert [row.list_id for row in overlaps.overlaps()] == [two]
    done(lambda: elsewhere.revoke(two, by=OFFICER, reason="导错了文件"))
    assert overlaps.overlaps() == []


def test_numbers_are_kept_as_keyed_hashes_only(clock, app):
    opened()
    listed(f"车架号,身份证号\n{numbers(1)['vin']},{numbers(1)['id_number']}\n")
    kept = world.everything()
    for table in ("elsewhere_key", "elsewhere_line", "elsewhere_list"):
        assert all(number not in repr(kept[table]) for number in numbers(1).values())
    assert db.session.scalar(select(func.count()).select_from(ElsewhereLine)) == 2
    assert db.session.scalar(select(func.count()).select_from(ElsewhereKey)) == 2


# --- claims ---------------------------------------------------------------------------------------------------


def vouchers():
    return world.opened(world.spring(people={"real_name": True, "apart_from": [PROVINCE]}))


def named(number, phone):
    (who,) = people.citizens(1, first_phone=phone)
    done(lambda: save_real_name(who, name=desk.a_name(number), id_number=desk.an_id_number(number)))
    return who


def test_a_claim_is_refused_where_the_campaign_says_so(clock, app):
    campaign = vouchers()
    lin, chen = named(1, 13900000001), named(2, 13900000002)
    listed(f"身份证号\n{numbers(1)['id_number']}\n")
    outcomes = done(lambda: claims.claim_batch([claims.ClaimRequest(who, campaign.release) for who in (lin, chen)]))
    assert isinstance(outcomes[0], HadSubsidyElsewhere)
    assert isinstance(outcomes[1], claims.Granted)
    listed(f"身份证号\n{numbers(2)['id_number']}\n")
    [row] = overlaps.overlaps()
    assert (row.holder_kind, row.standing, row.at_risk_fen, row.who) == ("claim", "granted", 5_000, "陈**")


def test_a_claim_of_a_campaign_that_names_no_list_asks_none(clock, app):
    campaign = world.opened()
    listed(f"身份证号\n{numbers(1)['id_number']}\n")
    who = named(1, 13900000001)
    assert world.claim(who, campaign.release)


# --- the campaign file ----------------------------------------------------------------------------------------


def test_the_file_names_lists_beside_own_campaigns_and_the_notice_says_so():
    written = desk.document()
    written["people"] = {"apart_from": [PROVINCE, {"code": "county", "name": "阳东区购车补贴"}]}
    definition = check(world.toml(written))
    assert [other.code for other in definition.people.elsewhere] == ["prov-2025"]
    told = as_text(notice(definition))
    assert "已享受“省级汽车以旧换新”的不再享受；已享受“阳东区购车补贴”的不再享受" in told


def test_claims_need_a_real_name_for_lists_to_find_them():
    with pytest.raises(DefinitionFaulty) as why:
        check(world.toml(world.spring(people={"apart_from": [PROVINCE]})))
    assert [fault.place for fault in why.value.faults] == ["people.apart_from"]


def a_life():
    """Live through lists, so that every table that a check looks at has rows."""
    campaign = world.opened(
        world.spring(
            people={"real_name": True, "apart_from": [PROVINCE]},
            campaign={**world.spring()["campaign"], "code": "apart"},
            rounds=[world.a_round(closes_at=world.ENDS, releases=[{"offer": "meal", "stock": 1}])],
        )
    )
    world.claim(named(71, 13900000071), campaign.release)
    listed(f"身份证号\n{numbers(71)['id_number']}\n{numbers(72)['id_number']}\n")

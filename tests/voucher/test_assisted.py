"""Assisted claims: staff claim for people without a smartphone, within everybody's limits, and print what they get."""

import re

import pytest
from sqlalchemy import select

from campaigns.campaign_file import DefinitionFaulty, check
from foundation.db import db
from identity.citizens import save_real_name
from identity.errors import IdNumberMalformed, IdNumberTaken, NameMalformed, PhoneMalformed
from identity.models import Citizen
from tests import people
from tests.people import LIN, SONG, WEI
from tests.world import (
    a_round,
    at,
    citizens,
    claim,
    done,
    everything,
    offer,
    opened,
    redeem,
    shop,
    show,
    spring,
    toml,
    void,
)
from voucher import assisted, codes
from voucher.errors import (
    AlreadyRedeemed,
    ByStaff,
    CodeMistyped,
    CodeRetired,
    LimitReached,
    NotAssisted,
    ReleaseUnknown,
    RoundClosed,
    SoldOut,
    TooYoung,
    VoucherNotShowable,
    VoucherUnknown,
)
from voucher.models import Entitlement, PrintedVoucher, VoucherCode

NAN, NAN_ID = "南阿婆", "11010519491231002X"
BEI, BEI_ID = "北阿公", "11010119900307109X"
DESK = "officer:7"


def with_desk(stock=3, beside="r1", **changed):
    """An online round, and one beside it of which staff claim."""
    desk = a_round(
        "desk",
        name="线下代领",
        issuance={"kind": "assisted", "beside": beside} if beside else {"kind": "assisted"},
        releases=[{"offer": "meal", "stock": stock}],
        **changed,
    )
    return spring(rounds=[a_round(), desk])


@pytest.fixture
def campaign(clock, app):
    return opened(with_desk())


def claim_for(campaign, name=NAN, id_number=NAN_ID, phone="", release=("desk", "meal")):
    return done(
        lambda: assisted.claim_for(campaign.releases[release], name=name, id_number=id_number, phone=phone, by=DESK)
    )


def test_a_person_without_a_phone_gets_a_paper_that_a_till_takes_once(campaign):
    place = shop(campaign)
    [paper] = claim_for(campaign)
    assert paper.digits.startswith("97")
    assert codes.read_code(paper.digits)
    citizen = db.session.scalars(select(Citizen)).one()
    assert (citizen.phone, citizen.name, citizen.id_number) == (None, NAN, NAN_ID)
    assert redeem(place.till, paper.digits).discount_fen == 5_000
    with pytest.raises(AlreadyRedeemed):
        redeem(place.till, paper.digits)


def test_the_code_on_paper_lives_as_long_as_its_voucher(campaign, clock):
    place = shop(campaign)
    [paper] = claim_for(campaign)
    clock.move_to(at("2023-05-14 23:59"))
    assert redeem(place.till, paper.digits).discount_fen == 5_000


def test_a_voided_redemption_makes_the_paper_good_again(campaign):
    place = shop(campaign)
    [paper] = claim_for(campaign)
    void(redeem(place.till, paper.digits), place.till)
    assert redeem(place.till, paper.digits).discount_fen == 5_000


def test_a_reprint_retires_the_paper_before(campaign):
    place = shop(campaign)
    [first] = claim_for(campaign)
    second = done(lambda: assisted.print_again(first.entitlement_id, by=DESK))
    with pytest.raises(CodeRetired):
        redeem(place.till, first.digits)
    assert redeem(place.till, second.digits).discount_fen == 5_000
    prints = db.session.execute(select(PrintedVoucher.number, PrintedVoucher.printed_by)).all()
    assert sorted(map(tuple, prints)) == [(1, DESK), (2, DESK)]


def test_of_a_voucher_one_print_is_good_whatever_writes_it(campaign):
    [paper] = claim_for(campaign)
    row = {"entitlement_id": paper.entitlement_id, "device_hash": b"0" * 32, "printed": True}
    moment = at("2023-05-08 11:00")
    with pytest.raises(Exception, match=r"(?i)unique"):
        done(lambda: db.session.add(VoucherCode(code_hash=b"x" * 32, shown_at=moment, expires_at=moment, **row)))
    db.session.rollback()


def test_a_slip_of_the_finger_is_told_from_an_unknown_code(campaign):
    [paper] = claim_for(campaign)
    wrong = paper.digits[:-1] + str((int(paper.digits[-1]) + 1) % 10)
    with pytest.raises(CodeMistyped):
        redeem(shop(campaign).till, wrong)


def test_who_claimed_online_claims_no_more_at_the_desk_and_the_other_way_round(campaign):
    [lin] = citizens(1)
    done(lambda: save_real_name(lin, name=NAN, id_number=NAN_ID))
    claim(lin, campaign.releases["r1", "meal"])
    with pytest.raises(LimitReached):
        claim_for(campaign)
    claim_for(campaign, BEI, BEI_ID)
    chen = citizens(2)[1]
    done(lambda: save_real_name(chen, name=BEI, id_number=BEI_ID))
    with pytest.raises(LimitReached):
        claim(chen, campaign.releases["r1", "meal"])


def test_without_a_round_beside_the_desk_counts_by_itself(clock, app):
    campaign = opened(with_desk(beside=""))
    [lin] = citizens(1)
    done(lambda: save_real_name(lin, name=NAN, id_number=NAN_ID))
    claim(lin, campaign.releases["r1", "meal"])
    assert len(claim_for(campaign)) == 1


def test_with_a_phone_the_voucher_is_in_the_account_too(campaign):
    [paper] = claim_for(campaign, phone=LIN.phone)
    lin = people.citizen(LIN)
    assert db.session.get_one(Entitlement, paper.entitlement_id).citizen_id == lin
    show(paper.entitlement_id, lin)
    assert redeem(shop(campaign).till, paper.digits).discount_fen == 5_000


def test_citizens_cannot_take_what_is_set_apart(campaign):
    with pytest.raises(ByStaff):
        claim(citizens(1)[0], campaign.releases["desk", "meal"])


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        ({"name": "x"}, NameMalformed),
        ({"id_number": "110105194912310021"}, IdNumberMalformed),
        ({"phone": "123"}, PhoneMalformed),
        ({"release": ("r1", "meal")}, NotAssisted),
    ],
)
def test_what_is_wrong_is_refused_and_leaves_nothing(campaign, who, refusal):
    before = everything()
    with pytest.raises(refusal):
        claim_for(campaign, **who)
    assert everything() == before


def test_a_number_under_another_name_is_refused(campaign):
    [lin] = citizens(1)
    done(lambda: save_real_name(lin, name="林小满", id_number=NAN_ID))
    with pytest.raises(IdNumberTaken):
        claim_for(campaign)


def test_the_part_set_apart_is_used_up_and_ends(clock, app):
    campaign = opened(with_desk(stock=1))
    claim_for(campaign)
    with pytest.raises(SoldOut):
        claim_for(campaign, BEI, BEI_ID)
    clock.move_to(at("2023-05-10 22:00"))
    with pytest.raises(RoundClosed):
        claim_for(campaign, BEI, BEI_ID)


def test_a_release_that_is_none_and_a_voucher_that_is_none(campaign):
    with pytest.raises(ReleaseUnknown):
        done(lambda: assisted.claim_for(999, name=NAN, id_number=NAN_ID, phone="", by=DESK))
    online = claim(citizens(1)[0], campaign.releases["r1", "meal"])
    with pytest.raises(NotAssisted):
        done(lambda: assisted.print_again(online, by=DESK))
    with pytest.raises(VoucherUnknown):
        done(lambda: assisted.print_again(people.citizen(LIN), by=DESK))


def test_what_is_used_is_not_printed_again(campaign):
    [paper] = claim_for(campaign)
    redeem(shop(campaign).till, paper.digits)
    with pytest.raises(VoucherNotShowable):
        done(lambda: assisted.print_again(paper.entitlement_id, by=DESK))


def test_the_campaigns_rules_about_people_hold(clock, app):
    document = with_desk()
    document["people"] = {"real_name": True, "min_age": 60}
    campaign = opened(document)
    with pytest.raises(TooYoung):
        claim_for(campaign, BEI, BEI_ID)
    assert claim_for(campaign)


def test_a_pack_is_printed_whole(clock, app):
    document = with_desk()
    document["offers"].append(offer("snack", name="小吃券", benefit={"face_value_yuan": 5, "threshold_yuan": 20}))
    document["packs"] = [
        {"code": "bag", "name": "券包", "contents": [{"offer": "meal", "count": 1}, {"offer": "snack", "count": 2}]}
    ]
    document["rounds"][1]["releases"] = [{"pack": "bag", "stock": 2}]
    campaign = opened(document)
    papers = claim_for(campaign)
    assert len({paper.digits for paper in papers}) == 3
    assert assisted.open_releases()[0].remaining == 1


def test_a_round_beside_one_that_is_none_is_a_fault():
    document = with_desk(beside="r9")
    with pytest.raises(DefinitionFaulty) as fault:
        check(toml(document))
    assert [str(each) for each in fault.value.faults] == ["rounds[2].issuance.beside：没有线上轮次“r9”；可以是：r1"]


# --- the desk's pages -----------------------------------------------------------------------------------------


def test_the_desk_claims_prints_finds_and_prints_again(clock, sqlite_app):
    campaign = opened(with_desk())
    place = shop(campaign)
    desk = people.browser_of(sqlite_app, WEI)
    release = campaign.releases["desk", "meal"]
    assert "余 3 / 3" in desk.get("/bureau/assisted").text
    form = {"release_id": str(release), "name": NAN, "id_number": NAN_ID, "phone": ""}
    paper = desk.post("/bureau/assisted", data=form)
    assert paper.status_code == 200
    assert paper.headers["Cache-Control"] == "no-store"
    digits = re.search(r'paper__digits num">([0-9 ]+)<', paper.text).group(1)
    assert NAN_ID not in paper.text
    assert "南**" in paper.text
    again = desk.post("/bureau/assisted", data=form)
    assert again.status_code == 422
    assert "您已达到领取上限" in again.text
    found = desk.post("/bureau/assisted/find", data={"find": NAN_ID}).text
    assert "查找结果" in found
    entitlement_id = db.session.scalars(select(Entitlement.id)).one()
    reprint = desk.post(f"/bureau/assisted/{entitlement_id}/print")
    second = re.search(r'paper__digits num">([0-9 ]+)<', reprint.text).group(1)
    with pytest.raises(CodeRetired):
        redeem(place.till, digits)
    assert redeem(place.till, second).discount_fen == 5_000
    assert desk.post(f"/bureau/assisted/{entitlement_id}/print").status_code == 422
    assert "号码" in desk.post("/bureau/assisted/find", data={"find": "123"}).text


def test_an_auditor_looks_and_does_not_claim(clock, sqlite_app):
    campaign = opened(with_desk())
    auditor = people.browser_of(sqlite_app, SONG)
    assert auditor.get("/bureau/assisted").status_code == 200
    form = {"release_id": str(campaign.releases["desk", "meal"]), "name": NAN, "id_number": NAN_ID}
    assert auditor.post("/bureau/assisted", data=form).status_code == 403
    assert db.session.scalars(select(Entitlement)).all() == []


def test_the_campaigns_page_says_where_to_go_without_a_phone(clock, sqlite_app):
    opened(with_desk())
    page = people.browser_of(sqlite_app).get("/campaigns/spring").text
    assert "可由本人带身份证到服务窗口代领纸质券" in page
    assert page.count('name="release_id"') == 1

"""Packs and choice groups: all of a pack or nothing of it, one of a group, and the money of all of it exactly."""

import pytest
from sqlalchemy import func, select, text

from campaigns import rounds
from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.offers import campaign_view
from campaigns.rounds import PackTornApart, close_due_rounds
from foundation.db import db
from ledger import accounts
from ledger.posting import balance_fen
from tests import people
from tests.people import CHEN, LIN
from tests.world import (
    CLOSES,
    JOB,
    a_round,
    citizens,
    claim_and_show,
    done,
    everything,
    offer,
    opened,
    published,
    redeem,
    release_row,
    shop,
    spring,
    toml,
)
from voucher.claims import ClaimRequest, Granted, claim, claim_batch
from voucher.errors import ChoiceTaken, LimitReached, ReleaseUnknown, SoldOut
from voucher.models import ClaimBatch, Entitlement, PersonQuota

#: Hangzhou's pack of June 2022 (domain.md V1, V6): 5 off 20 twice, 10 off 40 twice, 20 off 80 once; 50 yuan.
OFFERS = [
    offer(code, name=name, benefit={"face_value_yuan": face, "threshold_yuan": threshold})
    for code, name, face, threshold in (
        ("off-5", "五元券", 5, 20),
        ("off-10", "十元券", 10, 40),
        ("off-20", "二十元券", 20, 80),
    )
]
PACK = {
    "code": "family",
    "name": "五张券包",
    "contents": [
        {"offer": "off-5", "count": 2},
        {"offer": "off-10", "count": 2},
        {"offer": "off-20", "count": 1},
    ],
}


def with_pack(stock=10, *, releases=None, limits=None, **changed):
    a = a_round(
        releases=releases or [{"pack": "family", "stock": stock}],
        **({"limits": limits} if limits else {}),
    )
    return spring(offers=OFFERS, packs=[PACK], rounds=[a], **changed)


def held(citizen):
    db.session.rollback()
    rows = db.session.execute(
        select(Entitlement.face_value_fen, func.count())
        .where(Entitlement.citizen_id == citizen)
        .group_by(Entitlement.face_value_fen)
    )
    return dict(rows.all())


def test_one_claim_gives_the_whole_pack_and_sets_all_its_money_aside(clock, app):
    campaign = opened(with_pack(stock=10))
    (citizen,) = citizens(1)
    granted = done(lambda: claim(citizen, campaign.release))
    assert len(granted.entitlement_ids) == 5
    assert held(citizen) == {500: 2, 1000: 2, 2000: 1}
    left = {code: release_row(release).remaining for (_, code), release in campaign.releases.items()}
    assert left == {"off-5": 18, "off-10": 18, "off-20": 9}
    # 50 yuan, a fifth from the city: 10 in vouchers, 90 still on release, the rest of 100,000 in the pool.
    assert sum(campaign.outstanding_fen("city", code) for code in ("off-5", "off-10", "off-20")) == 1_000
    assert sum(campaign.outstanding_fen("jiangcheng", code) for code in ("off-5", "off-10", "off-20")) == 4_000
    assert campaign.pool_fen("city") == 10_000_000 - 10 * 1_000
    assert db.session.scalar(select(PersonQuota.used).where(PersonQuota.person_id == citizen)) == 1
    assert db.session.scalar(select(func.count()).select_from(ClaimBatch)) == 3


def test_the_stock_counts_packs_and_the_last_one_is_whole(clock, app):
    campaign = opened(with_pack(stock=3))
    requests = [ClaimRequest(citizen, campaign.release) for citizen in citizens(5)]
    outcomes = done(lambda: claim_batch(requests))
    assert [type(outcome) for outcome in outcomes] == [Granted] * 3 + [SoldOut] * 2
    assert db.session.scalar(select(func.count()).select_from(Entitlement)) == 15
    assert all(release_row(release).remaining == 0 for release in campaign.releases.values())


def test_a_pack_that_the_pool_cannot_pay_is_not_released(clock, app):
    sources = spring()["sources"]
    # 125 yuan from the city at a fifth of 50: 12 packs, with 5 yuan left over.
    sources[0]["budget_yuan"] = 125
    campaign = published(with_pack(stock=12, sources=sources))
    # Between publishing and release the pool may shrink; what is put on release are whole packs all the same.
    with pytest.raises(DefinitionFaulty):
        check(toml(with_pack(stock=13, sources=sources)))
    done(lambda: rounds.release_due_rounds(actor=JOB))
    assert {code: release_row(release).released for (_, code), release in campaign.releases.items()} == {
        "off-5": 24,
        "off-10": 24,
        "off-20": 12,
    }
    assert campaign.pool_fen("city") == 500


def test_what_is_left_of_packs_goes_back_when_the_round_closes(clock, app):
    campaign = opened(with_pack(stock=10))
    done(lambda: claim(citizens(1)[0], campaign.release))
    clock.move_to(CLOSES)
    done(lambda: close_due_rounds(actor=JOB))
    assert campaign.pool_fen("city") == 10_000_000 - 1_000
    for (_, code), release in campaign.releases.items():
        source, offer_id = campaign.sources["city"], campaign.offers[code]
        key = accounts.released(campaign.id, source, offer_id=offer_id, release_id=release)
        assert balance_fen(key) == 0


def test_only_the_whole_pack_can_be_claimed(clock, app):
    campaign = opened(with_pack())
    (citizen,) = citizens(1)
    before = everything()
    for part in list(campaign.releases.values())[1:]:
        with pytest.raises(ReleaseUnknown):
            done(lambda part=part: claim(citizen, part))
    assert everything() == before


def test_a_pack_whose_stocks_no_longer_fit_gives_nothing(clock, sqlite_app):
    campaign = opened(with_pack(stock=3))
    *_, last = campaign.releases.values()
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(text(f"UPDATE release SET remaining = 0 WHERE id = {last}"))
    (citizen,) = citizens(1)
    before = everything()
    with pytest.raises(PackTornApart):
        done(lambda: claim(citizen, campaign.release))
    assert everything() == before
    with db.engine.begin() as connection:
        connection.execute(text(f"UPDATE release SET remaining = 3 WHERE id = {last}"))


def test_each_voucher_of_a_pack_is_used_by_itself(clock, app):
    """Hangzhou's official cases: 25 pays 20; 50, which the shop sells for 45, pays 35."""
    campaign = opened(with_pack())
    counter = shop(campaign).till
    (citizen,) = citizens(1)
    _, digits = claim_and_show(citizen, campaign.release)
    assert redeem(counter, digits, 2_500).customer_pays_fen == 2_000
    assert held(citizen) == {500: 2, 1000: 2, 2000: 1}


@pytest.mark.parametrize(
    ("packs", "faces", "total_yuan"),
    [
        # domain.md V6: 江门 2020 (94,000 + 200,000 + 200,000 packs of 50 and 400,000 of 80), 福州 2020.
        ([400_000, 200_000, 200_000, 94_000], [80, 50, 50, 50], 56_700_000),
        ([1_600_000], [50], 80_000_000),
        ([700_000], [70], 49_000_000),
    ],
)
def test_published_budgets_add_up_to_the_yuan(packs, faces, total_yuan):
    document = spring()
    document["sources"] = [{"code": "city", "name": "市财政", "level": "city", "budget_yuan": total_yuan}]
    funding = {"shares": {"city": "100%"}}
    document["offers"] = [
        offer(f"o{place}", funding=funding, benefit={"face_value_yuan": face // 5, "threshold_yuan": face})
        for place, face in enumerate(faces)
    ]
    document["packs"] = [
        {"code": f"p{place}", "name": "券包", "contents": [{"offer": f"o{place}", "count": 5}]}
        for place in range(len(faces))
    ]
    document["rounds"] = [a_round(releases=[{"pack": f"p{i}", "stock": stock} for i, stock in enumerate(packs)])]
    assert check(toml(document)).packs
    document["rounds"][0]["releases"][0]["stock"] += 1
    with pytest.raises(DefinitionFaulty) as faulty:
        check(toml(document))
    assert [fault.place for fault in faulty.value.faults] == ["rounds[1].releases"]


# --- choice groups --------------------------------------------------------------------------------------------

THREE = [
    {"offer": "off-20", "stock": 5, "group": "one-of-three"},
    {"offer": "off-10", "stock": 5, "group": "one-of-three"},
    {"pack": "family", "stock": 5, "group": "one-of-three"},
    {"offer": "off-5", "stock": 5},
]
MANY = [{"count": 9, "within": "round"}]


def first_of_each(campaign):
    """The release ids of off-20, off-10, the pack and off-5, by the page that a citizen sees."""
    return [ticket.release_id for ticket in campaign_view("spring").rounds[0].offers]


def test_of_a_group_a_person_takes_one_whatever_else_the_limits_allow(clock, app):
    campaign = opened(with_pack(releases=THREE, limits=MANY))
    twenty, ten, pack, beside = first_of_each(campaign)
    lin, chen = citizens(2)
    done(lambda: claim(lin, pack))
    for release in (twenty, ten, pack):
        before = everything()
        with pytest.raises(ChoiceTaken):
            done(lambda release=release: claim(lin, release))
        assert everything() == before
    done(lambda: claim(lin, beside))
    done(lambda: claim(lin, beside))
    done(lambda: claim(chen, twenty))
    assert held(lin) == {500: 4, 1000: 2, 2000: 1}


def test_the_choice_is_free_again_in_the_next_round(clock, app):
    later = a_round("r2", name="第二轮", releases=THREE, limits=MANY)
    document = with_pack(releases=THREE, limits=MANY)
    document["rounds"].append(later)
    opened(document)
    (lin,) = citizens(1)
    views = campaign_view("spring").rounds
    for view in views:
        done(lambda view=view: claim(lin, view.offers[0].release_id))
    assert held(lin) == {2000: 2}


def test_who_is_refused_by_the_group_has_nothing_counted_elsewhere(clock, app):
    campaign = opened(with_pack(releases=THREE, limits=[{"count": 2, "within": "round"}]))
    twenty, ten, _, beside = first_of_each(campaign)
    (lin,) = citizens(1)
    done(lambda: claim(lin, twenty))
    with pytest.raises(ChoiceTaken):
        done(lambda: claim(lin, ten))
    done(lambda: claim(lin, beside))
    with pytest.raises(LimitReached):
        done(lambda: claim(lin, beside))


# --- the file -------------------------------------------------------------------------------------------------


def faults(document):
    with pytest.raises(DefinitionFaulty) as faulty:
        check(toml(document))
    return {fault.place: fault.message for fault in faulty.value.faults}


@pytest.mark.parametrize(
    ("releases", "place"),
    [
        ([{"stock": 1}], "rounds[1].releases[1].offer"),
        ([{"stock": 1, "offer": "off-5", "pack": "family"}], "rounds[1].releases[1].offer"),
        ([{"stock": 1, "pack": "other"}], "rounds[1].releases[1].pack"),
        ([{"stock": 1, "pack": "family"}, {"stock": 1, "pack": "family"}], "rounds[1].releases"),
        ([{"stock": 1, "pack": "family", "group": "alone"}], "rounds[1].releases"),
        ([{"stock": 99_000_000, "pack": "family"}], "rounds[1].releases[1].stock"),
    ],
)
def test_faults_of_releases_have_their_place(releases, place):
    assert place in faults(with_pack(releases=releases))


@pytest.mark.parametrize(
    ("contents", "place"),
    [
        ([{"offer": "off-5", "count": 1}], "packs[1].contents"),
        ([{"offer": "none", "count": 2}], "packs[1].contents[1].offer"),
        ([{"offer": "off-5", "count": 1}, {"offer": "off-5", "count": 1}], "packs[1].contents"),
        ([{"offer": "off-5", "count": 0}], "packs[1].contents[1].count"),
        ([{"offer": "off-5"}], "packs[1].contents[1].count"),
    ],
)
def test_faults_of_packs_have_their_place(contents, place):
    document = with_pack()
    document["packs"] = [PACK | {"contents": contents}]
    assert place in faults(document)


def test_a_file_with_both_a_pack_and_its_offer_alone_has_stocks_of_their_own(clock, app):
    releases = [{"pack": "family", "stock": 2}, {"offer": "off-5", "stock": 7}]
    campaign = opened(with_pack(releases=releases, limits=MANY))
    pack, alone = first_of_each(campaign)
    (lin,) = citizens(1)
    done(lambda: claim(lin, alone))
    assert release_row(alone).remaining == 6
    assert release_row(pack).remaining == 4


# --- the pages ------------------------------------------------------------------------------------------------


def test_the_page_shows_what_is_in_a_pack_and_leads_to_all_vouchers(clock, sqlite_app):
    opened(with_pack(releases=THREE, limits=MANY))
    client = people.browser_of(sqlite_app, LIN)
    page = client.get("/campaigns/spring").text
    assert "五张券包" in page
    assert "共 5 张" in page
    assert "2 张 满20减5 五元券" in page
    assert page.count("以下 3 种只能选 1 种") == 1
    pack = campaign_view("spring").rounds[0].offers[2].release_id
    answer = client.post("/campaigns/spring/claims", data={"release_id": pack})
    assert (answer.status_code, answer.location) == (303, "/vouchers")
    mine = client.get("/vouchers").text
    assert "5 张券都在这里" in mine
    again = client.get("/campaigns/spring").text
    assert again.count("已选其他") == 2
    refused = client.post("/campaigns/spring/claims", data={"release_id": pack})
    assert refused.status_code == 409
    assert "只能选一种" in refused.text
    assert "共50元" in people.browser_of(sqlite_app, CHEN).get("/").text

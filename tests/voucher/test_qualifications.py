"""Qualifications: claimed for one article of a category, counted per person, and claimed again within chances."""

import pytest

from campaigns.campaign_file import DefinitionFaulty, check
from foundation.errors import Refusal
from identity import persons
from identity.persons import person_of
from merchants import refunds
from tests import trade_in, world
from tests.trade_in import claim, claim_and_show, opened, sell, shop
from tests.world import done, toml
from voucher import expiry
from voucher.holdings import voucher_of
from voucher.models import PersonQuota


def refused(work):
    with pytest.raises(Refusal) as refusal:
        work()
    assert refusal.value.message % refusal.value.params
    return refusal.value.code


def counted(citizen_id, scope):
    world.db.session.rollback()
    row = world.db.session.get(PersonQuota, (person_of(("id_number",), citizen_id), scope))
    return row.used if row else 0


def let_expire(clock):
    trade_in.later(clock, days=4)
    done(lambda: expiry.expire_due(actor="job:test"))


def test_a_qualification_is_for_one_category_and_sets_the_cap_aside(clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    held = voucher_of(claim(lin, campaign.release, "washing-machine"), lin)
    assert (held.category, held.face_value_fen) == ("washing-machine", 200_000)
    assert (
        campaign.outstanding_fen("city", "appliance") + campaign.outstanding_fen("jiangcheng", "appliance") == 200_000
    )


@pytest.mark.parametrize("category", ["", "phone", "sofa"])
def test_a_claim_names_a_category_of_the_offer(category, clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    assert refused(lambda: claim(lin, campaign.release, category)) == "category_needed"


def test_a_voucher_has_no_category(clock, app):
    campaign, (lin,) = world.opened(), world.citizens(1)
    assert refused(lambda: claim(lin, campaign.release, "refrigerator")) == "category_needed"


def test_the_second_fridge_and_the_fourth_air_conditioner_are_refused(clock, app):
    """A5."""
    campaign, (lin,) = opened(), world.citizens(1)
    claim(lin, campaign.release)
    assert refused(lambda: claim(lin, campaign.release)) in ("chances_used_up", "quantity_reached")
    for _ in range(3):
        claim(lin, campaign.release, "air-conditioner")
    assert refused(lambda: claim(lin, campaign.release, "air-conditioner")) in ("chances_used_up", "quantity_reached")


def test_a_beneficiary_of_one_campaign_may_have_another_in_the_next(clock, app):
    """A5: who had a subsidy in 2024 may have one in 2025."""
    (lin,) = world.citizens(1)
    old = trade_in.trade_in(trade_in.RULES_2024)
    old["campaign"]["code"] = "trade-in-2024"
    for campaign, number in ((world.opened(old), 1), (opened(), 2)):
        _, digits = claim_and_show(lin, campaign.release)
        sell(shop(campaign, number=number).till, digits, 399_900)


def test_quantities_are_counted_over_rounds(clock, app):
    document = trade_in.trade_in(chances=3)
    document["rounds"][0]["closes_at"] = world.at("2023-05-10 22:00")
    later = {"opens_at": world.at("2023-05-11 10:00"), "closes_at": world.ENDS, "code": "r2", "name": "第二轮"}
    document["rounds"].append({**document["rounds"][0], **later})
    campaign, (lin,) = world.opened(document), world.citizens(1)
    _, digits = claim_and_show(lin, campaign.releases["r1", "appliance"])
    sell(shop(campaign).till, digits, 399_900)
    trade_in.later(clock, days=4)
    trade_in.open_due_rounds()
    assert refused(lambda: claim(lin, campaign.releases["r2", "appliance"])) == "quantity_reached"


def test_three_chances(clock, app):
    """A6: the first runs out, the second is used and returned, the third may be claimed, the fourth not."""
    campaign, (lin,) = opened(chances=3), world.citizens(1)
    store = shop(campaign)
    claim(lin, campaign.release)
    assert refused(lambda: claim(lin, campaign.release)) == "quantity_reached"
    let_expire(clock)
    _, digits = claim_and_show(lin, campaign.release)
    receipt = sell(store.till, digits, 399_900)
    assert refused(lambda: claim(lin, campaign.release)) == "quantity_reached"
    done(lambda: refunds.refund(receipt.redemption_id, store.till, 399_900, "质量问题"))
    claim(lin, campaign.release)
    let_expire(clock)
    assert refused(lambda: claim(lin, campaign.release)) == "chances_used_up"
    assert counted(lin, f"item:{campaign.id}:refrigerator") == 0
    # Other categories have chances of their own.
    claim(lin, campaign.release, "washing-machine")


def test_without_chances_every_claim_counts_for_good(clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    claim(lin, campaign.release)
    let_expire(clock)
    assert refused(lambda: claim(lin, campaign.release)) == "chances_used_up"


def test_several_that_run_out_together_are_all_counted_back(clock, app):
    campaign, (lin,) = opened(chances=6), world.citizens(1)
    for _ in range(3):
        claim(lin, campaign.release, "air-conditioner")
    let_expire(clock)
    assert counted(lin, f"item:{campaign.id}:air-conditioner") == 0
    assert counted(lin, f"chance:{campaign.id}:air-conditioner") == 3


def test_two_who_turn_out_to_be_one_person_share_the_quantity(clock, app):
    campaign, (lin, chen) = opened(chances=3), world.citizens(2)
    store = shop(campaign)
    codes = [claim_and_show(who, campaign.release)[1] for who in (lin, chen)]
    for who in (lin, chen):
        done(lambda who=who: persons.note(who, "id_number", b"i" * 32))
    sell(store.till, codes[0], 399_900)
    # The second holds a qualification, but the person has had the subsidy.
    assert refused(lambda: sell(store.till, codes[1], 399_900)) == "quantity_used_up"


def test_an_article_that_came_back_is_not_counted_at_the_till(clock, app):
    campaign, (lin,) = opened(chances=3), world.citizens(1)
    store = shop(campaign)
    for _ in range(2):
        _, digits = claim_and_show(lin, campaign.release)
        receipt = sell(store.till, digits, 399_900)
        done(lambda receipt=receipt: refunds.refund(receipt.redemption_id, store.till, 399_900, "质量问题"))


# --- what a file may say ---------------------------------------------------------------------------------------


def faults(document):
    with pytest.raises(DefinitionFaulty) as refusal:
        check(toml(document))
    return [str(fault) for fault in refusal.value.faults]


def test_a_return_never_gives_a_qualification_back(clock):
    assert check(toml(trade_in.trade_in())).offers[0].terms.refund.describe()
    found = faults(trade_in.trade_in(refund={"kind": "return_if_valid"}))
    assert found == ["offers[1].refund.kind：用过的资格不退回，退货规则可以是：no_return、pay_back_first、recomputed"]


def test_chances_are_for_qualifications_and_not_fewer_than_articles():
    assert faults(trade_in.trade_in(chances=2))[0].startswith("rounds[1].limits[1].count：有的品类每人可补贴 3 件")
    document = world.spring()
    document["rounds"][0]["limits"].append({"kind": "chances", "count": 3})
    assert faults(document)[0].startswith("rounds[1].limits[2].kind：")


def test_qualifications_are_neither_drawn_nor_packed():
    document = trade_in.trade_in()
    document["rounds"][0]["issuance"] = {
        "kind": "lottery",
        "register_until": world.at("2023-05-08 18:00"),
        "draw_at": world.at("2023-05-09 10:00"),
    }
    assert any("不能摇号" in fault for fault in faults(document))


def test_an_article_must_have_a_number_that_counts_once():
    assert "identify" in faults(trade_in.trade_in(article={"identify": ["barcode"]}))[0]
    document = world.spring(offers=[world.offer(article={"identify": ["serial"]})])
    assert faults(document) == ["offers[1].article：只有按品类补贴的资格才登记商品"]

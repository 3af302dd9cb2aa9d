"""Returns where rooms meet: articles by the rule worked out anew, and vouchers that came by pack, lottery or list."""

from datetime import timedelta

import pytest

from foundation.db import db
from merchants.errors import TillSuspended
from merchants.models import Redemption
from merchants.refunds import preview_refund, refund
from merchants.register import suspend_till
from tests import people
from tests.merchants.sold import Sold, campaign_file, handed_in
from tests.people import LIN
from tests.voucher.test_lottery import begun, by_lottery, drawn, enter_all
from tests.voucher.test_named_lists import HEAD, by_list
from tests.voucher.test_named_lists import listed as list_people
from tests.voucher.test_packs import with_pack
from tests.world import DRAFTER, at, citizens, claim, done, opened, redeem, shop, show
from voucher.claims import claim as claim_operation
from voucher.models import Entitlement


def held_by_pack(clock):
    campaign = opened(with_pack())
    [lin] = citizens(1)
    return campaign, lin, done(lambda: claim_operation(lin, campaign.release)).entitlement_id


def held_by_lottery(clock):
    campaign = begun(by_lottery())
    [lin] = enter_all(campaign, 1)
    drawn(clock)
    db.session.rollback()
    return campaign, lin, db.session.query(Entitlement.id).filter_by(citizen_id=lin).scalar()


def held_by_list(clock):
    campaign = opened(by_list())
    lin = people.citizen(LIN)
    list_people(campaign, HEAD + f"林小满,{LIN.phone},\n")
    return campaign, lin, claim(lin, campaign.release)


@pytest.mark.parametrize("held", [held_by_pack, held_by_lottery, held_by_list])
def test_a_whole_order_gives_the_voucher_back_however_it_was_come_by(clock, app, held):
    campaign, lin, voucher = held(clock)
    place = shop(campaign)
    end = db.session.get_one(Entitlement, voucher).expires_at
    redemption = redeem(place.till, show(voucher, lin), 30_000).redemption_id
    clock.move_to(clock.now() + timedelta(days=1))
    assert done(lambda: refund(redemption, place.desk, 30_000, "质量问题")).restored
    found = db.session.get_one(Entitlement, voucher, populate_existing=True)
    assert (found.status, found.expires_at) == ("claimed", end)
    assert redeem(place.till, show(voucher, lin), 30_000).discount_fen == found.face_value_fen


def test_a_suspended_till_takes_no_goods_back(clock, app):
    campaign, lin, voucher = held_by_pack(clock)
    place = shop(campaign)
    redemption = redeem(place.till, show(voucher, lin), 30_000).redemption_id
    done(lambda: suspend_till(place.till_id, by=DRAFTER, reason="失窃"))
    for asked in (
        lambda: refund(redemption, place.till, 30_000, "质量问题"),
        lambda: preview_refund(redemption, place.till, 30_000),
    ):
        with pytest.raises(TillSuspended):
            done(asked)
    assert db.session.get_one(Redemption, redemption).refunded_bill_fen == 0
    assert done(lambda: refund(redemption, place.desk, 30_000, "质量问题")).restored


def test_a_price_cut_of_an_article_is_worked_out_anew(clock, app):
    document = campaign_file()
    document["offers"][0]["refund"] = {"kind": "recomputed"}
    sold = Sold(document)
    [sale] = sold.sell(price_fen=1_200_000)
    handed_in(sold, sale, invoice_fen="12000")
    clock.move_to(at("2023-05-09 10:00"))
    pool = sold.campaign.pool_fen("city")
    assert done(lambda: refund(sale, sold.shop.desk, 100_000, "退差价")).discount_fen == 0
    assert done(lambda: refund(sale, sold.shop.desk, 300_000, "退差价")).discount_fen == 40_000
    assert sold.campaign.pool_fen("city") == pool + 8_000
    found = db.session.get_one(Redemption, sale, populate_existing=True)
    # 20 % of what is left is exactly what is left of the subsidy.
    assert (found.bill_fen - found.refunded_bill_fen) // 5 == found.discount_fen - found.refunded_discount_fen

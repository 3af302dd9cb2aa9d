import pytest

from foundation.clock import TICK
from foundation.ids import new_id
from tests.world import JOB, OPENS, at, citizens, claim, claim_and_show, done, opened, redeem, shop, show, spring, void
from voucher.errors import VoucherUnknown
from voucher.expiry import expire_due
from voucher.holdings import counts_of, held_of_releases, voucher_of, vouchers_of

END = at("2023-05-15 00:00")


def several(stock=10, most=5):
    document = spring()
    document["rounds"][0]["limits"] = [{"count": most, "within": "round"}]
    return opened(document)


def ids(citizen, tab):
    return [voucher.id for voucher in vouchers_of(citizen, tab)]


def test_a_voucher_is_listed_where_it_belongs_all_its_life(clock, app):
    campaign = several()
    place = shop(campaign)
    [lin] = citizens(1)
    voucher, digits = claim_and_show(lin, campaign.release)

    def where():
        tabs = [tab for tab in ("unused", "used", "expired") if voucher in ids(lin, tab)]
        assert [counts_of(lin)[tab] for tab in tabs] == [1]
        assert sum(counts_of(lin).values()) == 1
        assert voucher_of(voucher, lin).tab == tabs[0]
        return tabs[0]

    assert where() == "unused"
    receipt = redeem(place.till, digits)
    assert where() == "used"
    void(receipt, place.till)
    assert where() == "unused"
    clock.move_to(END - TICK)
    assert where() == "unused"
    # It has run out, whether or not the job has been there.
    clock.move_to(END)
    assert where() == "expired"
    done(lambda: expire_due(actor=JOB))
    assert where() == "expired"


def test_a_held_voucher_says_what_it_is_worth_and_where(clock, app):
    campaign = several()
    [lin] = citizens(1)
    held = voucher_of(claim(lin, campaign.release), lin)
    assert (held.campaign_code, held.campaign_name, held.offer_name) == ("spring", "春季消费券", "餐饮券")
    assert (held.face_value_fen, held.threshold_fen, str(held.places)) == (5_000, 20_000, "江城区 · 餐饮")
    assert (held.valid_from, held.expires_at) == (OPENS, END)
    assert (held.redeemed_at, held.redeemed_place, held.redeemed_bill_fen) == (None, None, None)


def test_a_used_voucher_says_when_where_and_how_much(clock, app):
    campaign = several()
    [lin] = citizens(1)
    voucher, digits = claim_and_show(lin, campaign.release)
    receipt = redeem(shop(campaign, name="漠阳楼").till, digits, 23_450)
    held = voucher_of(voucher, lin)
    assert (held.redeemed_at, held.redeemed_place) == (receipt.redeemed_at, "漠阳楼总店")
    assert (held.redeemed_bill_fen, held.redeemed_discount_fen) == (23_450, 5_000)


@pytest.mark.parametrize(
    ("moment", "days"),
    [
        (OPENS, 7),
        (at("2023-05-09 00:00") - TICK, 7),
        (at("2023-05-09 00:00"), 6),
        (at("2023-05-14 00:00"), 1),
        (END - TICK, 1),
        (END, 0),
    ],
)
def test_days_left_count_today(clock, sqlite_app, moment, days):
    campaign = several()
    [lin] = citizens(1)
    voucher = claim(lin, campaign.release)
    clock.move_to(moment)
    assert voucher_of(voucher, lin).days_left == days


def test_unused_vouchers_are_listed_by_their_end_and_used_ones_newest_first(clock, app):
    campaign = several()
    place = shop(campaign)
    [lin] = citizens(1)
    got = []
    for moment in ("2023-05-08 10:00", "2023-05-09 10:00", "2023-05-10 10:00"):
        clock.move_to(at(moment))
        got.append(claim(lin, campaign.release))
    assert ids(lin, "unused") == got
    for voucher in got:
        redeem(place.till, show(voucher, lin))
        clock.move_to(clock.now() + 1000 * TICK)
    assert ids(lin, "used") == got[::-1]
    assert vouchers_of(lin, "used", most=2)[0].id == got[2]
    assert len(vouchers_of(lin, "used", most=2)) == 2


def test_everybody_sees_only_their_own(clock, app):
    campaign = several()
    lin, chen = citizens(2)
    voucher = claim(lin, campaign.release)
    assert ids(chen, "unused") == []
    assert counts_of(chen) == {"unused": 0, "used": 0, "expired": 0}
    for entitlement, citizen in [(voucher, chen), (new_id(), lin)]:
        with pytest.raises(VoucherUnknown):
            voucher_of(entitlement, citizen)


def test_a_campaign_page_knows_what_its_reader_holds(clock, app):
    campaign = several()
    lin, chen = citizens(2)
    claim(lin, campaign.release)
    clock.move_to(clock.now() + TICK)
    latest = claim(lin, campaign.release)
    assert held_of_releases(lin, [campaign.release, 99]) == {campaign.release: latest}
    assert held_of_releases(chen, [campaign.release]) == {}

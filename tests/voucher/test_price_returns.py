"""When the price of a voucher goes back: it ran out, was withdrawn, and what the payment service makes of it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from foundation.db import db
from tests.sold import PRICE_FEN, lapse, order, pay, price_accounts, sold
from tests.world import OPENS, at, citizens, done, everything, opened, redeem, release_row, shop, show
from voucher import expiry, payment_adapters, purchases
from voucher.jobs import expire_vouchers, return_payments
from voucher.models import Entitlement, PersonQuota
from voucher.payment_adapters import PaymentFailed, Simulator
from voucher.purchase_errors import NotReturnable
from voucher.purchase_models import Payment

PAY_UNTIL = OPENS + timedelta(minutes=15)
#: When a voucher that is paid for on the first day runs out.
END = at("2023-05-15 00:00")


def used_in_all():
    return db.session.scalar(select(func.sum(PersonQuota.used)))


def statuses(model):
    db.session.rollback()
    return dict(db.session.execute(select(model.status, func.count()).group_by(model.status)).all())


@pytest.mark.parametrize(("how", "left"), [({}, PRICE_FEN), ({"if_expired": "returned"}, 0)])
def test_what_becomes_of_the_price_of_a_voucher_that_runs_out_is_the_files_to_say(clock, app, how, left):
    campaign = opened(sold(**how))
    place = shop(campaign)
    lin, chen = citizens(2)
    pay(order(lin, campaign.release))
    used = order(chen, campaign.release)
    pay(used)
    redeem(place.till, show(used, chen), 30_000)
    clock.move_to(END)
    assert expire_vouchers() == "expired 1 vouchers"
    assert price_accounts(campaign) == (left + PRICE_FEN, PRICE_FEN - left, -2 * PRICE_FEN)
    return_payments()
    assert price_accounts(campaign) == (left + PRICE_FEN, 0, -left - PRICE_FEN)


def test_a_voucher_may_be_given_back_for_its_price_where_the_file_says_so(clock, app):
    campaign = opened(sold(if_withdrawn="returned"))
    lin, chen = citizens(2)
    purchase_id = order(lin, campaign.release)
    with pytest.raises(Exception, match="voucher_unknown"):
        done(lambda: expiry.withdraw(purchase_id, lin))
    pay(purchase_id)
    with pytest.raises(Exception, match="voucher_unknown"):
        done(lambda: expiry.withdraw(purchase_id, chen))
    done(lambda: expiry.withdraw(purchase_id, lin))
    assert statuses(Entitlement) == {"expired": 1}
    assert (campaign.outstanding_fen("city"), price_accounts(campaign)) == (0, (0, PRICE_FEN, -PRICE_FEN))
    assert purchases.price_of(purchase_id) == (PRICE_FEN, "returning")
    with pytest.raises(NotReturnable):
        done(lambda: expiry.withdraw(purchase_id, lin))
    # It counts as had, and its stock is not put on release again.
    assert (used_in_all(), release_row(campaign.release).remaining) == (1, 9)


@pytest.mark.parametrize("why", ["price is kept", "used", "run out"])
def test_what_cannot_be_given_back(clock, app, why):
    campaign = opened(sold(if_withdrawn="kept" if why == "price is kept" else "returned"))
    [lin] = citizens(1)
    purchase_id = order(lin, campaign.release)
    pay(purchase_id)
    if why == "used":
        redeem(shop(campaign).till, show(purchase_id, lin), 30_000)
    if why == "run out":
        clock.move_to(END)
    before = everything()
    with pytest.raises(NotReturnable):
        done(lambda: expiry.withdraw(purchase_id, lin))
    assert everything() == before


class Stubborn(Simulator):
    """Takes nothing back, until it does."""

    def __init__(self):
        self.takes, self.asked = False, []

    def send_back(self, reference, amount_fen, return_id):
        self.asked.append((reference, amount_fen, return_id))
        if not self.takes:
            raise PaymentFailed("余额不足")


@pytest.fixture
def stubborn():
    adapter = Stubborn()
    payment_adapters.use_adapter(adapter)
    yield adapter
    payment_adapters.use_adapter(Simulator())


def test_what_the_payment_service_does_not_take_back_is_tried_again_and_told(clock, app, stubborn):
    campaign = opened(sold())
    [lin] = citizens(1)
    purchase_id = order(lin, campaign.release)
    clock.move_to(PAY_UNTIL)
    lapse()
    pay(purchase_id)
    assert return_payments() == "0 payments given back, 1 refused by the payment service"
    assert db.session.scalar(select(Payment.problem)) == "余额不足"
    assert price_accounts(campaign) == (0, PRICE_FEN, -PRICE_FEN)
    stubborn.takes = True
    assert return_payments() == "1 payments given back, 0 refused by the payment service"
    assert db.session.scalar(select(Payment.problem)) == ""
    # Under one number, so that the service gives it back once however often it is asked.
    assert len(stubborn.asked) == 2
    assert len(set(stubborn.asked)) == 1

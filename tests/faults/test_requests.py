"""Requests that a bad network doubles and shuffles, and clocks that are wrong."""

import random
import threading
from collections import defaultdict

import pytest

from foundation.db import db
from ledger import audit
from merchants.models import Redemption
from merchants.redemptions import redeem as redeem_operation
from settlement.day_closing import close_days
from tests import world
from tests.races.history import DONE
from tests.simulator.stage import clock_at
from tests.world import JOB, at, citizens, claim_and_show, done, opened, shop
from voucher.expiry import expire_due
from voucher.models import Entitlement

DAY, HOUR = 86_400, 3_600


@pytest.mark.race
@pytest.mark.postgres
def test_requests_that_come_twice_and_in_any_order(scene):
    """F11: each request is sent three times, all of them shuffled, over two workers: one effect and one answer each."""
    vouchers = [scene.voucher_and_code(place) for place in range(8)]
    with scene.machine(workers=2) as machine:
        requests = [(place, copy) for place in range(len(vouchers)) for copy in range(3)]
        random.Random(4).shuffle(requests)
        lock, told = threading.Lock(), defaultdict(list)

        def send():
            while True:
                with lock:
                    if not requests:
                        return
                    place, _ = requests.pop()
                voucher, digits = vouchers[place]
                answer = scene.until_answered(machine.port, digits, f"k{place}", voucher)
                with lock:
                    told[place].append(answer)

        threads = [threading.Thread(target=send) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
    assert dict(told) == {place: [DONE] * 3 for place in range(len(vouchers))}
    made = {request.made for request in scene.recorder.requests if request.what == "redeem" and request.made}
    assert made == scene.stored(Redemption)
    assert len(made) == len(vouchers)
    # The history has each redemption three times, by one key: one effect. What is left is proved as usual.
    scene.recorder.requests = [each for each in scene.recorder.requests if each.what != "redeem"]
    scene.prove()


@pytest.mark.race
@pytest.mark.postgres
def test_a_machine_whose_clock_is_set_forward_and_back(scene):
    """F10: what is refused while the clock is wrong is refused, what is done stays done, and nothing opens again."""
    voucher, digits = scene.voucher_and_code(0)
    lin = scene.people[1]
    with scene.machine() as machine:
        scene.set_clock(25 * DAY)
        # By that clock the round is over, and the code and the voucher have ended.
        assert scene.claim(machine.port, lin) == "refused"
        assert scene.redeem(machine.port, digits, "k1", voucher) == "refused"
        scene.set_clock(-2 * HOUR)
        # By this one the round has not opened, and the voucher is not valid yet.
        assert scene.claim(machine.port, lin) == "refused"
        assert scene.redeem(machine.port, digits, "k2", voucher) == "refused"
        scene.set_clock(0)
        # A refusal is the answer of its key, and of no other.
        assert scene.redeem(machine.port, digits, "k1", voucher) == "refused"
        assert scene.redeem(machine.port, digits, "k3", voucher) == DONE
        assert scene.claim(machine.port, lin) == DONE
    scene.prove()


def test_what_a_clock_that_ran_ahead_has_ended_stays_ended(app):
    """F10, I22: expired is a state and not a moment. The money of it went back to the pool once."""
    with clock_at(at("2023-05-08 10:00")) as clock:
        campaign = opened()
        place = shop(campaign)
        [lin] = citizens(1)
        _, digits = claim_and_show(lin, campaign.release)
        clock.set(at("2023-05-20 00:00"))
        assert done(lambda: expire_due(actor=JOB)) == 1
        clock.set(at("2023-05-08 10:00:30"))
        with pytest.raises(Exception, match="voucher_expired"):
            done(lambda: redeem_operation(place.till, digits, 20_000))
        assert done(lambda: expire_due(actor=JOB)) == 0
        assert campaign.outstanding_fen("city") == 0
        db.session.rollback()
        assert db.session.query(Entitlement).one().status == "expired"


@pytest.mark.ledger_alone
def test_a_clock_that_is_set_back_into_a_closed_day_is_found_by_the_audit(app):
    """F10: after midnight the day was closed, and then the clock was set back before it. What is posted into the closed
    day is right in the books; the day's kept figures lack it, and the audit of the hour says which."""
    with clock_at(at("2023-05-08 10:00")) as clock:
        campaign = opened()
        place = shop(campaign)
        [lin] = citizens(1)
        voucher, _ = claim_and_show(lin, campaign.release)
        clock.set(at("2023-05-09 00:10"))
        assert done(close_days) == 1
        clock.set(at("2023-05-08 22:10"))
        done(lambda: redeem_operation(place.till, world.show(voucher, lin), 20_000))
        db.session.rollback()
        assert {finding.check.name for finding in audit.run()} == {
            "day_figures_match_the_ledger",
            "driven_consumption_matches_redemptions",
        }

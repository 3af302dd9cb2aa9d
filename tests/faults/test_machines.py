"""Three machines with one database: no state of theirs matters, whichever a request happens to reach."""

import random
import threading
from collections import Counter
from contextlib import ExitStack

import pytest

from merchants.models import Redemption
from tests.races.history import DONE
from tests.races.history import SOLD_OUT as GONE

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def test_three_machines_behind_a_random_router(scene):
    """Eighty people press twice, each time at another machine; then every code is scanned at all three at once."""
    rng = random.Random(11)
    with ExitStack() as stack:
        ports = [stack.enter_context(scene.machine(workers=1)).port for _ in range(3)]
        people = scene.people * 2
        rng.shuffle(people)
        for each in scene.rush([rng.choice(ports) for _ in people], people, threads=24):
            each.join(60)
        told = Counter(request.answer for request in scene.recorder.requests)
        assert told[DONE] == scene.stock
        assert told[GONE] > 0
        # Who pressed twice and was granted once, was told so by whichever machine.
        assert set(told) <= {DONE, GONE, "limit_reached"}
        scene.prove()
        holders = [request for request in scene.recorder.requests if request.answer == DONE][:6]
        shown = [(holder.made, scene.show(holder)) for holder in holders]
        scans = [(port, voucher, digits) for voucher, digits in shown for port in ports for _ in range(2)]
        rng.shuffle(scans)
        scan_all(scene, scans)
    redeemed = Counter(request.answer for request in scene.recorder.requests if request.what == "redeem")
    assert redeemed == {DONE: len(shown), "already_redeemed": len(scans) - len(shown)}
    assert len(scene.stored(Redemption)) == len(shown)
    scene.prove()


def scan_all(scene, scans):
    def scan(place):
        port, voucher, digits = scans[place]
        scene.redeem(port, digits, f"scan-{place}", voucher)

    threads = [threading.Thread(target=scan, args=(place,)) for place in range(len(scans))]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)

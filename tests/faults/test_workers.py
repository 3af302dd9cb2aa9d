"""Workers that are killed or frozen in the middle of what they do."""

import contextlib
import os
import signal
import threading
import time

import psycopg
import pytest

from foundation.db import engine_options
from merchants.models import Redemption
from tests.races.history import DONE, LOST

pytestmark = [pytest.mark.race, pytest.mark.postgres]


@pytest.mark.parametrize(("point", "stands"), [("kill_before-redeem", False), ("kill_after-redeem", True)])
def test_a_worker_that_is_killed_around_the_commit_of_a_redemption(scene, point, stands):
    """F1, F2: whatever it had done, the till that asks again under its key gets one redemption and one answer."""
    voucher, digits = scene.voucher_and_code(0)
    with scene.machine() as machine:
        scene.strike(point)
        assert scene.redeem(machine.port, digits, "k1", voucher) == LOST
        assert scene.struck(point)
        assert len(scene.stored(Redemption)) == stands
        if not stands:
            # A key whose first request died is free again after 30 s; the machine's clock is moved over them.
            scene.set_clock(31)
        assert scene.until_answered(machine.port, digits, "k1", voucher, seconds=20) == DONE
        assert scene.redeem(machine.port, digits, "k2", voucher) == "already_redeemed"
    assert len(scene.stored(Redemption)) == 1
    scene.prove()


@pytest.mark.parametrize(("point", "stands"), [("kill_before-claim", 0), ("kill_after-claim", 1)])
def test_a_worker_that_is_killed_around_the_commit_of_a_claim(scene, point, stands):
    """F1, F2: whoever presses again has one voucher, and nobody two."""
    lin, chen = scene.people[:2]
    with scene.machine(workers=2) as machine:
        scene.strike(point)
        assert scene.claim(machine.port, lin) == LOST
        assert len(scene.stored()) == stands
        # The other worker serves meanwhile.
        assert scene.claim(machine.port, chen) == DONE
        answer = scene.claim(machine.port, lin)
        assert answer == ("limit_reached" if stands else DONE)
    assert len(scene.stored()) == 2
    scene.prove()


@pytest.mark.parametrize("end", [signal.SIGCONT, signal.SIGKILL], ids=["wakes", "is_killed"])
def test_a_worker_that_is_frozen_while_it_holds_locks(scene, end):
    """F6: others wait no longer than the limit on locks and are told to come again; when it wakes or is killed, as
    gunicorn does after a minute, they get what they want, and its own claim is there whole or not at all."""
    lin, chen = scene.people[:2]
    with scene.machine(workers=2) as machine:
        scene.strike("stop_before-claim")
        claiming = threading.Thread(target=lambda: scene.claim(machine.port, lin))
        claiming.start()
        while not (frozen := [pid for pid in machine.worker_pids() if _state(pid) == "T"]):
            time.sleep(0.05)
        began = time.monotonic()
        reply = chen.claim(machine.port, "spring", scene.campaign.release, timeout=20)
        assert (reply.status, "retry-after" in reply.headers) == (503, True)
        assert 4 < time.monotonic() - began < 12
        os.kill(frozen[0], end)
        claiming.join()
        assert scene.claim(machine.port, chen) == DONE
        answer = scene.claim(machine.port, lin)
        assert answer == ("limit_reached" if end is signal.SIGCONT else DONE)
    assert len(scene.stored()) == 2
    scene.prove()


def test_the_server_ends_a_transaction_that_is_held_open(scene):
    """F6: whatever it did last, a frozen worker loses its transaction, and others are served while it is frozen."""
    lin, chen = scene.people[:2]
    with scene.machine(workers=2, extra={"FAULT_TRANSACTION_SECONDS": "3"}) as machine:
        scene.strike("stop_before-claim")
        claiming = threading.Thread(target=lambda: scene.claim(machine.port, lin))
        claiming.start()
        while not (frozen := [pid for pid in machine.worker_pids() if _state(pid) == "T"]):
            time.sleep(0.05)
        began = time.monotonic()
        while (answer := scene.claim(machine.port, chen)) != DONE:
            assert answer == LOST
            assert time.monotonic() - began < 20
        assert _state(frozen[0]) == "T"
        assert len(scene.stored()) == 1
        os.kill(frozen[0], signal.SIGCONT)
        claiming.join()
        # What it was about to keep is not kept, and it was not told so; pressed again, it is.
        assert scene.claim(machine.port, lin) == DONE
    assert len(scene.stored()) == 2
    scene.prove()


def test_the_server_gives_up_a_transaction_that_idles(server):
    """F6: whoever sleeps in a transaction loses it, and its locks are free."""
    options = engine_options("postgresql+psycopg://x")["connect_args"]["options"]
    options = options.replace("idle_in_transaction_session_timeout=15s", "idle_in_transaction_session_timeout=500ms")
    with contextlib.closing(psycopg.connect(server.url_of("voucher"), options=options)) as sleeper:
        sleeper.execute("LOCK TABLE release")
        time.sleep(1.2)
        server.execute("BEGIN; LOCK TABLE release NOWAIT; ROLLBACK")
        with pytest.raises(psycopg.Error):
            sleeper.execute("SELECT 1")


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0]

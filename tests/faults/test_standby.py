"""Failover to a streaming standby, with and without waiting for it."""

import os
import signal
import time

import pytest

from foundation.db import db
from tests.faults.conftest import build
from tests.races.history import DONE, LOST, lost_or_invented

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def until(what, *, seconds=20):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def sender(server):
    """Return the primary's process that sends to the standby."""
    [(pid,)] = server.execute("SELECT pid FROM pg_stat_replication")
    return int(pid)


@pytest.mark.parametrize("waits", [True, False], ids=["synchronous", "asynchronous"])
def test_failover_to_a_standby(server, tmp_path, waits, record_property):
    """F4: the primary dies while its standby is behind. Having waited for it, nothing that was acknowledged is lost;
    otherwise what was acknowledged meanwhile is."""
    scene = build(server.url, tmp_path)
    with server.standby("deputy") as standby:
        until(lambda: server.execute("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"))
        if waits:
            server.execute("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'")
            server.execute("SELECT pg_reload_conf()")
            until(lambda: server.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'quorum'"))
        with scene.machine(extra={"FAULT_ANSWER_SECONDS": "2"}) as machine:
            for who in scene.people[:10]:
                assert scene.claim(machine.port, who) == DONE
            until(lambda: scene.stored() == set_of(standby))
            # The standby is cut off; the primary goes on for a while, and dies.
            os.kill(sender(server), signal.SIGSTOP)
            answers = [scene.claim(machine.port, who, timeout=15) for who in scene.people[10 : 12 if waits else 20]]
            server.kill()
        assert answers == ([LOST] * 2 if waits else [DONE] * 10)
        standby.promote()
        acknowledged = sum(1 for request in scene.recorder.requests if request.answer == DONE)
        kept = set_of(standby)
        record_property("acknowledged", acknowledged)
        record_property("lost", acknowledged - len(kept))
        losses = lost_or_invented(scene.recorder.requests, kept, what="claim")
        assert len(losses) == (0 if waits else 10)
        serves_again(standby, scene)
    with scene.app.app_context():
        db.session.remove()
        db.engine.dispose()


def serves_again(standby, scene):
    """Start a machine on the promoted standby: it is exact there."""
    with scene.machine(url=standby.url) as machine:
        kept = len(set_of(standby))
        assert scene.claim(machine.port, scene.people[30]) == DONE
        assert len(set_of(standby)) == kept + 1
    [(unbalanced,)] = standby.execute("SELECT COALESCE(SUM(balance_fen), 0) FROM ledger_account")
    assert unbalanced == 0


def set_of(server):
    return {found.hex for (found,) in server.execute("SELECT id FROM entitlement")}

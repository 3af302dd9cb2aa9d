"""The link to the database, cut in the three ways in which links are cut."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from foundation.db import OutcomeUnknown, engine_options
from tests.conftest import missing
from tests.faults.proxy import Proxy
from tests.machines import ROOT
from tests.races.history import DONE

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def test_every_wait_for_the_database_has_an_end():
    words = engine_options("postgresql+psycopg://x")
    asked = words["connect_args"]
    assert asked["connect_timeout"] <= 5
    assert asked["tcp_user_timeout"] <= 3000
    assert asked["keepalives_idle"] + asked["keepalives_interval"] * asked["keepalives_count"] <= 5
    for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        assert f"-c {limit}=" in asked["options"]
    assert words["pool_timeout"] <= 5


def test_a_cable_that_is_pulled_is_noticed_within_seconds(server, tmp_path):
    """F5: what is sent into nowhere fails by tcp_user_timeout, what is waited for from there by keepalives."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        missing("unshare or ip is not installed")
    server.kill()
    folder = server.folder.with_name(f"{server.folder.name}.s")
    folder.mkdir()
    folder.chmod(0o777)
    server.settings["unix_socket_directories"] = str(folder)
    server.start()
    command = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    command += [sys.executable, "-m", "tests.faults.partition", str(folder / f".s.PGSQL.{server.port}")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    seconds = json.loads(done.stdout)
    assert seconds["sending"] < 6, seconds
    assert seconds["waiting"] < 8, seconds
    shutil.rmtree(folder)


def test_a_middleman_that_stops_forwarding_is_given_up(server, scene):
    """F5: the connection stands and nobody answers; TCP notices nothing, our own limit does."""
    with Proxy(server.port) as proxy:
        url = scene.url.replace(f":{server.port}/", f":{proxy.port}/")
        with scene.machine(url=url, extra={"FAULT_ANSWER_SECONDS": "1.5"}) as machine:
            assert scene.claim(machine.port, scene.people[0]) == DONE
            proxy.cut()
            began = time.monotonic()
            reply = scene.people[1].claim(machine.port, "spring", scene.campaign.release, timeout=30)
            seconds = time.monotonic() - began
            assert (reply.status, "retry-after" in reply.headers) == (503, True)
            assert seconds < 20, seconds
            proxy.heal()
            assert scene.claim(machine.port, scene.people[1]) == DONE
    scene.prove()


def test_an_end_that_nobody_heard_is_not_called_undone(server, scene):
    """A commit whose answer is lost may stand: whoever asked is told so, and asking again does no harm."""
    assert "没有生效" not in OutcomeUnknown.message
    server.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    with scene.machine(extra={"FAULT_ANSWER_SECONDS": "2"}) as machine:
        server.execute("SELECT pg_reload_conf()")
        time.sleep(0.3)
        # The commit waits for a standby that is not there, and the server has already written it.
        reply = scene.people[0].claim(machine.port, "spring", scene.campaign.release, timeout=30)
        assert reply.status == 503
        assert "还不知道" in reply.text
        server.execute("ALTER SYSTEM RESET synchronous_standby_names; ", "postgres")
        server.execute("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 10
        while not scene.stored():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert scene.claim(machine.port, scene.people[0]) == "limit_reached"
    assert len(scene.stored()) == 1

"""The database away: its connections ended, its processes killed, under people who claim."""

import time

import pytest

from tests.races.history import DONE, LOST
from tests.races.history import SOLD_OUT as GONE

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def answers(scene):
    return [request.answer for request in scene.recorder.requests]


def ask_again(scene, port):
    """Whoever heard nothing presses again, until there is an answer."""
    lost = {request.who for request in scene.recorder.requests if request.answer == LOST}
    for who in [each for each in scene.people if each.citizen_id in lost]:
        deadline = time.monotonic() + 30
        while scene.claim(port, who) == LOST:
            assert time.monotonic() < deadline, "the service does not come back"
            time.sleep(0.2)


def test_connections_that_are_ended_under_load(server, scene):
    """F3: requests under way are told to come again, the next ones find new connections."""
    with scene.machine() as machine:
        crowd = scene.rush([machine.port], scene.people, threads=8)
        for _ in range(4):
            time.sleep(0.15)
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        for each in crowd:
            each.join(60)
        ask_again(scene, machine.port)
    told = answers(scene)
    assert told.count(DONE) >= scene.stock - told.count(LOST)
    assert GONE in told
    scene.prove()


def test_a_server_that_is_killed_under_load_and_started_again(server, scene):
    """F3, I10: every claim that was acknowledged is there; the service returns by itself."""
    with scene.machine() as machine:
        crowd = scene.rush([machine.port], scene.people, threads=8)
        while answers(scene).count(DONE) < 10:
            time.sleep(0.02)
        server.kill()
        refused = scene.claim(machine.port, scene.people[-1], timeout=15)
        assert refused in (LOST, DONE)
        seconds = server.start()
        for each in crowd:
            each.join(60)
        ask_again(scene, machine.port)
    assert seconds < 20
    assert answers(scene).count(DONE) >= 10
    scene.prove()

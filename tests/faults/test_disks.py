"""A disk that is full: what cannot be written is refused, what can be read is read, and nothing is half there."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests import databases
from tests.conftest import missing
from tests.faults.conftest import open_scene
from tests.faults.postgres import Postgres, fresh, give_away
from tests.machines import ask
from tests.races.history import DONE, LOST

pytestmark = [pytest.mark.race, pytest.mark.postgres]

SMALL = "6m"
#: Room for the write-ahead log of a test: a handful of its segments of 16 MB.
SMALL_LOG = "96m"


@contextmanager
def small_disk(server: Postgres, size: str = SMALL) -> Iterator[Path]:
    """Yield a small folder that only the server needs to see: mounted by root, or in a namespace of the server's."""
    folder = server.folder.with_name(f"{server.folder.name}.small")
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", str(folder)]
    if os.geteuid() == 0:
        if subprocess.run(mount, capture_output=True).returncode:
            missing("a small file system cannot be mounted")
        give_away(folder)
        try:
            yield folder
        finally:
            server.kill()
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
            shutil.rmtree(folder, ignore_errors=True)
        return
    server.wrapper = [
        *("unshare", "--user", "--map-current-user", "--keep-caps", "--mount"),
        *("sh", "-c", '"$0" "$1" "$2" "$3" "$4" "$5" "$6" && shift 6 && exec "$@"', *mount),
    ]
    yield folder


@pytest.fixture
def full_server() -> Iterator[tuple[Postgres, Path]]:
    try:
        server = fresh()
        with small_disk(server) as folder, server:
            yield server, folder
    except databases.NoPostgres as reason:
        missing(str(reason))


def test_a_full_disk_refuses_what_is_written_and_serves_what_is_read(full_server, tmp_path):
    """F7: the table of vouchers stands on a disk of its own, which something else has filled."""
    server, folder = full_server
    for scene in open_scene(server.url, tmp_path):
        server.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
        server.execute("ALTER TABLE entitlement SET TABLESPACE small")
        server.execute("CREATE TABLE filler (line text) TABLESPACE small")
        with pytest.raises(psycopg.errors.DiskFull):
            fill(server)
        with scene.machine() as machine:
            # There is room in the pages that are there; soon there is not.
            people = iter(scene.people)
            replies = (who.claim(machine.port, "spring", scene.campaign.release) for who in people)
            refused = next(reply for reply in replies if reply.status != 200)
            assert refused.status == 503
            assert "没有生效" in refused.text
            before = scene.stored()
            assert ask(machine.port, "GET", "/campaigns/spring", timeout=20).status == 200
            assert scene.stored() == before
            server.execute("DROP TABLE filler")
            server.execute("CHECKPOINT")
            assert scene.claim(machine.port, next(people)) == DONE
        scene.recorder.requests.clear()
        scene.prove_books()


def fill(server: Postgres) -> None:
    """Fill the small disk, first in large pieces and then to the last page."""
    for lines in (2_000, 200, 20, 1):
        while True:
            try:
                text = "repeat(md5(random()::text), 60)"
                server.execute(f"INSERT INTO filler SELECT {text} FROM generate_series(1, {lines})")
            except psycopg.errors.DiskFull:
                if lines == 1:
                    raise
                break


@contextmanager
def lasting_disk(server: Postgres, size: str) -> Iterator[tuple[Path, Path]]:
    """Yield a small disk as the server sees it and as we do. It outlives the server's restarts: mounted by root, or in
    a namespace that somebody else holds open."""
    if os.geteuid() == 0:
        with small_disk(server, size) as folder:
            yield folder, folder
        return
    folder = server.folder.with_name(f"{server.folder.name}.small")
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", str(folder)]
    apart = ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount"]
    keep = ["sh", "-c", '"$@" && echo mounted && exec sleep 600', "sh"]
    with subprocess.Popen([*apart, *keep, *mount], stdout=subprocess.PIPE) as holder:
        try:
            if holder.stdout is None or holder.stdout.readline() != b"mounted\n":
                missing("a small file system cannot be mounted")
            pid = str(holder.pid)
            server.wrapper = ["nsenter", "-t", pid, "--user", "--preserve-credentials", "--mount"]
            yield folder, Path(f"/proc/{pid}/root{folder}")
        finally:
            server.kill()
            holder.kill()


@pytest.fixture
def full_log() -> Iterator[tuple[Postgres, Path]]:
    """A server whose write-ahead log alone stands on a small disk."""
    try:
        server = fresh(min_wal_size="32MB", max_wal_size="32MB")
        with lasting_disk(server, SMALL_LOG) as (there, disk):
            log = server.folder / "pg_wal"
            shutil.copytree(log, disk / "pg_wal")
            shutil.rmtree(log)
            log.symlink_to(there / "pg_wal")
            give_away(disk)
            give_away(server.folder)
            with server:
                yield server, disk
    except databases.NoPostgres as reason:
        missing(str(reason))


def test_a_full_disk_of_the_log_stops_the_server_and_loses_nothing(full_log, tmp_path):
    """F7: PostgreSQL stops rather than acknowledge what it cannot log. Once there is room, whoever watches over the
    server starts it, and the workers go on by themselves."""
    server, disk = full_log
    for scene in open_scene(server.url, tmp_path):
        with scene.machine() as machine:
            people = iter(scene.people)
            assert scene.claim(machine.port, next(people)) == DONE
            take_all_room(disk / "filler")
            refused = None
            for who in people:
                if (answer := scene.claim(machine.port, who)) != DONE:
                    refused = answer
                    break
                next_segment(server)
            assert refused == LOST
            done = len([request for request in scene.recorder.requests if request.answer == DONE])
            assert done >= 1
            reply = next(people).claim(machine.port, "spring", scene.campaign.release, timeout=40)
            assert (reply.status, "retry-after" in reply.headers) == (503, True)
            # Started again without room it stops again: there is nothing half started that would acknowledge.
            assert server.process is not None
            assert server.process.wait(60) != 0
            with pytest.raises((AssertionError, psycopg.Error)):
                server.start()
            (disk / "filler").unlink()
            server.start()
            assert scene.claim(machine.port, next(people)) == DONE
        scene.prove()


def take_all_room(path: Path) -> None:
    """Fill what is left of a disk."""
    with path.open("wb", buffering=0) as filler:
        for size in (1_000_000, 1_000):
            with contextlib.suppress(OSError):
                while True:
                    filler.write(bytes(size))
    assert shutil.disk_usage(path.parent).free == 0


def next_segment(server: Postgres) -> None:
    """Have the server begin another segment of its log, as hours of claims would."""
    with contextlib.suppress(psycopg.Error):
        server.execute("SELECT pg_switch_wal()")

"""A disk that is full: what cannot be written is refused, what can be read is read, and nothing is half there."""

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
from tests.races.history import DONE

pytestmark = [pytest.mark.race, pytest.mark.postgres]

SMALL = "6m"


@contextmanager
def small_disk(server: Postgres) -> Iterator[Path]:
    """Yield a folder of 6 MB that only the server needs to see: mounted by root, or in a namespace of the server's."""
    folder = server.folder.with_name(f"{server.folder.name}.small")
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL},mode=0777", "tmpfs", str(folder)]
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

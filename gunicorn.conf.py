"""Settings of the web server; what an installation may want to change is an environment variable."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

bind = os.environ.get("BIND", "127.0.0.1:8000")


def _usable_cpus() -> int:
    """The processors this process may use, which in a container are fewer than the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# One process per processor keeps them busy; the threads wait for the database, and those that wait for the same thing
# share a transaction (foundation/group_commit.py): the more there are, the fewer commits a rush needs.
workers = int(os.environ.get("WEB_CONCURRENCY") or _usable_cpus())
worker_class = os.environ.get("GUNICORN_WORKER_CLASS", "gthread")
threads = int(os.environ.get("GUNICORN_THREADS", "32"))

# By default it lies in the home folder, where two installations of one user would collide.
control_socket_disable = True

# Workers beat their heart on a file; on a slow disk that beat can miss and kill a healthy worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# Replaced now and then, so that a slow leak in any library never adds up; the jitter keeps the
# workers from all being replaced in the same moment of a rush.
max_requests = 50_000
max_requests_jitter = 10_000

# A request that takes longer than this has lost its reader; a stop waits this long for the rest.
timeout = 60
graceful_timeout = 10
keepalive = 5

# Requests are counted by the metrics and told by the application's own log.
accesslog = os.environ.get("GUNICORN_ACCESS_LOG") or None
errorlog = "-"
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "info")

# Whose word about the client's address and scheme is taken: the reverse proxy, nobody else.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")


def child_exit(_server: Any, worker: Any) -> None:
    """Give up a dead worker's live gauges, or its requests would count as running for ever."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess  # only needed, and only sound, in this mode

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

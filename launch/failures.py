"""What can go wrong on someone else's machine, said in one sentence with the way out.

A person who meets one of these did nothing wrong in the code, so they never see a traceback.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path

EXIT_CODE = 2


class Failure(Exception):
    """Something the person can put right: ``what`` is wrong, and the ``way_out``."""

    def __init__(self, what: str, way_out: str) -> None:
        super().__init__(what)
        self.what = what
        self.way_out = way_out

    def __str__(self) -> str:
        return f"error: {self.what}\n  {self.way_out}"


# What the tools print, tried in this order: a full disk also breaks downloads, and a refused
# write also reads like a failed command, so the causes come before their consequences.
_SIGNS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"No space left on device|\bENOSPC\b|Disk quota exceeded|\bEDQUOT\b", re.I),
        "the disk is full",
        "Free about 1 GB (the packages and their caches need it), then run the same command again.",
    ),
    (
        re.compile(r"Permission denied|\bEACCES\b|\bEPERM\b|Read-only file system|\bEROFS\b", re.I),
        "a file or folder cannot be written",
        "Clone the repository into a folder of your own, and check who owns .venv, .setup and web/.",
    ),
    (
        re.compile(r"DO NOT MATCH THE HASHES|Hash mismatch|EINTEGRITY|integrity checksum failed", re.I),
        "a downloaded package is not the one recorded in the lock file",
        "Do not go on with it. Try again without the mirror or proxy in between.",
    ),
    (
        re.compile(
            r"NewConnectionError|ConnectTimeout|NameResolutionError|ReadTimeoutError|ProxyError"
            r"|Temporary failure in name resolution|dns error|error sending request|Failed to fetch"
            r"|tcp connect error|client error \(Connect\)|Network is unreachable|Could not connect"
            r"|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH"
            r"|Connection refused|CERTIFICATE_VERIFY_FAILED|invalid peer certificate",
            re.I,
        ),
        "the package registries cannot be reached",
        "Check the network. Behind a proxy set HTTPS_PROXY; with a mirror set PIP_INDEX_URL and "
        "NPM_CONFIG_REGISTRY. Then run the same command again: it goes on where it stopped.",
    ),
    (
        re.compile(r"ensurepip is not available|No module named .?(ensurepip|venv)", re.I),
        "this Python cannot create virtual environments",
        "Install its venv module (Debian, Ubuntu: apt-get install python3-venv), then run it again.",
    ),
)


def from_output(step: str, output: str, log: Path | None = None) -> Failure:
    """The failure that a tool's output tells of; ``log`` is where the whole output is kept."""
    for sign, what, way_out in _SIGNS:
        if sign.search(output):
            return Failure(f"{step}: {what}.", way_out)
    tail = "\n  ".join(line for line in output.strip().splitlines()[-12:])
    where = f"Everything it printed is in {log}." if log else "Run it again to see whether it passes."
    return Failure(f"{step} failed. Its last words:\n  {tail or '(none)'}", where)


def from_os_error(problem: OSError) -> Failure | None:
    """The failure behind an operating-system error, or None when it is none of the person's."""
    name = problem.filename or "a file"
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failure(f"the disk is full: {name} could not be written.", "Free about 1 GB, then run it again.")
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Failure(
            f"{name} cannot be written.",
            "Clone the repository into a folder of your own, or give this user the right to write there.",
        )
    return None


def check_python(find: Callable[[str], object] = importlib.util.find_spec) -> None:
    """Refuse a Python that cannot make a virtual environment, and an operating system without fork.

    Debian ships Python without ensurepip unless python3-venv is installed; asking first gives
    a better sentence than the half-made environment that ``python3 -m venv`` leaves behind.
    """
    if os.name != "posix":
        raise Failure(
            "this runs on Linux and macOS, and the web server it uses does not run on Windows.",
            "On Windows, run it inside WSL.",
        )
    missing = [module for module in ("venv", "ensurepip") if find(module) is None]
    if missing:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise Failure(
            f"this Python ({sys.executable}) comes without {' and '.join(missing)}.",
            f"Install it (Debian, Ubuntu: apt-get install python3-venv or python{version}-venv), "
            "then run the same command again.",
        )


def check_writable(folder: Path) -> None:
    """Refuse to start work in a folder that cannot be written."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Failure(
            f"the folder {folder} cannot be written.",
            "Clone the repository into a folder of your own and run it there.",
        )


def check_port(host: str, port: int) -> None:
    """Refuse a port that another program holds, or an address this machine does not have."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the web server does: an address in TIME_WAIT from the last run is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except socket.gaierror:
            raise Failure(f"{host} is not an address of this machine.", "Give another --host, or none.") from None
        except OSError as problem:
            raise _port_failure(host, port, problem) from None


def _port_failure(host: str, port: int, problem: OSError) -> Failure:
    if problem.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else port - 1
        return Failure(
            f"port {port} on {host} is in use by another program.",
            f"Stop that program, or choose another port: python3 manage.py demo --port {other}",
        )
    if problem.errno in (errno.EACCES, errno.EPERM):
        return Failure(f"this user may not open port {port}.", "Choose one above 1023, such as --port 8000.")
    return Failure(f"{host} is not an address of this machine.", "Give another --host, or none.")

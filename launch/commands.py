"""The commands of manage.py: words in, an exit code out, and never a traceback for a person's mishap."""

from __future__ import annotations

import argparse
import signal
from types import FrameType

from launch import bench, demo, failures, locks, progress, setup, testing

_INTERRUPTED = 130
_TERMINATED = 143


def main(words: list[str]) -> int:
    """Run one command and return the exit code; 2 for whatever the person can put right."""
    before = signal.signal(signal.SIGTERM, _end)
    try:
        return _dispatch(words)
    except failures.Failure as failure:
        progress.say(str(failure))
        return failures.EXIT_CODE
    except OSError as problem:
        known = failures.from_os_error(problem)
        if known is None:
            raise
        progress.say(str(known))
        return failures.EXIT_CODE
    except KeyboardInterrupt:
        progress.say("\nStopped. The same command goes on from here.")
        return _INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(_number: int, _frame: FrameType | None) -> None:
    """On SIGTERM, leave by an exception, so that the program being waited for is ended too."""
    raise SystemExit(_TERMINATED)


def _dispatch(words: list[str]) -> int:
    # Everything after `test` is pytest's and after `bench` the bench's, --help included: argparse must not see it.
    if words[:1] == ["test"]:
        return testing.run(words[1:])
    if words[:1] == ["bench"]:
        return bench.run(words[1:])
    choice = _parser().parse_args(words)
    if choice.command == "demo":
        return demo.run(
            demo.Wish(
                check=choice.check,
                fresh=choice.fresh,
                scale=choice.scale,
                host=choice.host,
                port=choice.port,
            )
        )
    if choice.command == "lock":
        return locks.run(upgrade=choice.upgrade)
    setup.prepare(dev=choice.dev)
    progress.say("Ready: .venv and webapp/static/vendor are up to date.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="manage.py", description="Sets up, shows and tests the software.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    show = commands.add_parser("demo", help="play a year of campaigns, then open the site on this machine")
    show.add_argument(
        "--check",
        action="store_true",
        help="only play the year: settlement as JSON on stdout, exit code 0 if every account balances",
    )
    show.add_argument("--fresh", action="store_true", help="delete the demo's data first")
    show.add_argument("--scale", type=_scale, default="1", metavar="X", help="size of the year (default 1)")
    show.add_argument("--port", type=_port, default=8000, metavar="N", help="port of the site (default 8000)")
    show.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default 127.0.0.1); this machine's address in the local network lets a phone in",
    )

    commands.add_parser("test", help="run the tests; further words go to pytest", add_help=False)

    commands.add_parser("bench", help="measure it; further words say what and how long", add_help=False)

    only = commands.add_parser("setup", help="only install what the code needs")
    only.add_argument("--dev", action="store_true", help="with the tools for tests and checks")

    lock = commands.add_parser("lock", help="write the lock files anew after a change of dependencies")
    lock.add_argument("--upgrade", action="store_true", help="take the newest versions the ranges allow")
    return parser


def _scale(word: str) -> str:
    """A positive number, passed on as it was written."""
    try:
        good = 0 < float(word) < float("inf")
    except ValueError:
        good = False
    if not good:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number above 0")
    return word


def _port(word: str) -> int:
    if not word.isascii() or not word.isdigit() or not 1 <= int(word) <= 65535:
        raise argparse.ArgumentTypeError(f"{word!r} is not a port from 1 to 65535")
    return int(word)

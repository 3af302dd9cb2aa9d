"""``python -m bench``: which benches, how large, on which engine."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from bench import bulk, seals, web
from bench.place import ENGINES, FOLDER, fresh
from bench.table import Line, say, show, write

BENCHES = {
    "claims": web.claims,
    "redeem": web.redeem,
    "refuse": web.refuse,
    "report": bulk.report,
    "draw": bulk.draw,
    "list": bulk.named_list,
    "expire": bulk.expire,
    "qr": bulk.qr_page,
    "growth": bulk.growth,
    "seals": seals.seals,
}


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="manage.py bench", description="Measures the product on this machine.")
    words.add_argument("benches", nargs="*", metavar="BENCH", help=f"which: {', '.join(BENCHES)} (default: all)")
    words.add_argument("--engine", choices=(*ENGINES, "both"), default="both")
    words.add_argument("--postgres-url", default="", help="a server to use instead of the one in the wheel")
    words.add_argument("--rounds", type=int, default=5, help="how often subject and baseline take turns (default 5)")
    words.add_argument("--seconds", type=float, default=2.0, help="length of one slice of load (default 2)")
    words.add_argument("--connections", type=int, default=64, help="connections that load comes over (default 64)")
    words.add_argument("--workers", type=int, default=2, help="server processes (default 2)")
    words.add_argument("--worker-class", default=os.environ.get("GUNICORN_WORKER_CLASS", "gthread"))
    words.add_argument("--threads", type=int, default=32, help="threads of a worker (default 32)")
    words.add_argument(
        "--rows", type=int, default=0, help="size of draw, list, expire, report and seals (0: each its own)"
    )
    words.add_argument("--folder", type=Path, default=FOLDER, help="where JSON and charts go (default var/bench)")
    words.add_argument("--sizes", default="", help="existing entitlements for growth: 1000,100000,1000000")
    return words


def main() -> int:
    wish = parser().parse_args()
    unknown = [name for name in wish.benches if name not in BENCHES]
    if unknown:
        say(f"error: there is no bench {unknown[0]}; there are {', '.join(BENCHES)}")
        return 2
    engines = ENGINES if wish.engine == "both" else (wish.engine,)
    logging.disable(logging.INFO)
    for name in wish.benches or BENCHES:
        lines: list[Line] = []
        for engine in engines:
            say(f"{name} on {engine}")
            with fresh(engine, postgres_url=wish.postgres_url) as place:
                lines += BENCHES[name](place, wish)
        show(name, lines)
        for path in write(wish.folder, name, lines, vars(wish)):
            say(f"  {os.path.relpath(path)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

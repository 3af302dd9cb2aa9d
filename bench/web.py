"""Benches over HTTP: claims, redemptions and refusals beside a POST that does nothing, in one run, taking turns."""

from __future__ import annotations

import itertools
import json
import statistics
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from bench import load, processor, usual, world
from bench.place import Place
from bench.server import Workers, serving
from bench.table import Line, say
from foundation.db import db
from voucher.models import ClaimBatch

NOTHING, USUAL = "do-nothing POST", "usual ORM claim"
#: More than any subject gets through in a slice; who runs out is told.
MOST_PER_SECOND = 6_000


@dataclass(frozen=True)
class Subject:
    """Something to send: its requests for the slice of that number (0 warms up), and the answers that are right."""

    name: str
    requests: Callable[[int], Iterator[bytes]]
    right: frozenset[int]


def claims(place: Place, wish: Namespace) -> list[Line]:
    """Claims by the claim's door, and the usual claim."""
    crowd = _crowd(wish)
    usual.make_tables(wish.rounds + 1)
    releases = world.campaign("rush", wish.rounds + 1)
    subjects = [
        _nothing(crowd),
        Subject("claim", lambda turn: _forms("/campaigns/rush/claims", crowd, releases[turn]), frozenset({200})),
        Subject(USUAL, lambda turn: _forms("/bench/usual", crowd, turn + 1), frozenset({200})),
    ]
    lines = _take_turns(place, wish, subjects)
    batches, granted = db.session.execute(select(func.count(), func.sum(ClaimBatch.count))).one()
    db.session.rollback()
    say(f"  {int(granted) / int(batches):.1f} claims per transaction")
    return lines


def refuse(place: Place, wish: Namespace) -> list[Line]:
    """Sold out and not open yet, beside a POST that does nothing."""
    crowd = _crowd(wish)
    [gone] = world.campaign("gone", 1, stock=1)
    world.claimed([crowd[0].citizen_id], gone)
    [later] = world.campaign("later", 1, opens_in=timedelta(days=2))
    subjects = [
        _nothing(crowd),
        Subject("sold out", lambda _turn: _forms("/campaigns/gone/claims", crowd, gone), frozenset({409})),
        Subject("not open yet", lambda _turn: _forms("/campaigns/later/claims", crowd, later), frozenset({409})),
    ]
    return _take_turns(place, wish, subjects)


def redeem(place: Place, wish: Namespace) -> list[Line]:
    """Redemptions by the tills' API."""
    crowd = _crowd(wish)
    releases = world.campaign("till", wish.rounds + 1)
    # Each worker checks each key by Argon2 once; a few keys are through with that when the warming up is.
    tills = world.tills(world.campaign_of(releases[0]), 4)
    people = [browser.citizen_id for browser in crowd]
    most = int(wish.seconds * MOST_PER_SECOND / 3)
    codes = [world.shown(world.claimed(people[:most], release)) for release in releases]

    def scans(turn: int) -> Iterator[bytes]:
        for number, digits in enumerate(codes[turn]):
            till = tills[number % len(tills)]
            headers = (
                f"Host: localhost\r\nX-Api-Key: {till.key}\r\nIdempotency-Key: {digits}\r\n"
                "Content-Type: application/json\r\nX-Forwarded-For: 10.9.9.9\r\n"
            )
            body = json.dumps({"code": digits, "bill_fen": 20_000}).encode()
            yield world.post("/api/pos/v1/redemptions", headers.encode(), body)

    return _take_turns(place, wish, [_nothing(crowd), Subject("redemption", scans, frozenset({201}))])


def _crowd(wish: Namespace) -> list[world.Browser]:
    count = int(wish.seconds * MOST_PER_SECOND)
    say(f"  registering and signing in {count:,} citizens")
    return world.browsers(world.application(), world.citizens(count))


def _nothing(crowd: list[world.Browser]) -> Subject:
    return Subject(NOTHING, lambda _turn: _forms("/bench/nothing", crowd, 1), frozenset({200}))


def _forms(path: str, crowd: list[world.Browser], release_id: int) -> Iterator[bytes]:
    return (world.form(path, browser, release_id) for browser in crowd)


def _take_turns(place: Place, wish: Namespace, subjects: list[Subject]) -> list[Line]:
    """Warm everything up, then give every subject a slice of each round; return what is compared with the first."""
    workers = Workers(wish.workers, wish.worker_class, wish.threads)
    slices: dict[str, list[load.Slice]] = {subject.name: [] for subject in subjects}
    with serving(place, workers) as (address, server):
        for turn in range(wish.rounds + 1):
            # Each round begins with another subject: whoever follows a heavy one must not always be the same.
            order = subjects[turn % len(subjects) :] + subjects[: turn % len(subjects)]
            for subject in order:
                seconds = wish.seconds if turn else min(1.0, wish.seconds)
                requests = itertools.chain(subject.requests(turn))
                before = processor.seconds_of([server, *place.database_pids])
                found = load.run(subject.name, address, requests, connections=wish.connections, seconds=seconds)
                found.processor_seconds = processor.seconds_of([server, *place.database_pids]) - before
                wrong = set(found.statuses) - subject.right
                if wrong:
                    raise RuntimeError(f"{subject.name} was answered {dict(found.statuses)}")
                if turn:
                    slices[subject.name].append(found)
            say(f"  round {turn} of {wish.rounds}" if turn else "  warmed up")
    return [_line(place, name, slices) for name in slices]


def _line(place: Place, name: str, slices: dict[str, list[load.Slice]]) -> Line:
    own, base = slices[name], slices[next(iter(slices))]
    ratios = [mine.per_second / theirs.per_second for mine, theirs in zip(own, base, strict=True)]
    costs = [theirs.processor_ms / mine.processor_ms for mine, theirs in zip(own, base, strict=True)]
    p99 = [mine.percentile_ms(99) / theirs.percentile_ms(99) for mine, theirs in zip(own, base, strict=True)]
    to_usual = None
    if USUAL in slices and name not in (NOTHING, USUAL):
        to_usual = [a.per_second / b.per_second for a, b in zip(own, slices[USUAL], strict=True)]
    return Line(
        engine=place.engine,
        name=name,
        value=statistics.median(each.per_second for each in own),
        unit="/s",
        ratios=ratios,
        processor_ms=statistics.median(each.processor_ms for each in own),
        processor_ratios=costs,
        p99_ratios=p99,
        to_usual=to_usual,
        detail=[each.document() for each in own],
    )

"""One car, one invoice, one appliance: of all who want its number at once, in whatever spelling, one gets it."""

import time
from collections import Counter

import pytest
from sqlalchemy import select

from evidence import marks, numbers
from evidence.marks import Claimed
from evidence.models import Mark
from foundation.db import db
from tests.races.crowd import at_once

pytestmark = [pytest.mark.race, pytest.mark.postgres]

VIN = "LSVAA4182E2164534"
#: The same number as six people write it.
SPELLINGS = (
    str.upper,
    str.lower,
    " ".join,
    lambda text: f"{text[:3]}-{text[3:9]}-{text[9:]}",
    lambda text: "".join(chr(ord(each) + 0xFEE0) for each in text),
    lambda text: f"  {text}\n",
)


def taking():
    """Sixteen applications with one car, each in a spelling of its own."""
    spelled = [SPELLINGS[holder % len(SPELLINGS)](VIN) for holder in range(16)]
    return [
        lambda holder=holder, text=text: marks.take([Claimed("vin", numbers.vin(text), "application", str(holder))])
        for holder, text in enumerate(spelled)
    ]


def test_of_sixteen_who_want_one_number_in_any_spelling_one_has_it(clock, race_app):
    attempts = at_once(race_app, taking())
    assert Counter(attempt.code for attempt in attempts) == {"done": 1, "mark_taken": 15}
    assert marks.holder_of("vin", VIN) is not None


def test_several_numbers_in_another_order_are_taken_by_one_and_nobody_waits_in_a_circle(clock, race_app):
    kinds = ("serial", "imei", "invoice", "plate")

    def take(turn):
        wanted = [Claimed(kind, "X123", "redemption", str(turn)) for kind in (*kinds[turn % 4 :], *kinds[: turn % 4])]
        return lambda: marks.take(wanted)

    attempts = at_once(race_app, [take(turn) for turn in range(16)])
    assert Counter(attempt.code for attempt in attempts) == {"done": 1, "mark_taken": 15}
    db.session.rollback()
    assert len(set(db.session.scalars(select(Mark.holder_id)))) == 1


def test_a_number_that_is_looked_up_and_then_taken_counts_many_times(clock, broken_app, monkeypatch):
    """Negative control: a look before the write, and a number that whoever comes last holds."""
    granted = []

    def look_then_take(claims):
        if marks.holder_of(claims[0].kind, claims[0].number) is not None:
            raise marks.MarkTaken(what="", field="vin")
        time.sleep(0.02)
        granted.append(claims[0].holder_id)

    monkeypatch.setattr(marks, "take", look_then_take)
    at_once(broken_app, taking())
    assert len(granted) > 1

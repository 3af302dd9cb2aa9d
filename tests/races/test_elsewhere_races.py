"""A list of a subsidy paid elsewhere that comes in while its people apply: each is refused, or found, and none is both
let through and unknown."""

import time
from collections import Counter

import pytest
from sqlalchemy import func, select

from campaigns.catalog import release_facts
from foundation.db import db
from foundation.ids import new_id
from ledger import audit
from tests import people, world
from tests.applications import desk
from tests.races.crowd import at_once, mixed
from tests.voucher.test_elsewhere import OFFICER, PROVINCE
from voucher import elsewhere
from voucher.elsewhere_file import read_numbers
from voucher.elsewhere_models import ElsewhereKey, ElsewhereWatch

pytestmark = [pytest.mark.race, pytest.mark.postgres]

PEOPLE, BYSTANDERS = 24, 8
#: How long the control's applicants take between looking and applying, and how long after them its list comes: whoever
#: looked before it and applies after it is there on the slowest machine too.
A_WHILE, LATER = 0.8, 0.3


def everybody_applies_while_the_list_comes(app, *, later=0.0):
    """Let many take their numbers while a list of them comes in; others, who are on none, apply beside them. Return how
    the applicants fared, and how many the list found."""
    written = desk.document()
    written["people"] = {"apart_from": [PROVINCE]}
    facts = release_facts(world.opened(written).release)
    assert facts is not None
    listed = [desk.a_vin(number) for number in range(PEOPLE)]
    data = ("车架号\n" + "\n".join(listed) + "\n").encode()
    read = read_numbers(data, "a.csv")

    def applies(vin):
        return lambda: elsewhere.take(facts, new_id(), {"vin": vin})

    def comes():
        time.sleep(later)
        return elsewhere.import_list("prov-2025", "省补", read, data=data, file_name="a.csv", by=OFFICER).id

    works = [applies(vin) for vin in listed]
    beside = [applies(desk.a_vin(500 + number)) for number in range(BYSTANDERS)]
    attempts = at_once(app, mixed(works, beside, [comes]))
    db.session.rollback()
    found = db.session.scalar(select(func.count(ElsewhereWatch.found_in)))
    return Counter(attempt.code for attempt in attempts), found


def test_whoever_applies_while_the_list_comes_is_refused_or_found(clock, race_app):
    people.citizens(1)
    outcomes, found = everybody_applies_while_the_list_comes(race_app)
    assert set(outcomes) <= {"done", "had_subsidy_elsewhere"}
    assert outcomes["had_subsidy_elsewhere"] + found == PEOPLE
    assert outcomes["done"] == BYSTANDERS + found + 1


def test_without_the_shared_row_some_are_let_through_and_not_found(clock, broken_app, monkeypatch):
    """The control: who looks whether a list has the number, and applies afterwards, slips past a list that comes."""

    def naive(keys):
        there = {
            (code, kind, bytes(hash_))
            for code, kind, hash_ in db.session.execute(
                select(ElsewhereKey.programme, ElsewhereKey.kind, ElsewhereKey.number_hash).where(
                    ElsewhereKey.listed_in.is_not(None)
                )
            )
        }
        time.sleep(A_WHILE)
        return set(keys) - there

    monkeypatch.setattr(elsewhere, "_take_free", naive)
    outcomes, found = everybody_applies_while_the_list_comes(broken_app, later=LATER)
    assert outcomes["had_subsidy_elsewhere"] + found < PEOPLE
    assert "nothing_new_overlaps" in {finding.check.name for finding in audit.run()}


def test_two_lists_with_the_same_numbers_and_a_revocation_at_once_leave_the_right_ones(clock, race_app):
    data = ("车架号\n" + "\n".join(desk.a_vin(number) for number in range(60)) + "\n").encode()
    read = read_numbers(data, "a.csv")

    def comes():
        return elsewhere.import_list("prov-2025", "省补", read, data=data, file_name="a.csv", by=OFFICER).id

    first = world.done(comes)
    works = [comes, lambda: elsewhere.revoke(first, by=OFFICER, reason="导错了"), comes]
    assert Counter(attempt.code for attempt in at_once(race_app, works)) == {"done": 3}
    db.session.rollback()
    standing = select(func.count()).select_from(ElsewhereKey).where(ElsewhereKey.listed_in.is_not(None))
    assert db.session.scalar(standing) == 60

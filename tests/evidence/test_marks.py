"""Numbers that count once."""

import pytest

from evidence import marks
from evidence.errors import MarkTaken
from evidence.marks import Claimed
from foundation.db import transaction
from tests.world import done

CAR = "LSVAA4182E2164534"
INVOICE = "23442000000123456789"


def car_of(holder, number=CAR):
    return Claimed("vin", number, "application", holder)


def test_a_number_counts_once_over_all_holders(app):
    done(lambda: marks.take([car_of("1"), Claimed("vehicle_invoice", INVOICE, "application", "1")]))
    with pytest.raises(MarkTaken) as refused, transaction():
        marks.take([car_of("2")])
    assert refused.value.field == "vin"
    assert marks.holder_of("vin", CAR) == ("application", "1")


def test_all_numbers_are_taken_or_none(app):
    done(lambda: marks.take([car_of("1")]))
    with pytest.raises(MarkTaken), transaction():
        marks.take([Claimed("vehicle_invoice", INVOICE, "application", "2"), car_of("2")])
    assert marks.holder_of("vehicle_invoice", INVOICE) is None


def test_the_same_digits_of_another_kind_are_another_number(app):
    done(lambda: marks.take([Claimed("serial", "490154203237518", "redemption", "1")]))
    done(lambda: marks.take([Claimed("imei", "490154203237518", "redemption", "2")]))
    assert marks.holder_of("imei", "490154203237518") == ("redemption", "2")


def test_what_is_given_back_may_count_again(app):
    done(lambda: marks.take([car_of("1")]))
    done(lambda: marks.give_back("application", ["1"]))
    done(lambda: marks.take([car_of("2")]))
    assert marks.holder_of("vin", CAR) == ("application", "2")


def test_of_a_batch_the_first_gets_a_number_that_is_wanted_twice(app):
    wanted = [car_of("1"), car_of("2"), car_of("3", "1M8GDM9AXKP042788")]
    assert done(lambda: marks.take_what_is_free(wanted)) == {wanted[0], wanted[2]}

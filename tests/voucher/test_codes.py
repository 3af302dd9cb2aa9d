import random
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from stdnum.iso7064 import mod_11_10

from foundation.clock import TICK
from foundation.crypto import init_keys
from foundation.db import db
from tests import databases
from tests.world import (
    OTHER_PHONE,
    PHONE,
    citizens,
    claim,
    claim_and_show,
    done,
    everything,
    opened,
    redeem,
    shop,
    show,
    void,
)
from voucher import codes, spending
from voucher.codes import GRACE, KEPT_FOR, LENGTH, PREFIX, SHOWN_FOR, code_hash, new_digits, read_code
from voucher.errors import (
    AlreadyRedeemed,
    CodeExpired,
    CodeForeign,
    CodeMalformed,
    CodeMistyped,
    CodeRetired,
    CodeUnknown,
    OpenedElsewhere,
    VoucherNotShowable,
    VoucherUnknown,
)
from voucher.jobs import forget_codes
from voucher.models import Entitlement, VoucherCode
from voucher.spending import Presented

#: What other rooms' screens show at the same till.
WECHAT_PAY = "134567890123456789"
ALIPAY = "281234567890123456"


def a_code(body="9612345678901234567"):
    return body + mod_11_10.calc_check_digit(body)


@pytest.fixture(autouse=True)
def _keys():
    """Hashing needs the keys of an installation; every application of these tests loads the same."""
    init_keys(databases.settings_for("sqlite://"))


# --- the format ---------------------------------------------------------------------------------------------


def test_a_code_is_twenty_digits_with_the_prefix_and_a_check_digit():
    many = {new_digits() for _ in range(200)}
    assert len(many) == 200
    for digits in many:
        assert (len(digits), digits[:2], digits.isascii(), digits.isdigit()) == (LENGTH, PREFIX, True, True)
        assert mod_11_10.is_valid(digits)
        assert read_code(digits) == code_hash(digits)


def test_the_prefix_is_none_of_a_payment_code():
    assert int(PREFIX) not in {*range(10, 16), *range(25, 31), 62}


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", CodeMalformed),
        ("   ", CodeMalformed),
        ("-", CodeMalformed),
        ("1", CodeMalformed),
        (a_code()[:-1], CodeMalformed),
        (a_code() + "0", CodeMalformed),
        (a_code()[:10], CodeMalformed),
        ("９６１２３４５６７８９０１２３４５６７８", CodeMalformed),
        (a_code()[:-1] + "５", CodeMalformed),
        ("٩٦١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦٧٨", CodeMalformed),
        ("9" * 513, CodeMalformed),
        (" " * 513, CodeMalformed),
        (WECHAT_PAY, CodeForeign),
        ("101234567890123456", CodeForeign),
        ("159999999999999999", CodeForeign),
        (ALIPAY, CodeForeign),
        ("251234567890123456", CodeForeign),
        ("309999999999999999999999", CodeForeign),
        ("28123456789012345678", CodeForeign),
        ("6212345678901234567", CodeForeign),
        ("62123456789012345678", CodeForeign),
        ("6901234567892", CodeForeign),
        ("https://example.org/v?c=" + a_code(), CodeForeign),
        ("wxp://f2f0abc", CodeForeign),
        ("HELLO", CodeForeign),
        (a_code() + "x", CodeMalformed),
        (a_code().replace("1", "l"), CodeMalformed),
        (a_code().replace("0", "O"), CodeMalformed),
        (a_code()[:5] + "_" + a_code()[5:], CodeMalformed),
        ("+" + a_code(), CodeForeign),
        (a_code()[:5] + "." + a_code()[5:], CodeMalformed),
        ("98" + a_code()[2:], CodeForeign),
        ("\x00" + a_code(), CodeForeign),
    ],
)
def test_what_is_not_a_code_is_told_apart(text, refusal):
    with pytest.raises(refusal):
        read_code(text)


@pytest.mark.parametrize(
    "typed",
    [
        " ".join([a_code()[i : i + 4] for i in range(0, 20, 4)]),
        "-".join([a_code()[i : i + 4] for i in range(0, 20, 4)]),
        f"  {a_code()}\r\n",
        f"\t{a_code()}\t",
    ],
)
def test_spaces_hyphens_and_a_scanner_guns_line_end_do_not_matter(typed):
    assert read_code(typed) == code_hash(a_code())


def test_every_single_wrong_digit_is_told_from_an_unknown_code():
    rng = random.Random(20)
    for _ in range(20):
        digits = a_code(PREFIX + "".join(rng.choices("0123456789", k=17)))
        for place in range(len(PREFIX), LENGTH):
            for wrong in set("0123456789") - {digits[place]}:
                with pytest.raises(CodeMistyped):
                    read_code(digits[:place] + wrong + digits[place + 1 :])


def test_nearly_every_swap_of_neighbours_is_told_too():
    """MOD 11,10 lets about one adjacent transposition in fifty pass; such a code is then an unknown one."""
    rng = random.Random(21)
    swapped = passed = 0
    for _ in range(300):
        digits = a_code(PREFIX + "".join(rng.choices("0123456789", k=17)))
        for place in range(len(PREFIX), LENGTH - 1):
            if digits[place] != digits[place + 1]:
                swapped += 1
                passed += mod_11_10.is_valid(digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :])
    assert passed / swapped < 0.03


@given(st.text(max_size=40) | st.text("0123456789 -", min_size=18, max_size=26))
def test_any_text_is_read_or_refused(text):
    with suppress(CodeMalformed, CodeForeign, CodeMistyped):
        assert len(read_code(text)) == 32


# --- showing ------------------------------------------------------------------------------------------------


def look_up(digits, clock):
    db.session.rollback()
    return spending.look_up([read_code(digits)], clock.now())[read_code(digits)]


@pytest.fixture
def held(clock, app):
    """Lin's voucher, and the campaign."""
    campaign = opened()
    lin, chen = citizens(2)
    return campaign, lin, chen, claim(lin, campaign.release)


def test_only_the_keyed_hash_of_a_code_is_kept(clock, held):
    _, lin, _, voucher = held
    digits = show(voucher, lin)
    kept = db.session.scalar(select(VoucherCode))
    assert kept.code_hash == code_hash(digits)
    written = repr(everything())
    assert digits not in written
    assert digits[2:-1] not in written


def test_a_code_is_shown_for_a_minute_and_read_for_a_little_longer(clock, held):
    _, lin, _, voucher = held
    shown = done(lambda: codes.open_voucher(voucher, lin, PHONE))
    assert shown.expires_at == clock.now() + SHOWN_FOR == clock.now() + timedelta(seconds=60)
    end = shown.expires_at + GRACE
    for moment, expected in [(shown.expires_at, Presented), (end - TICK, Presented), (end, CodeExpired)]:
        clock.move_to(moment)
        assert isinstance(look_up(shown.digits, clock), expected)


def test_a_code_rotates_and_the_one_before_is_read_until_its_own_end(clock, held):
    _, lin, _, voucher = held
    first = done(lambda: codes.open_voucher(voucher, lin, PHONE))
    clock.move_to(clock.now() + SHOWN_FOR)
    second = done(lambda: codes.show_code(voucher, lin, PHONE))
    assert first.digits != second.digits
    assert isinstance(look_up(first.digits, clock), Presented)
    clock.move_to(clock.now() + GRACE)
    assert isinstance(look_up(first.digits, clock), CodeExpired)
    assert isinstance(look_up(second.digits, clock), Presented)


def test_opening_on_another_device_retires_the_first_ones_codes(clock, held):
    _, lin, _, voucher = held
    first = show(voucher, lin, PHONE)
    second = show(voucher, lin, OTHER_PHONE)
    assert isinstance(look_up(first, clock), CodeRetired)
    assert isinstance(look_up(second, clock), Presented)
    with pytest.raises(OpenedElsewhere):
        done(lambda: codes.show_code(voucher, lin, PHONE))


def test_a_voucher_may_be_taken_back_to_the_first_device(clock, held):
    _, lin, _, voucher = held
    first = show(voucher, lin, PHONE)
    second = show(voucher, lin, OTHER_PHONE)
    third = show(voucher, lin, PHONE)
    assert [type(look_up(code, clock)) for code in (first, second, third)] == [CodeRetired, CodeRetired, Presented]


def test_opening_again_on_the_same_device_retires_nothing(clock, held):
    _, lin, _, voucher = held
    first = show(voucher, lin)
    show(voucher, lin)
    assert isinstance(look_up(first, clock), Presented)


def test_a_code_is_not_shown_before_the_voucher_was_opened(clock, held):
    _, lin, _, voucher = held
    with pytest.raises(OpenedElsewhere):
        done(lambda: codes.show_code(voucher, lin, PHONE))


@pytest.mark.parametrize("operation", [codes.open_voucher, codes.show_code])
def test_somebody_elses_voucher_is_as_unknown_as_one_that_does_not_exist(clock, held, operation):
    _, lin, chen, voucher = held
    show(voucher, lin)
    before = everything()
    for entitlement, citizen in [(voucher, chen), (lin, lin)]:
        with pytest.raises(VoucherUnknown):
            done(lambda entitlement=entitlement, citizen=citizen: operation(entitlement, citizen, PHONE))
    assert everything() == before


@pytest.mark.parametrize("operation", [codes.open_voucher, codes.show_code])
def test_what_cannot_be_used_is_not_shown(clock, held, operation):
    campaign, lin, _, voucher = held
    digits = show(voucher, lin)
    receipt = redeem(shop(campaign).till, digits)
    with pytest.raises(VoucherNotShowable):
        done(lambda: operation(voucher, lin, PHONE))
    assert receipt.status == "redeemed"


def test_an_expired_voucher_is_not_shown_from_the_instant_on(clock, held):
    _, lin, _, voucher = held
    end = db.session.get_one(Entitlement, voucher).expires_at
    clock.move_to(end - TICK)
    assert show(voucher, lin)
    clock.move_to(end)
    with pytest.raises(VoucherNotShowable):
        show(voucher, lin)


def test_a_code_that_was_never_shown_is_unknown(clock, held):
    assert isinstance(look_up(new_digits(), clock), CodeUnknown)


def test_a_used_code_stays_used(clock, held):
    campaign, lin, _, voucher = held
    place = shop(campaign)
    first = show(voucher, lin)
    second = show(voucher, lin)
    receipt = redeem(place.till, first)
    assert isinstance(look_up(first, clock), AlreadyRedeemed)
    assert isinstance(look_up(second, clock), AlreadyRedeemed)
    void(receipt, place.till)
    # The voucher is back; the codes that were on the screen before are not.
    assert isinstance(look_up(first, clock), CodeExpired)
    assert isinstance(look_up(second, clock), CodeExpired)
    assert isinstance(look_up(show(voucher, lin), clock), Presented)


# --- many at once -------------------------------------------------------------------------------------------


def test_many_vouchers_are_opened_at_once_each_for_its_holder(clock, held):
    campaign, lin, chen, voucher = held
    hers, digits = claim_and_show(chen, campaign.release)
    opened_at_once = done(
        lambda: codes.open_vouchers([(voucher, lin), (hers, lin), (lin, lin), (hers, chen)], OTHER_PHONE)
    )
    assert [shown is not None for shown in opened_at_once] == [True, False, False, True]
    assert isinstance(look_up(opened_at_once[0].digits, clock), Presented)
    assert isinstance(look_up(digits, clock), CodeRetired)


def test_nobody_opens_another_persons_voucher_among_many(clock, held):
    _, lin, chen, voucher = held
    digits = show(voucher, lin)
    before = everything()
    assert done(lambda: codes.open_vouchers([(voucher, chen)], OTHER_PHONE)) == [None]
    assert everything() == before
    assert isinstance(look_up(digits, clock), Presented)


# --- forgetting ---------------------------------------------------------------------------------------------


def test_codes_are_kept_until_nobody_asks_about_them(clock, held):
    _, lin, _, voucher = held
    shown = done(lambda: codes.open_voucher(voucher, lin, PHONE))
    end = shown.expires_at + GRACE + KEPT_FOR
    clock.move_to(end)
    assert forget_codes() == "forgot 0 codes"
    assert isinstance(look_up(shown.digits, clock), CodeExpired)
    clock.move_to(end + TICK)
    assert forget_codes() == "forgot 1 codes"
    assert db.session.scalar(select(func.count()).select_from(VoucherCode)) == 0
    assert isinstance(look_up(shown.digits, clock), CodeUnknown)

import re
import threading
from datetime import timedelta

import pytest

from foundation.config import SettingsError
from foundation.db import db, transaction
from foundation.errors import Refusal
from identity import citizens, sms
from identity.citizens import confirm_sign_in_code, forget_old_codes, register_citizens, request_sign_in_code
from identity.models import Citizen, OutboxMessage, SignInCode
from identity.phones import phone_hash
from tests.people import CHEN, LIN

DEVICE = b"a" * 32
OTHER_DEVICE = b"b" * 32


def sent_code():
    """Return the code in the newest message of the outbox."""
    db.session.rollback()
    message = db.session.scalars(db.select(OutboxMessage).order_by(OutboxMessage.id.desc())).first()
    return re.search(r"验证码 ([0-9]{6})", message.body).group(1)


def ask(phone=LIN.phone, *, device=DEVICE, address=""):
    request_sign_in_code(phone, device_hash=device, address=address)
    return sent_code()


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06d}"


def refused(call, *args, **kwargs):
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    return caught.value.code


def confirm(code, phone=LIN.phone, *, device=DEVICE):
    return confirm_sign_in_code(phone, code, device_hash=device)


def test_the_right_code_signs_in_and_registers_a_new_citizen(clock, app):
    lin = confirm(ask())
    assert lin.phone == LIN.phone
    assert db.session.query(Citizen).count() == 1


def test_a_known_citizen_is_found_again_under_another_spelling_of_the_phone(clock, app):
    with transaction():
        (known,) = register_citizens([LIN.phone], [LIN.name])
    code = ask("+86 138 0013 8001")
    assert confirm(code, "138 0013 8001").id == known
    assert db.session.get_one(Citizen, known).name == LIN.name


def test_a_code_is_good_once(clock, app):
    code = ask()
    confirm(code)
    assert refused(confirm, code) == "sign_in_code_wrong"


def test_a_code_is_good_for_five_minutes_and_not_a_second_longer(clock, app):
    code = ask()
    clock.move_to(clock.now() + timedelta(minutes=5) - timedelta(seconds=1))
    other = wrong(code)
    assert refused(confirm, other) == "sign_in_code_wrong"
    clock.move_to(clock.now() + timedelta(seconds=1))
    assert refused(confirm, code) == "sign_in_code_wrong"


def test_a_code_is_good_only_on_the_device_that_asked_for_it(clock, app):
    code = ask()
    assert refused(confirm, code, device=OTHER_DEVICE) == "sign_in_code_wrong"
    assert confirm(code)


def test_a_code_is_good_only_for_the_phone_it_was_sent_to(clock, app):
    code = ask()
    assert refused(confirm, code, CHEN.phone) == "sign_in_code_wrong"


def test_another_devices_guesses_do_not_kill_the_code(clock, app):
    code = ask()
    for _ in range(5):
        assert refused(confirm, wrong(code), device=OTHER_DEVICE) == "sign_in_code_wrong"
    assert confirm(code)


def test_five_wrong_tries_kill_a_code(clock, app):
    code = ask()
    for _ in range(4):
        assert refused(confirm, wrong(code)) == "sign_in_code_wrong"
    assert refused(confirm, wrong(code)) == "sign_in_code_used_up"
    assert refused(confirm, code) == "sign_in_code_used_up"


def test_a_new_code_ends_the_old_one(clock, app):
    old = ask()
    clock.move_to(clock.now() + timedelta(seconds=61))
    new = ask()
    if old != new:
        assert refused(confirm, old) == "sign_in_code_wrong"
    assert confirm(new)


def test_a_new_code_gives_no_new_tries_beyond_ten_wrong_ones_an_hour(clock, app):
    for _ in range(2):
        code = ask()
        for _ in range(5):
            refused(confirm, wrong(code))
        clock.move_to(clock.now() + timedelta(seconds=61))
    code = ask()
    assert refused(confirm, code) == "too_many_tries"
    clock.move_to(clock.now() + timedelta(hours=1))
    assert confirm(ask())


def test_wrong_tries_have_a_limit_per_day_too(clock, app):
    # Nine an hour stay below the limit of the hour; a new code each time gives nothing back.
    for _hour in range(4):
        code = ask()
        for turn in range(8):
            assert refused(confirm, wrong(code), device=OTHER_DEVICE) in ("sign_in_code_wrong", "too_many_tries"), turn
        clock.move_to(clock.now() + timedelta(hours=1, seconds=1))
    assert refused(confirm, ask()) == "too_many_tries"
    clock.move_to(clock.now() + timedelta(days=1))
    assert confirm(ask())


def test_an_address_has_a_limit_per_day(clock, app, monkeypatch):
    hourly, daily = citizens.SENDS_PER_ADDRESS
    assert (hourly.within, daily.within) == (timedelta(hours=1), timedelta(days=1))
    assert hourly.most < daily.most < hourly.most * 24
    monkeypatch.setattr(
        citizens, "SENDS_PER_ADDRESS", (citizens.Limit(2, hourly.within), citizens.Limit(5, daily.within))
    )
    for number in range(5):
        ask(str(13900000100 + number), device=bytes([number]) * 32, address="192.0.2.7")
        clock.move_to(clock.now() + timedelta(minutes=40))
    assert refused(ask, "13900000200", device=b"z" * 32, address="192.0.2.7") == "sign_in_code_too_often"


def test_the_next_code_is_sent_after_a_minute_and_the_refusal_says_when(clock, app):
    ask()
    clock.move_to(clock.now() + timedelta(seconds=20))
    with pytest.raises(Refusal) as caught:
        ask()
    assert caught.value.code == "sign_in_code_too_often"
    assert caught.value.retry_after_seconds == 40
    clock.move_to(clock.now() + timedelta(seconds=40))
    assert confirm(ask())


def test_a_phone_gets_ten_codes_a_day(clock, app):
    for _ in range(10):
        ask()
        clock.move_to(clock.now() + timedelta(minutes=2))
    assert refused(ask) == "sign_in_code_too_often"
    assert refused(ask, device=OTHER_DEVICE) == "sign_in_code_too_often"
    clock.move_to(clock.now() + timedelta(days=1))
    ask()


def test_a_device_and_an_address_have_limits_over_all_phones(clock, app):
    for i in range(20):
        ask(str(13900000000 + i))
    assert refused(ask, "13900000099") == "sign_in_code_too_often"
    citizens.SENDS_PER_ADDRESS, before = (citizens.Limit(2, timedelta(hours=1)),), citizens.SENDS_PER_ADDRESS
    try:
        ask("13900000100", device=b"c" * 32, address="192.0.2.7")
        ask("13900000101", device=b"d" * 32, address="192.0.2.7")
        assert refused(ask, "13900000102", device=b"e" * 32, address="192.0.2.7") == "sign_in_code_too_often"
        ask("13900000102", device=b"e" * 32, address="192.0.2.8")
    finally:
        citizens.SENDS_PER_ADDRESS = before


def test_a_refused_request_sends_nothing_and_counts_nothing(clock, app):
    ask()
    refused(ask)
    assert db.session.query(OutboxMessage).count() == 1
    assert db.session.query(SignInCode).count() == 1


def test_the_code_itself_is_stored_nowhere_in_the_clear(clock, app):
    code = ask()
    raw = db.session.execute(db.text("SELECT code_hash FROM sign_in_code")).scalar_one()
    assert code.encode() not in bytes(raw)
    body = db.session.execute(db.text("SELECT body FROM outbox_message")).scalar_one()
    assert code.encode() not in bytes(body)


class BrokenGateway:
    def __init__(self, failure):
        self.failure = failure

    def send(self, phone, text):
        raise self.failure


@pytest.mark.parametrize("failure", [sms.SmsFailed("quota"), TimeoutError("slow"), ConnectionError("down")])
def test_a_message_that_cannot_be_sent_is_a_clear_refusal_and_leaves_no_usable_code(clock, app, failure):
    sms.use_adapter(BrokenGateway(failure))
    assert refused(request_sign_in_code, LIN.phone, device_hash=DEVICE) == "sms_unavailable"
    assert db.session.query(SignInCode).one().ended_at is not None


def test_the_console_adapter_writes_to_standard_error_only(clock, app, capsys):
    sms.choose_adapter("console")
    request_sign_in_code(LIN.phone, device_hash=DEVICE)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(LIN.phone + r".*[0-9]{6}", err)
    assert db.session.query(OutboxMessage).count() == 0


def test_an_adapter_that_is_not_there_is_a_wrong_setting_and_the_known_ones_are_named():
    with pytest.raises(SettingsError, match=r"SMS_ADAPTER is 'pigeon'.* outbox, console"):
        sms.choose_adapter("pigeon")


def test_old_codes_are_forgotten(clock, app):
    ask()
    clock.move_to(clock.now() + timedelta(days=2))
    with transaction():
        assert forget_old_codes(clock.now()) == 1


@pytest.mark.race
@pytest.mark.postgres
def test_many_requests_at_once_send_one_message(clock, postgres_app):
    gate = threading.Barrier(10)
    outcomes = []

    def send():
        with postgres_app.app_context():
            gate.wait()
            try:
                request_sign_in_code(LIN.phone, device_hash=DEVICE)
            except Refusal as refusal:
                outcomes.append(refusal.code)

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["sign_in_code_too_often"] * 9
    assert db.session.query(OutboxMessage).count() == 1


@pytest.mark.race
@pytest.mark.postgres
def test_many_guesses_at_once_get_no_more_than_five_tries(clock, postgres_app):
    code = ask()
    gate = threading.Barrier(12)
    outcomes = []

    def guess():
        with postgres_app.app_context():
            gate.wait()
            try:
                confirm(wrong(code))
            except Refusal as refusal:
                outcomes.append(refusal.code)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("sign_in_code_wrong") == 4
    assert len(outcomes) == 12
    db.session.rollback()
    assert db.session.query(SignInCode).one().failures == 5


def test_citizens_are_registered_in_batches_once_each(app):
    phones = [str(13700000000 + i) for i in range(4500)]
    names = ["市民"] * len(phones)
    with transaction():
        first = register_citizens(phones, names)
    with transaction():
        again = register_citizens([*phones[10:20], "13699999999", phones[10]], ["别名"] * 12)
    assert len(set(first)) == 4500
    assert again[:10] == first[10:20]
    assert again[11] == first[10]
    assert db.session.query(Citizen).count() == 4501
    hashed = phone_hash(phones[10])
    assert db.session.query(Citizen).filter_by(phone_hash=hashed).one().name == "市民"

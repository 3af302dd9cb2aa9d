"""Several vouchers of one person at many tills at once: the day's limit holds, and orders are whole."""

import time
from collections import Counter

import pytest
from sqlalchemy import func, select

from foundation.db import db
from identity import persons
from identity.citizens import save_real_name
from merchants import orders
from merchants.models import Redemption
from merchants.redemptions import redeem
from tests.merchants.test_orders import hold, longgang
from tests.races.crowd import at_once
from tests.world import citizens, done, opened, shop
from voucher import quotas
from voucher.models import PersonQuota

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def six_tills():
    """One person with twelve vouchers, and six tills."""
    campaign = opened(longgang())
    tills = [shop(campaign, number=number, name=f"第{number}家").till for number in range(1, 7)]
    people = citizens(1)
    done(lambda: persons.persons_of(persons.DEFAULT_KINDS, people))
    return campaign, tills, hold(campaign, people[0], 12)


def pairs():
    """The twelve vouchers in six orders of two, one at each till."""
    _, tills, digits = six_tills()
    return [
        lambda till=till, two=digits[place * 2 : place * 2 + 2]: orders.redeem_order(till, two, 10_000)
        for place, till in enumerate(tills)
    ]


def test_of_six_orders_of_two_at_once_four_pass_the_day(clock, race_app):
    attempts = at_once(race_app, pairs(), threads=6)
    assert Counter(attempt.code for attempt in attempts) == {"done": 4, "too_many_today": 2}
    assert db.session.scalar(select(func.count()).select_from(Redemption)) == 8
    assert db.session.scalar(select(PersonQuota.used).where(PersonQuota.scope.like("use:%"))) == 8


def test_one_code_in_two_orders_is_spent_in_one_and_the_other_leaves_nothing(clock, race_app):
    campaign = opened(longgang(per_day=20))
    tills = [shop(campaign, number=number, name=f"第{number}家").till for number in (1, 2, 3)]
    digits = hold(campaign, citizens(1)[0], 4)
    works = [
        lambda till=till, codes=codes: orders.redeem_order(till, codes, 20_000)
        for till, codes in zip(tills, [digits[:2], digits[1:3], [digits[0], digits[2]]], strict=True)
    ]
    codes = Counter(attempt.code for attempt in at_once(race_app, works, threads=3))
    assert codes == {"done": 1, "already_redeemed": 2}
    assert db.session.scalar(select(PersonQuota.used).where(PersonQuota.scope.like("use:%"))) == 2


def looking_first(take):
    """Return a count that looks whether there is room, and then counts without asking."""

    def look_then_count(scope, amounts, *, most):
        mine = (PersonQuota.person_id.in_(amounts), PersonQuota.scope == scope, PersonQuota.used >= most)
        over = set(db.session.scalars(select(PersonQuota.person_id).where(*mine)))
        time.sleep(0.05)
        return take(scope, {who: amount for who, amount in amounts.items() if who not in over}, most=1_000_000)

    return look_then_count


def test_without_the_guard_the_race_for_the_day_shows(clock, broken_app, monkeypatch):
    """Negative control: a count that is looked at before it is raised lets one person use more."""
    _, tills, digits = six_tills()
    works = [
        lambda till=till, code=code: redeem(till, code, 5_000) for till, code in zip(tills * 2, digits, strict=True)
    ]
    monkeypatch.setattr(quotas, "take_amounts", looking_first(quotas.take_amounts))
    at_once(broken_app, works, threads=12)
    db.session.rollback()
    assert db.session.scalar(select(PersonQuota.used).where(PersonQuota.scope.like("use:%"))) > 8


# --- what one person may have off ----------------------------------------------------------------------------


def two_accounts():
    """One person with two accounts, twelve vouchers of 20 and 100 a month, and each redemption at another till."""
    document = longgang(per_order=1, per_day=None) | {"discount_limits": [{"most_yuan": 100, "within": "month"}]}
    document["offers"][0]["use"] = {}
    campaign = opened(document)
    tills = [shop(campaign, number=number, name=f"第{number}家").till for number in range(1, 13)]
    accounts = citizens(2)
    for account in accounts:
        done(lambda who=account: save_real_name(who, name="林小满", id_number="11010519491231002X"))
    done(lambda: persons.persons_of(persons.DEFAULT_KINDS, accounts))
    digits = [code for account in accounts for code in hold(campaign, account, 6)]
    return [lambda till=till, code=code: redeem(till, code, 5_000) for till, code in zip(tills, digits, strict=True)]


def test_of_twelve_at_once_five_take_off_what_a_person_may_have(clock, race_app):
    attempts = at_once(race_app, two_accounts(), threads=12)
    assert Counter(attempt.code for attempt in attempts) == {"done": 5, "discount_limit_reached": 7}
    assert db.session.scalar(select(func.sum(Redemption.discount_fen))) == 10_000
    assert db.session.scalar(select(PersonQuota.used).where(PersonQuota.scope.like("off:%"))) == 10_000


def test_without_the_guard_the_race_for_the_month_shows(clock, broken_app, monkeypatch):
    """Negative control: an amount that is looked at before it is raised lets one person have more off."""
    works = two_accounts()
    monkeypatch.setattr(quotas, "take_amounts", looking_first(quotas.take_amounts))
    at_once(broken_app, works, threads=12)
    db.session.rollback()
    assert db.session.scalar(select(PersonQuota.used).where(PersonQuota.scope.like("off:%"))) > 10_000

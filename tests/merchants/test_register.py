import pytest
from sqlalchemy import func, select, text

from evidence.errors import UsccMalformed
from foundation.clock import now
from foundation.db import db
from foundation.states import StateChange
from identity.accounts import check_api_key
from identity.errors import ApiKeyRefused, LoginTaken, PasswordWeak
from merchants import register
from merchants.errors import (
    BankAccountMalformed,
    CountyUnknown,
    IndustryUnknown,
    MerchantAlreadyRegistered,
    MerchantUnknown,
    NameMissing,
    StoreUnknown,
    TillUnknown,
)
from merchants.models import Cashier, Enrollment, Merchant, Till
from merchants.register import Counter
from tests.world import DRAFTER, JIANGCHENG, YANGDONG, a_uscc, done, everything, published, shop, spring

FACTS = {
    "name": "漠阳味道餐饮有限公司",
    "uscc": a_uscc(1),
    "county": JIANGCHENG,
    "industry": "catering",
    "bank_name": "农业银行阳江分行",
    "bank_account": "6222 0212 3456 78",
    "by": DRAFTER,
}


def admit(**changed):
    return done(lambda: register.register_merchant(**{**FACTS, **changed}).id)


def refused(refusal, work):
    before = everything()
    with pytest.raises(refusal) as raised:
        done(work)
    assert everything() == before
    return raised.value


def steps(machine):
    rows = db.session.execute(
        select(StateChange.event, StateChange.actor, StateChange.reason)
        .where(StateChange.machine == machine)
        .order_by(StateChange.id)
    )
    return [tuple(row) for row in rows]


def test_a_merchant_is_admitted_with_its_facts(clock, app):
    merchant = db.session.get_one(Merchant, admit(uscc=f" {FACTS['uscc'][:8]} {FACTS['uscc'][8:].lower()} "))
    assert (merchant.name, merchant.uscc, merchant.status) == (FACTS["name"], FACTS["uscc"], "active")
    assert (merchant.bank_account, merchant.is_above_quota, merchant.registered_at) == ("62220212345678", False, now())
    assert steps("merchant") == [("register", DRAFTER, "")]


def test_a_bank_account_is_not_readable_in_the_database(clock, app):
    admit()
    kept = db.session.execute(text("SELECT bank_account FROM merchant")).scalar_one()
    assert b"62220212345678" not in bytes(kept)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"name": "  "}, NameMissing),
        ({"name": "长" * 81}, NameMissing),
        ({"bank_name": ""}, NameMissing),
        ({"uscc": ""}, UsccMalformed),
        ({"uscc": FACTS["uscc"][:-1] + ("0" if FACTS["uscc"][-1] != "0" else "1")}, UsccMalformed),
        ({"uscc": "９１４４１７０２００００００００１Ｘ"}, UsccMalformed),
        ({"county": "江城区"}, CountyUnknown),
        ({"county": "441700"}, CountyUnknown),
        ({"county": "４４１７０２"}, CountyUnknown),
        ({"county": ""}, CountyUnknown),
        ({"industry": "food"}, IndustryUnknown),
        ({"bank_account": "1234567"}, BankAccountMalformed),
        ({"bank_account": "1" * 31}, BankAccountMalformed),
        ({"bank_account": "６２２２０２１２３４５６７８"}, BankAccountMalformed),
        ({"bank_account": "6222-0212-3456"}, BankAccountMalformed),
    ],
)
def test_a_merchant_with_a_faulty_fact_is_refused(clock, sqlite_app, changed, refusal):
    refused(refusal, lambda: register.register_merchant(**{**FACTS, **changed}))


def test_a_business_is_registered_once(clock, app):
    admit()
    refusal = refused(MerchantAlreadyRegistered, lambda: register.register_merchant(**{**FACTS, "name": "另一个名字"}))
    assert refusal.params == {"uscc": FACTS["uscc"]}


def test_a_chains_branch_in_another_city_may_be_registered(clock, app):
    assert done(lambda: register.add_store(admit(), name="湛江分店", county="440803").id)


def test_a_store_needs_a_merchant_a_name_and_a_county(clock, app):
    merchant = admit()
    refused(MerchantUnknown, lambda: register.add_store(99, name="总店", county=JIANGCHENG))
    refused(NameMissing, lambda: register.add_store(merchant, name="", county=JIANGCHENG))
    refused(CountyUnknown, lambda: register.add_store(merchant, name="总店", county="441799x"))


def test_a_tills_key_is_shown_once_and_signs_it_in(clock, app):
    place = shop()
    till, key = done(lambda: register.add_till(place.store_id, name="2号台", by=DRAFTER))
    account = done(lambda: check_api_key(key))
    assert register.counter_of_till_account(account.id) == Counter(place.store_id, till_id=till.id)
    assert key.split(".", 1)[1] not in repr(everything())
    with pytest.raises(ApiKeyRefused):
        done(lambda: check_api_key(key[:-1] + ("A" if key[-1] != "A" else "B")))


def test_a_till_needs_a_store_and_a_name(clock, app):
    place = shop()
    refused(StoreUnknown, lambda: register.add_till(99, name="1号台", by=DRAFTER))
    refused(NameMissing, lambda: register.add_till(place.store_id, name=" ", by=DRAFTER))


def test_a_cashier_belongs_to_a_store(clock, app):
    place = shop()
    cashier = db.session.get_one(Cashier, place.cashier_id)
    assert register.counter_of_cashier_account(cashier.account_id) == place.desk
    assert place.desk.actor == f"cashier:{place.cashier_id}"
    assert place.till.actor == f"till:{place.till_id}"


def test_a_cashier_needs_a_store_a_free_login_and_a_good_password(clock, app):
    place = shop()
    facts = {"login": "zhou.min", "password": "harbour-lights-42", "name": "周敏", "by": DRAFTER}
    refused(StoreUnknown, lambda: register.add_cashier(99, **facts))
    refused(LoginTaken, lambda: register.add_cashier(place.store_id, **{**facts, "login": "cashier-1"}))
    refused(PasswordWeak, lambda: register.add_cashier(place.store_id, **{**facts, "password": "123"}))


def test_an_account_without_a_counter_is_refused(clock, app):
    with pytest.raises(TillUnknown):
        register.counter_of_till_account(99)
    with pytest.raises(TillUnknown):
        register.counter_of_cashier_account(99)


def test_enrolling_twice_is_enrolling_once(clock, app):
    campaign = published()
    first, second = shop(number=1), shop(number=2)
    done(lambda: register.enroll(campaign.id, [first.merchant_id], by="officer:1"))
    done(lambda: register.enroll(campaign.id, [first.merchant_id, second.merchant_id], by="officer:2"))
    done(lambda: register.enroll(campaign.id, [], by="officer:2"))
    rows = db.session.execute(select(Enrollment.merchant_id, Enrollment.enrolled_by)).all()
    assert dict(rows) == {first.merchant_id: "officer:1", second.merchant_id: "officer:2"}


def test_suspending_and_resuming_move_once_and_leave_a_history(clock, app):
    place = shop()
    moves = [
        lambda: register.resume_merchant(place.merchant_id, by=DRAFTER),
        lambda: register.suspend_merchant(place.merchant_id, by=DRAFTER, reason="虚假交易"),
        lambda: register.suspend_merchant(place.merchant_id, by=DRAFTER, reason="虚假交易"),
        lambda: register.resume_merchant(place.merchant_id, by=DRAFTER),
    ]
    assert [done(move) for move in moves] == [False, True, False, True]
    assert steps("merchant")[1:] == [("suspend", DRAFTER, "虚假交易"), ("resume", DRAFTER, "")]
    tills = [
        lambda: register.suspend_till(place.till_id, by=DRAFTER, reason="设备丢失"),
        lambda: register.resume_till(place.till_id, by=DRAFTER),
        lambda: register.suspend_till(99, by=DRAFTER, reason="没有这台"),
    ]
    assert [done(move) for move in tills] == [True, True, False]
    assert db.session.get_one(Till, place.till_id).status == "active"


def test_stores_of_a_campaign_are_those_of_active_merchants_that_take_part(clock, app):
    campaign = published()
    other = published({**spring(), "campaign": {**spring()["campaign"], "code": "summer"}})
    taking_part = shop(campaign, number=1, county=YANGDONG, name="乙")
    first = shop(campaign, number=2, name="甲")
    suspended = shop(campaign, number=3)
    shop(other, number=4)
    shop(number=5)
    done(lambda: register.suspend_merchant(suspended.merchant_id, by=DRAFTER, reason="虚假交易"))
    assert [store.id for store in register.stores_of_campaign(campaign.id).rows] == [
        first.store_id,
        taking_part.store_id,
    ]
    assert [row.code for row in register.enrolled_campaigns(taking_part.merchant_id)] == ["spring"]
    assert db.session.scalar(select(func.count()).select_from(Merchant)) == 5

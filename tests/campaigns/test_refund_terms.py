"""Refund families (domain V4): order 100, voucher 20, paid 80; goods worth 50 come back, or all of it."""

from datetime import timedelta

import pytest

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.terms.axis import strategies
from campaigns.terms.refunding import Goods, NotPaidBack, OnlyWholeRefund, RefundBelowVoucher, Reversal, Spent
from tests.world import OPENS, offer, spring, toml

END = OPENS + timedelta(days=7)
IN_TIME, TOO_LATE = OPENS, END
ORDER = Spent(10_000, 2_000, 0, 0, END)

# fmt: off
CASES = [
    # kind, goods, when: pool, customer, restores
    ("return_if_valid", 5_000, IN_TIME, 1_000, 4_000, False),
    ("return_if_valid", 10_000, IN_TIME, 2_000, 8_000, True),
    ("return_if_valid", 10_000, TOO_LATE, 2_000, 8_000, False),
    ("partial_to_pool", 5_000, IN_TIME, 2_000, 3_000, False),
    ("partial_to_pool", 10_000, IN_TIME, 2_000, 8_000, True),
    ("partial_to_pool", 10_000, TOO_LATE, 2_000, 8_000, False),
    ("proportional", 5_000, IN_TIME, 1_000, 4_000, False),
    ("proportional", 10_000, IN_TIME, 2_000, 8_000, True),
    ("proportional", 10_000, TOO_LATE, 2_000, 8_000, False),
    ("no_return", 5_000, IN_TIME, 1_000, 4_000, False),
    ("no_return", 10_000, IN_TIME, 2_000, 8_000, False),
    ("no_return", 10_000, TOO_LATE, 2_000, 8_000, False),
]
# fmt: on


def rule(kind):
    return strategies("campaigns.terms.refund")[kind].load_strategy({})


@pytest.mark.parametrize(("kind", "goods", "when", "pool", "customer", "restores"), CASES)
def test_each_family_settles_the_order_of_the_texts(kind, goods, when, pool, customer, restores):
    assert rule(kind).settle(ORDER, Goods(goods, when)) == Reversal(pool, customer, restores)


@pytest.mark.parametrize("kind", ["return_if_valid", "proportional", "no_return"])
def test_parts_add_up_to_the_whole_however_they_divide(kind):
    back_bill = back_discount = customer = 0
    for goods in (333, 1, 4_999, 3, 1_234, 3_430):
        spent = Spent(10_000, 2_000, back_bill, back_discount, END)
        reversal = rule(kind).settle(spent, Goods(goods, IN_TIME))
        assert reversal.pool_fen >= 0
        assert reversal.pool_fen + reversal.customer_fen == goods
        assert not reversal.restores
        back_bill, back_discount = back_bill + goods, back_discount + reversal.pool_fen
        assert back_discount <= 2_000 * back_bill // 10_000
        customer += reversal.customer_fen
    assert (back_bill, back_discount, customer) == (10_000, 2_000, 8_000)


def test_partial_to_pool_takes_the_voucher_once_and_then_nothing():
    later = Spent(10_000, 2_000, 5_000, 2_000, END)
    assert rule("partial_to_pool").settle(later, Goods(5_000, IN_TIME)) == Reversal(0, 5_000, False)


def test_partial_to_pool_does_not_make_the_customer_pay():
    with pytest.raises(RefundBelowVoucher):
        rule("partial_to_pool").settle(ORDER, Goods(1_999, IN_TIME))
    assert rule("partial_to_pool").settle(ORDER, Goods(2_000, IN_TIME)).customer_fen == 0


def test_huizhou_refunds_the_television_only_after_the_subsidy_came_back():
    television = Spent(300_000, 30_000, 0, 0, END)
    with pytest.raises(NotPaidBack) as refused:
        rule("pay_back_first").settle(television, Goods(300_000, IN_TIME))
    assert refused.value.params == {"voucher": "300.00"}
    settled = rule("pay_back_first").settle(television, Goods(300_000, IN_TIME, paid_back=True))
    assert settled == Reversal(30_000, 300_000, False, collect_fen=30_000)
    with pytest.raises(OnlyWholeRefund):
        rule("pay_back_first").settle(television, Goods(299_999, IN_TIME, paid_back=True))


def test_a_file_names_its_family_and_is_told_when_there_is_none():
    assert check(toml(spring())).offers[0].terms.refund == rule("return_if_valid")
    named = spring(offers=[offer(refund={"kind": "no_return"})])
    assert check(toml(named)).offers[0].terms.refund == rule("no_return")
    with pytest.raises(DefinitionFaulty) as faulty:
        check(toml(spring(offers=[offer(refund={"kind": "never"})])))
    [fault] = faulty.value.faults
    assert fault.place == "offers[1].refund.kind"
    assert "partial_to_pool" in fault.message


# --- fixed amounts ------------------------------------------------------------------------------------------

SHIZUISHAN = {"bureau": 10, "ccb": 5, "shops": 10}


def shizuishan(amounts=SHIZUISHAN, face=25):
    return spring(
        sources=[
            {"code": "bureau", "name": "商务局", "level": "city", "budget_yuan": 99_000},
            {"code": "ccb", "name": "建设银行", "level": "bank", "budget_yuan": 49_500},
            {"code": "shops", "name": "参与商户", "level": "merchant", "budget_yuan": 99_000},
        ],
        offers=[
            offer(
                benefit={"face_value_yuan": face, "threshold_yuan": 100},
                funding={"kind": "fixed", "amounts": amounts},
            )
        ],
    )


def test_fixed_amounts_pay_each_their_own():
    funding = check(toml(shizuishan())).offers[0].terms.funding
    assert funding.split(2_500) == {"bureau": 1_000, "ccb": 500, "shops": 1_000}
    assert funding.split(1_001) == {"bureau": 401, "ccb": 200, "shops": 400}
    assert str(funding.describe("ccb")) == "5 元"


def test_the_totals_of_shizuishan_add_up():
    vouchers_25, vouchers_50 = 3_300, 3_300
    parts = [vouchers_25 * a + vouchers_50 * b for a, b in ((10, 20), (5, 10), (10, 20))]
    assert parts == [99_000, 49_500, 99_000]
    assert sum(parts) == vouchers_25 * 25 + vouchers_50 * 50 == 247_500


@pytest.mark.parametrize(
    ("amounts", "place", "said"),
    [
        (SHIZUISHAN | {"ccb": 6}, "offers[1].funding.amounts", "合计 26.00 元，应当等于一张券的 25.00 元"),
        ({}, "offers[1].funding.amounts", "至少要有一个资金来源"),
        ({"bureau": 15, "icbc": 10}, "offers[1].funding.amounts", "没有资金来源“icbc”"),
    ],
)
def test_fixed_amounts_are_checked(amounts, place, said):
    with pytest.raises(DefinitionFaulty) as faulty:
        check(toml(shizuishan(amounts)))
    found = {fault.place: fault.message for fault in faulty.value.faults}
    assert said in found[place]

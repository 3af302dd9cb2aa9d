"""Part returns and price cuts of subsidised articles: the rule is applied to what is left."""

import pytest

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.terms.refund.recomputed import Recomputed
from campaigns.terms.refunding import Goods, RefundBelowVoucher, Spent
from tests.world import at, offer, spring, toml

NOON = at("2023-05-09 12:00")


def award(price_fen):
    """20 %, at most 2,000 yuan, and nothing above 15,000."""
    return 0 if price_fen > 1_500_000 else min(price_fen // 5, 200_000)


def spent(bill_fen, discount_fen, back=0, discount_back=0, award_of=award):
    return Spent(bill_fen, discount_fen, back, discount_back, NOON, award_of)


@pytest.mark.parametrize(
    ("before", "goods_fen", "pool_fen", "customer_fen"),
    [
        (spent(1_200_000, 200_000), 100_000, 0, 100_000),
        (spent(1_200_000, 200_000), 200_000, 0, 200_000),
        (spent(1_200_000, 200_000), 200_005, 1, 200_004),
        (spent(1_200_000, 200_000), 400_000, 40_000, 360_000),
        (spent(1_200_000, 200_000), 1_200_000, 200_000, 1_000_000),
        (spent(1_200_000, 200_000, 400_000, 40_000), 800_000, 160_000, 640_000),
        (spent(500_000, 100_000), 1, 1, 0),
        (spent(500_000, 100_000), 250_000, 50_000, 200_000),
        # A lower price is never subsidised by more than was given.
        (spent(1_400_000, 150_000), 400_000, 0, 400_000),
        # Without an article, in proportion.
        (spent(40_000, 5_000, award_of=None), 10_000, 1_250, 8_750),
    ],
)
def test_worked_cases(before, goods_fen, pool_fen, customer_fen):
    reversal = Recomputed().settle(before, Goods(goods_fen, NOON))
    assert (reversal.pool_fen, reversal.customer_fen, reversal.restores) == (pool_fen, customer_fen, False)


def test_less_than_the_subsidy_that_ends_with_it_is_refused():
    with pytest.raises(RefundBelowVoucher):
        Recomputed().settle(spent(1_200_000, 200_000, award_of=lambda _price: 0), Goods(100_000, NOON))


def test_a_voucher_has_no_rule_to_apply_anew():
    with pytest.raises(DefinitionFaulty) as faulty:
        check(toml(spring(offers=[offer(refund={"kind": "recomputed"})])))
    assert [fault.place for fault in faulty.value.faults] == ["offers[1].refund.kind"]

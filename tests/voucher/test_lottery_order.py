"""The order of a draw: fair, and made of nothing but what is published."""

from collections import Counter

from voucher import lottery_order


def test_every_entry_wins_about_as_often_as_any_other():
    """Chi-square over 2,000 draws of 5 out of 20 with fixed seeds: 19 degrees of freedom, 43.8 at 0.1 %."""
    entries = [lottery_order.commitment(str(place)) for place in range(20)]
    wins = Counter()
    first = Counter()
    for turn in range(2_000):
        order = lottery_order.ordered(f"{turn:064x}", "0" * 64, entries)
        wins.update(order[:5])
        first.update(order[:1])
    # Winning is drawn without replacement, which makes the statistic smaller by (20 - 5) / 19.
    assert sum((wins[entry] - 500) ** 2 / 500 for entry in entries) * 19 / 15 < 43.8
    assert sum((first[entry] - 100) ** 2 / 100 for entry in entries) < 43.8


def test_the_order_depends_on_seed_list_and_entry_alone():
    entries = [lottery_order.commitment(str(place)) for place in range(100)]
    order = lottery_order.ordered("a" * 64, "b" * 64, entries)
    assert order == lottery_order.ordered("a" * 64, "b" * 64, entries[::-1])
    assert order != lottery_order.ordered("c" * 64, "b" * 64, entries)
    assert order != lottery_order.ordered("a" * 64, "d" * 64, entries)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import Malformed
from foundation.money import (
    LARGEST_AMOUNT_FEN,
    apportion,
    check_amount_fen,
    format_wan,
    format_yuan,
    format_yuan_short,
    parse_yuan,
)


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("128.50", 12850),
        ("128.5", 12850),
        ("128", 12800),
        ("0.01", 1),
        (" 88 ", 8800),
        ("10000000.00", LARGEST_AMOUNT_FEN),
    ],
)
def test_an_amount_typed_in_yuan_is_read_to_the_fen(typed, fen):
    assert parse_yuan(typed, field="bill_yuan") == fen


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "abc",
        "-1",
        "+1",
        "１００",  # full-width
        "１００.5",
        "١٢",  # Arabic-Indic
        "²",
        "1_000",
        "1,000",
        "1e5",
        "1E5",
        "0x10",
        "1.005",
        "1.",
        ".5",
        "00",
        "01",
        "1 000",
        "NaN",
        "Infinity",
        "1\n",
        "\t1",
        "¥1",
        "1元",
        "9" * 13,
        "9" * 400,
    ],
)
def test_what_is_not_plainly_an_amount_is_refused(typed):
    with pytest.raises(Malformed) as refused:
        parse_yuan(typed, field="bill_yuan")
    assert refused.value.code == "amount_malformed"
    assert refused.value.field == "bill_yuan"


@pytest.mark.parametrize("typed", ["0", "0.00", "10000000.01", "999999999999.99"])
def test_zero_and_huge_amounts_are_refused_by_their_range(typed):
    with pytest.raises(Malformed) as refused:
        parse_yuan(typed, field="bill_yuan")
    assert refused.value.code == "amount_out_of_range"


@pytest.mark.parametrize("given", [True, False, "100", 1.0, 1.5, None, [100], {"$gt": 0}, float("nan")])
def test_only_a_whole_number_is_an_amount_in_fen(given):
    with pytest.raises(Malformed) as refused:
        check_amount_fen(given, field="bill_fen")
    assert refused.value.code == "amount_malformed"


@pytest.mark.parametrize("given", [0, -1, LARGEST_AMOUNT_FEN + 1, 2**63, 10**400])
def test_an_amount_in_fen_must_be_positive_and_not_too_large(given):
    with pytest.raises(Malformed) as refused:
        check_amount_fen(given, field="bill_fen")
    assert refused.value.code == "amount_out_of_range"


@given(st.integers(1, LARGEST_AMOUNT_FEN))
def test_what_is_written_in_yuan_reads_back_to_the_same_fen(fen):
    assert parse_yuan(format_yuan(fen).replace(",", ""), field="bill_yuan") == fen


@pytest.mark.parametrize(
    ("fen", "full", "short"),
    [
        (0, "0.00", "0"),
        (5, "0.05", "0.05"),
        (5000, "50.00", "50"),
        (4990, "49.90", "49.9"),
        (123456, "1,234.56", "1234.56"),
        (-123456, "-1,234.56", "-1234.56"),
        (100_000, "1,000.00", "1000"),
    ],
)
def test_fen_are_written_as_yuan(fen, full, short):
    assert format_yuan(fen) == full
    assert format_yuan_short(fen) == short


@pytest.mark.parametrize(
    ("fen", "wan"), [(1_783_100_000, "1783.1"), (9_243_200_000, "9243.2"), (50_000, "0.1"), (49_999, "0"), (0, "0")]
)
def test_prose_rounds_half_up_to_a_tenth_of_wan_yuan(fen, wan):
    assert format_wan(fen) == wan


weights = st.dictionaries(st.text(min_size=1, max_size=4), st.integers(0, 10_000), min_size=1, max_size=8).filter(
    lambda shares: sum(shares.values()) > 0
)


@given(st.integers(0, 10**12), weights)
def test_shares_sum_to_the_whole_and_are_within_a_fen_of_exact(total, shares):
    parts = apportion(total, shares)
    whole = sum(shares.values())
    assert sum(parts.values()) == total
    assert list(parts) == list(shares)
    for name, weight in shares.items():
        assert abs(parts[name] * whole - total * weight) < whole


def test_left_over_fen_go_to_the_largest_remainder_and_ties_to_the_first():
    assert apportion(100, [("city", 1), ("county", 1), ("bank", 1)]) == {"city": 34, "county": 33, "bank": 33}


@pytest.mark.parametrize("shares", [{}, {"city": 0}, {"city": -1, "county": 2}])
def test_shares_without_weight_are_a_programming_error(shares):
    with pytest.raises(ValueError, match="weights"):
        apportion(100, shares)

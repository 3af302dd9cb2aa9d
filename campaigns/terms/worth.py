"""What a benefit says of a sale, before it is asked who pays it."""

from dataclasses import dataclass

#: How what was awarded reaches the buyer.
GIVEN_AS = {"discount": "付款时立减", "cash": "审核后兑付到银行卡", "gift": "发放礼品"}


@dataclass(frozen=True)
class Worth:
    """cost_fen > 0: what the payers pay. advertised_fen: what it is announced to be worth, which for a gift may be
    more. reasons: how it was arrived at, one sentence each. given_as: a key of GIVEN_AS. invoice_fen: what the
    invoice must say, None where the terms do not care. tier: which tier of a price table decided, "" without one."""

    cost_fen: int
    reasons: tuple[str, ...]
    advertised_fen: int | None = None
    given_as: str = "discount"
    invoice_fen: int | None = None
    tier: str = ""


@dataclass(frozen=True)
class WorthTable:
    """What a benefit may be worth, as a notice prints it: a header, and rows of as many cells."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

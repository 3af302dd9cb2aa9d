"""Money is a whole number of fen. Yuan exist only where people read or type them."""

import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from foundation.errors import N_, Malformed

#: 1,000 万元: far above any single bill, sale or face value, far below where 64 bits end.
LARGEST_AMOUNT_FEN = 1_000_000_000

_YUAN = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?")


class AmountMalformed(Malformed):
    code = "amount_malformed"
    message = N_("金额“%(given)s”无法识别")
    way_out = N_("请用半角数字填写以元为单位的金额，最多两位小数，例如 128.50")
    field = "bill_yuan"


class AmountOutOfRange(Malformed):
    code = "amount_out_of_range"
    message = N_("金额必须大于 0 且不超过 %(largest)s 元")
    way_out = N_("请核对金额后重新填写")
    field = "bill_yuan"


def parse_yuan(text: str, *, field: str, largest_fen: int = LARGEST_AMOUNT_FEN) -> int:
    """Read an amount that a person typed in yuan and return it in fen.

    Only ASCII digits with at most two decimals are read: Python's own ``int`` and ``Decimal`` would accept
    full-width digits, underscores and exponents, which a till must not guess at.
    Refuses AmountMalformed, and AmountOutOfRange outside 0 < amount <= largest_fen.
    """
    text = text.strip(" ")
    if not _YUAN.fullmatch(text):
        raise AmountMalformed(field=field, given=text[:20])
    return check_amount_fen(int(Decimal(text) * 100), field=field, largest_fen=largest_fen)


def check_amount_fen(amount_fen: object, *, field: str, largest_fen: int = LARGEST_AMOUNT_FEN) -> int:
    """Return ``amount_fen`` if it is an int with 0 < amount_fen <= largest_fen; refuse it otherwise."""
    if isinstance(amount_fen, bool) or not isinstance(amount_fen, int):
        raise AmountMalformed(field=field, given=str(amount_fen)[:20])
    if not 0 < amount_fen <= largest_fen:
        raise AmountOutOfRange(field=field, largest=format_yuan(largest_fen))
    return amount_fen


def format_yuan(fen: int) -> str:
    """Return fen as yuan with two decimals and thousands separators: 123456 → '1,234.56'."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    return f"{sign}{yuan:,}.{rest:02d}"


def format_yuan_short(fen: int) -> str:
    """Return fen as yuan without needless zeros, for faces and thresholds: 5000 → '50', 4990 → '49.9'."""
    text = f"{Decimal(fen) / 100:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_wan(fen: int, places: int = 1) -> str:
    """Return fen in 万元, rounded half up to at most ``places`` decimals: 1_783_100_000 → '1783.1'.

    Half up is how official prose rounds (domain.md §5.3); registers never use this.
    """
    value = (Decimal(fen) / 1_000_000).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def apportion(total_fen: int, weights: Mapping[str, int] | Sequence[tuple[str, int]]) -> dict[str, int]:
    """Split ``total_fen`` >= 0 by integer weights so that the parts sum to it exactly.

    Largest remainder, ties to the earlier name. Every part is within one fen of its exact share.
    """
    pairs = list(weights.items()) if isinstance(weights, Mapping) else list(weights)
    whole = sum(weight for _, weight in pairs)
    if whole <= 0 or any(weight < 0 for _, weight in pairs):
        raise ValueError("weights must be non-negative and not all zero")
    parts = {name: total_fen * weight // whole for name, weight in pairs}
    remainders = sorted(range(len(pairs)), key=lambda i: (-(total_fen * pairs[i][1] % whole), i))
    for i in remainders[: total_fen - sum(parts.values())]:
        parts[pairs[i][0]] += 1
    return parts

"""Advice at the till: whether the holder of the code that was presented holds something better for this bill.

It is asked only after a code has been read that this till may spend, or was refused by the terms alone, and it says no
more than the one better way: a till never learns what else a person holds.
"""

from dataclasses import dataclass

from campaigns.terms.sale import NotUsable
from foundation import clock
from foundation.errors import Refusal
from merchants.register import Counter
from merchants.scans import Scan, sale_of
from merchants.sites import require_admitted, require_site
from voucher import advice, spending
from voucher.codes import read_code


@dataclass(frozen=True)
class Better:
    """vouchers of an offer would save discount_fen on this bill, which is more than what was presented does."""

    offer_name: str
    vouchers: int
    discount_fen: int


def better_than(
    counter: Counter, code_text: str, bill_fen: int, gained_fen: int, *, refusal: Refusal | None = None
) -> Better | None:
    """Return what the holder of a code had better use on this bill; None where there is nothing better, or where the
    code was refused for another reason than its terms. gained_fen: what the code saves, 0 where it was refused."""
    if refusal is not None and not isinstance(refusal, NotUsable):
        return None
    try:
        entitlement_id = spending.entitlement_of(read_code(code_text))
        site = require_site(counter)
    except Refusal:
        return None
    if entitlement_id is None:
        return None
    sale = sale_of(Scan(counter, code_text, bill_fen), site, clock.now())
    holder = spending.holder_of(entitlement_id)
    found = advice.advise(holder, sale, admit=lambda facts: require_admitted(site, facts))
    if found.saves_fen <= gained_fen:
        return None
    return Better(found.best[0].facts.name, len(found.best), found.saves_fen)

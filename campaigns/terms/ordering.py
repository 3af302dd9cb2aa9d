"""Several entitlements of one offer in one order: each takes its part of the bill, so that the bill counts once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from campaigns.terms.quote import Award, OfferTerms, quote
from campaigns.terms.sale import BillBelowThreshold, Sale
from foundation.money import apportion


def quote_order(terms: OfferTerms, sale: Sale, spans: Sequence[tuple[datetime, datetime]]) -> list[Award]:
    """Return the award of each of ``spans`` (valid_from, expires_at) used together on ``sale``; the parts of the bill
    are equal to a fen and add up to it. Of a single one it is ``quote``.

    Refuses what ``quote`` refuses for any of them, TooManyInOrder, and BillBelowThreshold for them together.
    """
    count = len(spans)
    terms.use.check(count)
    awards = [quote(terms, sale, valid_from=valid_from, expires_at=expires_at) for valid_from, expires_at in spans]
    if count == 1:
        return awards
    benefit = terms.benefit
    needed_fen = terms.use.needed_fen(benefit.threshold_fen, benefit.face_value_fen, count)
    if sale.bill_fen < needed_fen:
        raise BillBelowThreshold(threshold_fen=needed_fen, bill_fen=sale.bill_fen)
    bills, lists = equal_parts(sale.bill_fen, count), equal_parts(sale.list_price_fen, count)
    return [
        replace(award, bill_fen=bill_fen, list_price_fen=list_fen)
        for award, bill_fen, list_fen in zip(awards, bills, lists, strict=True)
    ]


def equal_parts(total_fen: int, count: int) -> list[int]:
    """Split an amount into equal parts that sum to it; the first ones have a fen more. Of a larger amount no part is
    smaller than the same part of a smaller one."""
    return list(apportion(total_fen, {str(place): 1 for place in range(count)}).values())


def together(awards: Sequence[Award]) -> Award:
    """Return what several awards of one order come to."""
    first = awards[0]
    sums: dict[str, int] = {}
    for award in awards:
        for source, fen in award.by_source.items():
            sums[source] = sums.get(source, 0) + fen
    reasons = (f"一单用 {len(awards)} 张",) if len(awards) > 1 else ()
    return replace(
        first,
        bill_fen=sum(award.bill_fen for award in awards),
        discount_fen=sum(award.discount_fen for award in awards),
        by_source=sums,
        advertised_fen=sum(award.advertised_fen for award in awards),
        reasons=(*reasons, *first.reasons),
        list_price_fen=sum(award.list_price_fen for award in awards),
    )

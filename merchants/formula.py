"""What the rule of an offer gives for an article that was sold, computed anew."""

from campaigns.catalog import offer_facts
from campaigns.terms.sale import GoodsLine, Sale
from foundation.errors import Refusal
from merchants.models import Redemption, SoldItem


def award_fen(redemption: Redemption, item: SoldItem, price_fen: int) -> int:
    """Return the award for the article at a price; 0 where the rule gives nothing. Place and time are no part of it."""
    line = GoodsLine(item.category, price_fen, item.grade, item.barcode)
    sale = Sale(price_fen, "", "", redemption.redeemed_at, goods=(line,))
    try:
        return offer_facts(redemption.offer_id).terms.benefit.worth(sale).cost_fen
    except Refusal:
        return 0

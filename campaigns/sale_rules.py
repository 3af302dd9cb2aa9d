"""Whether offers that are sold fit into their campaign; asked by ``consistency.py``."""

from collections.abc import Iterator

from campaigns.definition import Definition, OfferDefinition, RoundDefinition
from campaigns.terms.benefit.spend_discount import SpendDiscount
from campaigns.terms.issuance.application import Application
from campaigns.terms.issuance.assisted import Assisted
from campaigns.terms.issuance.first_come import FirstCome
from campaigns.terms.issuance.lottery import Lottery
from campaigns.terms.issuance.named_list import NamedList
from foundation.money import format_yuan

#: How else a round may be given out → what people call it.
_OTHER_WAYS = {Lottery: "摇号", NamedList: "定向发放", Assisted: "线下代领", Application: "申请审核"}


def of_offer(definition: Definition, offer: OfferDefinition, where: str) -> Iterator[tuple[str, str]]:
    """Yield (place, message) for what does not fit in how an offer is sold: it has a face, the price is somebody's."""
    if offer.sold is None:
        return
    benefit, codes = offer.terms.benefit, [source.code for source in definition.sources]
    if not isinstance(benefit, SpendDiscount):
        yield f"{where}.price_yuan", "只有满减券可以出售；补贴不能要钱"
    elif offer.sold.price_fen >= benefit.face_value_fen:
        yield f"{where}.price_yuan", f"售价应当小于面值 {format_yuan(benefit.face_value_fen)} 元"
    if not offer.sold.proceeds:
        yield f"{where}.proceeds", f"要写明售价款归谁；可以是：{'、'.join(codes)}"
    elif offer.sold.proceeds not in codes:
        yield f"{where}.proceeds", f"没有资金来源“{offer.sold.proceeds}”；可以是：{'、'.join(codes)}"


def of_round(definition: Definition, a_round: RoundDefinition, where: str) -> Iterator[tuple[str, str]]:
    """Yield (place, message) where an offer that is sold is not claimed one by one by who comes first: nobody else has
    a moment at which to pay."""
    sold = {offer.code for offer in definition.offers if offer.sold}
    for number, release in enumerate(a_round.releases, 1):
        covered = [content.offer for content in definition.contents(release) if content.offer in sold]
        if covered and release.pack:
            yield f"{where}.releases[{number}].pack", f"要付钱的“{covered[0]}”不能放进券包，请单独投放"
        if covered and not isinstance(a_round.issuance, FirstCome):
            yield (
                f"{where}.issuance.kind",
                f"要付钱的“{covered[0]}”不能{_OTHER_WAYS[type(a_round.issuance)]}，请用 first_come（先到先得）",
            )

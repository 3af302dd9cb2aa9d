"""What a whole campaign file is worth to one sale: each offer's award, or why it cannot be used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.campaign_file import Fault
from campaigns.definition import Definition, OfferDefinition
from campaigns.sale_file import SaleFaulty, SaleFile
from campaigns.terms.ordering import quote_order, together
from campaigns.terms.price_check import TooDear
from campaigns.terms.quote import Award
from campaigns.terms.sale import NotUsable
from campaigns.terms.worth import GIVEN_AS
from foundation.clock import local
from foundation.money import format_yuan


@dataclass(frozen=True)
class Answer:
    """What one offer answers: an award or a refusal, and when an entitlement claimed then could be used. held: why the
    price would be looked at, if so."""

    offer: OfferDefinition
    valid_from: datetime
    expires_at: datetime
    award: Award | None = None
    refusal: NotUsable | None = None
    held: TooDear | None = None


def answers(definition: Definition, asked: SaleFile) -> list[Answer]:
    """Return what each offer (or the one that is asked about) is worth, the most first.

    Refuses SaleFaulty where the offer asked about is not in the definition.
    """
    offers = [offer for offer in definition.offers if asked.offer in ("", offer.code)]
    if not offers:
        known = "、".join(offer.code for offer in definition.offers)
        raise SaleFaulty([Fault("offer", f"没有券“{asked.offer}”；可以是：{known}")])
    found = [_answer(definition, offer, asked) for offer in offers]
    return sorted(found, key=lambda answer: -answer.award.discount_fen if answer.award else 1)


def _answer(definition: Definition, offer: OfferDefinition, asked: SaleFile) -> Answer:
    terms = offer.terms
    valid_from = max(terms.valid_from(claimed_at=asked.claimed_at), definition.starts_at)
    expires_at = terms.expires_at(claimed_at=asked.claimed_at, campaign_ends_at=definition.ends_at)
    held = None
    try:
        if terms.categories and len(asked.sale.goods) == 1:
            # As at the till: the price first.
            held = terms.article.price_check.judge(asked.sale.goods[0].price_fen, asked.prices)
        award = together(quote_order(terms, asked.sale, [(valid_from, expires_at)] * asked.vouchers))
    except NotUsable as refusal:
        return Answer(offer, valid_from, expires_at, refusal=refusal)
    return Answer(offer, valid_from, expires_at, award=award, held=held)


def as_data(definition: Definition, found: Sequence[Answer]) -> dict[str, Any]:
    """Return answers as JSON has them; amounts in fen."""
    return {"campaign": definition.code, "answers": [_answer_data(answer) for answer in found]}


def _answer_data(answer: Answer) -> dict[str, Any]:
    data: dict[str, Any] = {
        "offer": answer.offer.code,
        "name": answer.offer.name,
        "usable": answer.award is not None,
        "valid_from": local(answer.valid_from).isoformat(),
        "expires_at": local(answer.expires_at).isoformat(),
        "price_fen": answer.offer.sold.price_fen if answer.offer.sold else 0,
    }
    if answer.award:
        award = answer.award
        data["award"] = {
            "list_price_fen": award.list_price_fen,
            "merchant_gives_fen": award.merchant_gives_fen,
            "bill_fen": award.bill_fen,
            "discount_fen": award.discount_fen,
            "advertised_fen": award.advertised_fen,
            "given_as": award.given_as,
            "customer_pays_fen": award.customer_pays_fen,
            "invoice_fen": award.invoice_fen,
            "by_source": dict(award.by_source),
        }
        data["reasons"] = list(award.reasons)
    if answer.held:
        data["held"] = {"code": answer.held.reason, "reason": answer.held.sentence}
    if answer.refusal:
        said = _said(answer.refusal)
        data["refusal"] = {"code": answer.refusal.code, "reason": said[0], "way_out": said[1]}
    return data


def as_text(definition: Definition, found: Sequence[Answer]) -> str:
    """Return answers as people read them."""
    names = {source.code: source.name for source in definition.sources}
    return "\n".join(line for answer in found for line in _answer_lines(answer, names))


def _answer_lines(answer: Answer, names: Mapping[str, str]) -> list[str]:
    lines = [f"{answer.offer.name}（{answer.offer.code}）"]
    if answer.refusal:
        why, way_out = _said(answer.refusal)
        return [*lines, f"  不能用：{why}", f"  {way_out}"]
    award = answer.award
    assert award is not None
    worth = f"{format_yuan(award.discount_fen)} 元"
    if award.advertised_fen != award.discount_fen:
        worth += f"（对外价值 {format_yuan(award.advertised_fen)} 元）"
    lines.append(f"  补贴 {worth}，{GIVEN_AS[award.given_as]}")
    if award.merchant_gives_fen:
        lines.append(
            f"  原价 {format_yuan(award.list_price_fen)} 元，商家优惠 {format_yuan(award.merchant_gives_fen)} 元"
        )
    lines.append(f"  消费金额 {format_yuan(award.bill_fen)} 元，顾客实付 {format_yuan(award.customer_pays_fen)} 元")
    shares = "，".join(f"{names.get(code, code)} {format_yuan(fen)} 元" for code, fen in award.by_source.items())
    lines.append(f"  出资：{shares}")
    if answer.held:
        lines.append(f"  核销并列入待查：{answer.held.sentence}")
    sold = answer.offer.sold
    if sold:
        lines.append(f"  {sold.describe()}；售价款归{names.get(sold.proceeds, sold.proceeds)}，不抵减出资")
    return lines + [f"  · {reason}" for reason in award.reasons]


def _said(refusal: NotUsable) -> tuple[str, str]:
    return refusal.message % refusal.params, refusal.way_out % refusal.params

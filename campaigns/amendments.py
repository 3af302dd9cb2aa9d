"""Amendments of a published campaign: what a new version may change, and how it takes effect.

It may add: money to a source, sources, offers, packs and rounds; it may raise the awards of what is applied for, also
for papers of days gone by (``campaigns/award_tables.py``); and it may say other things in notice and contact.
Whatever citizens already hold or were promised stays as it was: entitlements, offers and rounds keep the version that
made them, which is also why published facts may be cached for ever (``campaigns/catalog.py``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from campaigns import award_tables
from campaigns.campaign_file import DefinitionFaulty, Fault, check
from campaigns.catalog import definition_of
from campaigns.definition import Definition, OfferDefinition
from campaigns.errors import AmendmentOutdated
from campaigns.models import Campaign, CampaignVersion
from campaigns.terms.benefit.price_tiers import PriceTiers
from campaigns.terms.in_favour import takes_away
from foundation import clock
from foundation.db import db, rows_changed
from foundation.errors import N_

#: What of the campaign itself never changes once it is published.
FIXED = ("name", "kind", "city", "starts_at", "ends_at")


class AmendmentRefused(DefinitionFaulty):
    code = "amendment_refused"
    message = N_("已发布的活动有 %(count)s 处不能这样修改")
    way_out = N_("只能追加预算，增加资金来源、券种、券包和轮次，提高申请类补贴的标准，或修改说明；其余请用新的活动")

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)


def require_amends(campaign: Campaign, after: Definition) -> None:
    """Refuse AmendmentRefused with every fault where a definition is no amendment of the version in force."""
    assert campaign.version_id is not None
    faults = [Fault(place, message) for place, message in _faults(definition_of(campaign.version_id), after)]
    if faults:
        raise AmendmentRefused(faults)


def _faults(before: Definition, after: Definition) -> Iterator[tuple[str, str]]:
    if after.amendment is None or after.amendment == before.amendment:
        yield "amendment", '要写明这次修改的原因：[amendment] reason = "…"'
    for name in FIXED:
        if getattr(before, name) != getattr(after, name):
            yield f"campaign.{name}", "发布后不能修改"
    if before.people != after.people:
        yield "people", "谁可以领、同一人的规则，发布后不能修改"
    if before.discount_limits != after.discount_limits:
        yield "discount_limits", "每人优惠限额发布后不能修改：已用的额度按它计算"
    if before.settlement != after.settlement:
        yield "settlement", "结算方式和周期发布后不能修改：商户按它参加活动"
    yield from _sources(before, after)
    yield from _offers(before, after)
    yield from _since(before, after)
    for place in ("packs", "rounds"):
        yield from _kept(place, getattr(before, place), getattr(after, place))


def _offers(before: Definition, after: Definition) -> Iterator[tuple[str, str]]:
    """Awards of what is applied for may be raised; every other offer says what it said."""
    given = after
    if before.preset.priced_when_claimed:
        earlier = {offer.code: offer for offer in before.offers}
        for place, offer in enumerate(after.offers, 1):
            was = earlier.get(offer.code)
            if was is None or not isinstance(was.terms.benefit, PriceTiers):
                continue
            if isinstance(offer.terms.benefit, PriceTiers):
                faults = takes_away(was.terms.benefit, offer.terms.benefit)
                yield from ((f"offers[{place}].benefit.{key}", message) for key, message in faults)
        # The tables are judged above; the rest is compared with the tables as they were.
        given = replace(after, offers=tuple(_with_table_of(earlier.get(offer.code), offer) for offer in after.offers))
    yield from _kept("offers", before.offers, given.offers)


def _with_table_of(earlier: OfferDefinition | None, offer: OfferDefinition) -> OfferDefinition:
    if earlier is None or not isinstance(offer.terms.benefit, PriceTiers):
        return offer
    return replace(offer, terms=replace(offer.terms, benefit=earlier.terms.benefit))


def _since(before: Definition, after: Definition) -> Iterator[tuple[str, str]]:
    """Since when raised awards apply is said of raised awards only, and is no later than their effect."""
    since = after.amendment.applies_from if after.amendment else None
    if since is None:
        return
    if not award_tables.changed_offers(before, after):
        yield "amendment.applies_from", "这次修改没有提高补贴标准，不用写；已领取的券始终按领取时的规则"
    elif since > max(clock.now(), (after.amendment and after.amendment.effective_at) or clock.now()):
        yield "amendment.applies_from", "不能晚于生效：提高补贴标准只能从生效当天或更早算起"


def _sources(before: Definition, after: Definition) -> Iterator[tuple[str, str]]:
    found = {source.code: (place, source) for place, source in enumerate(after.sources, 1)}
    for source in before.sources:
        if source.code not in found:
            yield "sources", f"不能删去已出资的来源“{source.code}”"
            continue
        place, now = found[source.code]
        if (now.name, now.level, now.county) != (source.name, source.level, source.county):
            yield f"sources[{place}]", f"来源“{source.code}”的名称、级别和县区不能修改"
        if now.budget_fen < source.budget_fen:
            yield f"sources[{place}].budget_yuan", "预算只能追加，不能减少：它可能已经投放或者领走"


def _kept(name: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What there was is there, and says the same."""
    found = {item.code: (place, item) for place, item in enumerate(after, 1)}
    for item in before:
        if item.code not in found:
            yield name, f"不能删去已发布的“{item.code}”"
        elif found[item.code][1] != item:
            yield f"{name}[{found[item.code][0]}]", f"已发布的“{item.code}”不能修改，请新增一项"


def added(before: Definition, after: Definition) -> Definition:
    """Return the amendment alone: new offers and rounds, and of each source what is granted more."""
    offers = {offer.code for offer in before.offers}
    rounds = {a_round.code for a_round in before.rounds}
    budgets = {source.code: source.budget_fen for source in before.sources}
    return replace(
        after,
        offers=tuple(offer for offer in after.offers if offer.code not in offers),
        rounds=tuple(a_round for a_round in after.rounds if a_round.code not in rounds),
        sources=tuple(
            replace(source, budget_fen=source.budget_fen - budgets.get(source.code, 0)) for source in after.sources
        ),
    )


def switch(campaign_id: int, *, base: int, to: int) -> None:
    """Make ``to`` the version in force in the place of ``base``. Refuses AmendmentOutdated where it is another."""
    turn = update(Campaign).where(Campaign.id == campaign_id, Campaign.version_id == base)
    if not rows_changed(turn.values(version_id=to)):
        raise AmendmentOutdated


def due_versions() -> list[CampaignVersion]:
    """Return the amendments that are published and whose time has come, but which are not in force yet."""
    statement = (
        select(CampaignVersion)
        .join(Campaign, Campaign.id == CampaignVersion.campaign_id)
        .where(
            CampaignVersion.status == "published",
            CampaignVersion.amends_id == Campaign.version_id,
            CampaignVersion.effective_at <= clock.now(),
        )
    )
    return list(db.session.scalars(statement.order_by(CampaignVersion.id)))


def definition_between(version: CampaignVersion) -> Definition:
    """Return what an amendment adds to the version it amends."""
    assert version.amends_id is not None
    return added(definition_of(version.amends_id), check(version.document))

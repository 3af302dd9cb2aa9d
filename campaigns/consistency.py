"""What no single field can tell: whether the parts of a definition fit together."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from campaigns import sale_rules
from campaigns.definition import Definition, OfferDefinition, ReleaseDefinition, RoundDefinition
from campaigns.places import city_name, counties
from campaigns.terms.article import ArticleRules
from campaigns.terms.axis import kind_of
from campaigns.terms.benefit.percent_by_grade import PercentByGrade
from campaigns.terms.benefit.price_tiers import PriceTiers
from campaigns.terms.benefit.spend_discount import SpendDiscount
from campaigns.terms.discount_limits import WITHIN as DISCOUNT_WITHIN
from campaigns.terms.funding.fixed import Fixed
from campaigns.terms.limits.chances import Chances
from campaigns.terms.limits.per_person import PerPerson
from campaigns.terms.rollover.own import Own
from foundation.clock import TICK, local
from foundation.money import format_yuan

Contradiction = tuple[str, str]

#: Of one offer in one release: what a column of whole numbers holds on either engine.
MOST_VOUCHERS = 100_000_000


def contradictions(definition: Definition) -> Iterator[Contradiction]:
    """Yield (place, message) for everything that does not fit."""
    yield from _campaign(definition)
    yield from _unique_codes(definition)
    yield from _offers(definition)
    yield from _packs(definition)
    yield from _discount_limits(definition)
    yield from _rounds(definition)


def _campaign(definition: Definition) -> Iterator[Contradiction]:
    if city_name(definition.city) == definition.city:
        yield "campaign.city", '没有这个城市；应当是城市行政区划代码的前四位，例如 "4417"（阳江市）'
    if definition.starts_at >= definition.ends_at:
        yield "campaign.ends_at", "结束时间必须晚于开始时间"
    for name in ("sources", "offers", "rounds"):
        if not getattr(definition, name):
            yield name, "至少要有一项"
    yield from _lists_find_people(definition)
    known = counties(definition.city)
    for place, source in enumerate(definition.sources, 1):
        if source.level == "county" and not source.county:
            yield f"sources[{place}].county", "县级资金要写明县区代码"
        if source.county and source.county not in known:
            yield f"sources[{place}].county", _no_such("县区", source.county, known)


def _lists_find_people(definition: Definition) -> Iterator[Contradiction]:
    """Lists of what is paid elsewhere name people by identity number, which a claim has only with a real name."""
    if definition.people.elsewhere and not (definition.preset.priced_when_claimed or definition.people.real_name):
        yield "people.apart_from", "按名单查重要知道身份证号，所以要同时写 real_name = true"


def _unique_codes(definition: Definition) -> Iterator[Contradiction]:
    for name in ("sources", "offers", "packs", "rounds"):
        items = getattr(definition, name)
        for code, times in Counter(item.code for item in items).items():
            if times > 1:
                yield name, f"代码“{code}”出现了 {times} 次，必须各不相同"


def _offers(definition: Definition) -> Iterator[Contradiction]:
    source_codes = [source.code for source in definition.sources]
    known = counties(definition.city)
    for place, offer in enumerate(definition.offers, 1):
        benefit, allowed = kind_of(offer.terms.benefit), definition.preset.benefits
        if benefit not in allowed:
            yield (
                f"offers[{place}].benefit.kind",
                f"“{definition.preset.name}”活动不能用“{benefit}”；可以是：{'、'.join(allowed)}",
            )
        for code in offer.terms.funding.shares:
            if code not in source_codes:
                yield f"offers[{place}].funding.{_payers_key(offer)}", _no_such("资金来源", code, source_codes)
        yield from _fixed_amounts_are_whole(offer, f"offers[{place}]")
        yield from _used_together(offer, f"offers[{place}].use")
        if kind_of(offer.terms.refund) == "recomputed" and not isinstance(offer.terms.benefit, PercentByGrade):
            yield f"offers[{place}].refund.kind", "重新计算补贴（recomputed）只能用于按能效比例补贴（percent_by_grade）"
        if offer.terms.evidence.deadlines and not isinstance(offer.terms.benefit, PercentByGrade):
            yield f"offers[{place}].evidence.kind", "售后材料是逐件商品的，只能用于按能效比例补贴（percent_by_grade）"
        yield from _merchants_pay_at_tills(definition, offer, f"offers[{place}]")
        for county in offer.terms.scope.counties:
            if county not in known:
                yield f"offers[{place}].scope.counties", _no_such("县区", county, known)
        yield from _qualification(offer, f"offers[{place}]")
        yield from sale_rules.of_offer(definition, offer, f"offers[{place}].sold")


#: Returns after which the citizen claims anew, where that is allowed: a used qualification does not come back.
_FOR_QUALIFICATIONS = ("no_return", "pay_back_first", "recomputed")


def _qualification(offer: OfferDefinition, where: str) -> Iterator[Contradiction]:
    if offer.terms.categories and kind_of(offer.terms.refund) not in _FOR_QUALIFICATIONS:
        yield f"{where}.refund.kind", f"用过的资格不退回，退货规则可以是：{'、'.join(_FOR_QUALIFICATIONS)}"
    if not offer.terms.categories and offer.terms.article != ArticleRules():
        yield f"{where}.article", "只有按品类补贴的资格才登记商品"


def _claimed_by_category(definition: Definition, a_round: RoundDefinition, where: str) -> Iterator[Contradiction]:
    """Qualifications are claimed one by one, first come; chances are counted for nothing else."""
    most = 0
    by_category = {offer.code: offer.terms.categories for offer in definition.offers if offer.terms.categories}
    for number, release in enumerate(a_round.releases, 1):
        covered = [content.offer for content in definition.contents(release) if content.offer in by_category]
        most = max([most, *(quantity for code in covered for quantity in by_category[code].values())])
        if covered and release.pack:
            yield f"{where}.releases[{number}].pack", "按品类领取的资格不能放进券包"
        if covered and a_round.lottery:
            yield f"{where}.issuance.kind", "按品类领取的资格目前不能摇号，请用 first_come 或 named_list"
    for number, limit in enumerate(a_round.limits, 1):
        if isinstance(limit, Chances) and not most:
            yield f"{where}.limits[{number}].kind", "只有按品类领取的资格才有领取次数，这一轮没有"
        elif isinstance(limit, Chances) and limit.count < most:
            yield f"{where}.limits[{number}].count", f"有的品类每人可补贴 {most} 件，领取次数不能比它少"


def _merchants_pay_at_tills(definition: Definition, offer: OfferDefinition, where: str) -> Iterator[Contradiction]:
    """A merchant gives its own share by taking it off the bill; what is paid to citizens, others pay."""
    if getattr(offer.terms.benefit, "given_as", "discount") == "discount":
        return
    merchants = {source.code for source in definition.sources if source.level == "merchant"}
    if merchants & set(offer.terms.funding.shares):
        yield f"{where}.funding.{_payers_key(offer)}", "不在付款时立减的补贴不能由商户出资"


def _payers_key(offer: OfferDefinition) -> str:
    return "amounts" if isinstance(offer.terms.funding, Fixed) else "shares"


def _fixed_amounts_are_whole(offer: OfferDefinition, where: str) -> Iterator[Contradiction]:
    """Fixed amounts are of one whole voucher, so together they must be what it costs."""
    funding, cost_fen = offer.terms.funding, offer.terms.benefit.committed_fen
    if isinstance(funding, Fixed) and funding.whole_fen != cost_fen:
        yield (
            f"{where}.funding.amounts",
            f"各方出资合计 {format_yuan(funding.whole_fen)} 元，应当等于一张券的 {format_yuan(cost_fen)} 元",
        )


def _used_together(offer: OfferDefinition, where: str) -> Iterator[Contradiction]:
    """Several in one order add up their faces and thresholds, which subsidies by price or grade do not have."""
    use = offer.terms.use
    if use.per_order > 1 and not isinstance(offer.terms.benefit, SpendDiscount):
        yield f"{where}.per_order", "只有满减券可以一单用多张"
    if use.per_day is not None and getattr(offer.terms.benefit, "given_as", "") == "gift":
        yield f"{where}.per_day", "礼品可以分几处领取，不限每天的次数；请去掉这一项"
    if use.per_day is not None and use.per_day < use.per_order:
        yield f"{where}.per_day", f"每天的张数不能少于每单的 {use.per_order} 张"
    if use.may_scan and not isinstance(offer.terms.benefit, SpendDiscount):
        yield f"{where}.scan_mode", "只有满减券可以由顾客扫收银台；补贴要录入商品或者车辆，请用“shown”"


def _discount_limits(definition: Definition) -> Iterator[Contradiction]:
    """What one person may have off lets every voucher be used once, and a longer period allows more than a shorter."""
    if definition.discount_limits and definition.kind != "consumer_voucher":
        yield "discount_limits", "只有消费券活动可以写每人优惠限额；补贴按件数和次数限制"
        return
    dearest = max(definition.offers, key=lambda offer: offer.terms.benefit.committed_fen, default=None)
    longest = list(DISCOUNT_WITHIN)
    for number, limit in enumerate(definition.discount_limits, 1):
        where = f"discount_limits[{number}]"
        before = definition.discount_limits[: number - 1]
        if any(other.within == limit.within for other in before):
            yield f"{where}.within", f"“{DISCOUNT_WITHIN[limit.within]}”写了两次，只能写一条"
        if dearest is not None and limit.most_fen < dearest.terms.benefit.committed_fen:
            face = format_yuan(dearest.terms.benefit.committed_fen)
            yield f"{where}.most_yuan", f"比“{dearest.code}”一张券的 {face} 元还少，这种券就用不了"
        for other in definition.discount_limits:
            is_shorter = longest.index(other.within) < longest.index(limit.within)
            if is_shorter and other.most_fen >= limit.most_fen:
                yield (
                    f"{where}.most_yuan",
                    f"应当大于“{DISCOUNT_WITHIN[other.within]}”的 {format_yuan(other.most_fen)} 元，否则那一条没有作用",
                )


def _packs(definition: Definition) -> Iterator[Contradiction]:
    offer_codes = [offer.code for offer in definition.offers]
    for place, pack in enumerate(definition.packs, 1):
        where = f"packs[{place}].contents"
        if sum(content.count for content in pack.contents) < 2:
            yield where, "券包里至少要有两张券；只有一张时请直接投放这种券"
        for number, content in enumerate(pack.contents, 1):
            if content.offer not in offer_codes:
                yield f"{where}[{number}].offer", _no_such("券", content.offer, offer_codes)
        for code, times in Counter(content.offer for content in pack.contents).items():
            if times > 1:
                yield where, f"券“{code}”在同一个券包里出现了 {times} 次，请合成一行并写总张数"


def _releases(definition: Definition, a_round: RoundDefinition, where: str) -> Iterator[Contradiction]:
    offer_codes = [offer.code for offer in definition.offers]
    pack_codes = [pack.code for pack in definition.packs]
    for number, release in enumerate(a_round.releases, 1):
        place = f"{where}.releases[{number}]"
        if release.pack and release.pack not in pack_codes:
            yield f"{place}.pack", _no_such("券包", release.pack, pack_codes)
        elif not release.pack and release.offer not in offer_codes:
            yield f"{place}.offer", _no_such("券", release.offer, offer_codes)
        yield from _money_or_number(definition, release, place)
        vouchers = max((content.count for content in definition.contents(release)), default=1) * release.stock
        if vouchers > MOST_VOUCHERS:
            yield f"{place}.stock", f"同一种券一共是 {vouchers:,} 张，一次最多投放 {MOST_VOUCHERS:,} 张"
    named = Counter(f"券包“{release.pack}”" if release.pack else f"券“{release.offer}”" for release in a_round.releases)
    for name, times in named.items():
        if times > 1:
            yield f"{where}.releases", f"{name}在同一轮里出现了 {times} 次"
    for group in a_round.groups:
        if sum(release.group == group for release in a_round.releases) < 2:
            yield f"{where}.releases", f"选择组“{group}”里只有一项，没有可选的；请去掉 group 或再加一项"


def _money_or_number(definition: Definition, release: ReleaseDefinition, place: str) -> Iterator[Contradiction]:
    """Money is put on release where each is priced when it is applied for, and vouchers everywhere else."""
    kind = definition.preset.name
    if not definition.preset.priced_when_claimed:
        if release.budget_fen is not None:
            yield f"{place}.budget_yuan", f"“{kind}”活动按张数投放，请写 stock"
        return
    offer = next((offer for offer in definition.offers if offer.code == release.offer), None)
    if offer is None or release.budget_fen is None:
        return
    benefit = offer.terms.benefit
    if release.budget_fen < benefit.least_fen:
        yield f"{place}.budget_yuan", f"至少要够发一份（{format_yuan(benefit.least_fen)} 元）"
    tiers = benefit.limited_tiers().values() if isinstance(benefit, PriceTiers) else ()
    floating_fen = sum(tier.floating.pool_fen for tier in tiers if tier.floating)
    if release.budget_fen < floating_fen:
        yield f"{place}.budget_yuan", f"各浮动档的资金合计 {format_yuan(floating_fen)} 元，这一轮的金额不能比它少"


def _rounds(definition: Definition) -> Iterator[Contradiction]:
    for place, a_round in enumerate(definition.rounds, 1):
        where = f"rounds[{place}]"
        if a_round.opens_at >= a_round.closes_at:
            yield f"{where}.closes_at", "关闭时间必须晚于开放时间"
        if a_round.opens_at < definition.starts_at or a_round.closes_at > definition.ends_at:
            span = f"{local(definition.starts_at):%Y-%m-%d %H:%M} 至 {local(definition.ends_at):%Y-%m-%d %H:%M}"
            yield f"{where}.opens_at", f"领取时间必须在活动期间（{span}）内"
        yield from _worth_claiming(definition, a_round, where)
        timed = a_round.lottery or a_round.application
        if timed:
            faults = timed.contradictions(opens_at=a_round.opens_at, closes_at=a_round.closes_at)
            yield from ((f"{where}.issuance.{key}", message) for key, message in faults)
        yield from _application_fits(definition, a_round, where)
        yield from _money_and_portions(definition, a_round, where)
        yield from _stands_beside(definition, a_round, f"{where}.issuance.beside")
        yield from _paper_can_be_used(definition, a_round, where)
        if not a_round.limits:
            yield f"{where}.limits", "至少要有一条每人限领"
        if not a_round.releases:
            yield f"{where}.releases", "至少要投放一种券"
        yield from _releases(definition, a_round, where)
        yield from _claimed_by_category(definition, a_round, where)
        yield from sale_rules.of_round(definition, a_round, where)
        yield from _round_within_budget(definition, a_round, where)


def _policy_fits(definition: Definition, a_round: RoundDefinition, where: str) -> Iterator[Contradiction]:
    """A policy is handed in where its premium is the price, and asked about nowhere else."""
    assert a_round.application is not None
    released = {release.offer for release in a_round.releases}
    benefits = [offer.terms.benefit for offer in definition.offers if offer.code in released]
    by_premium = any(isinstance(benefit, PriceTiers) and benefit.price == "premium" for benefit in benefits)
    if by_premium and "insurance_policy" not in a_round.application.documents:
        yield f"{where}.documents", "按保费补贴的，材料里要有商业险保单 insurance_policy"
    if not by_premium and (a_round.application.policies_from or a_round.application.policies_until):
        yield f"{where}.policies_from", "只有按保费（premium）补贴的才写保单时间"


def _application_fits(definition: Definition, a_round: RoundDefinition, where: str) -> Iterator[Contradiction]:
    """Applications are for what has a price when it is applied for, one thing at a time, and nothing else is
    granted by review."""
    if definition.preset.priced_when_claimed != (a_round.application is not None):
        may = "只能用" if definition.preset.priced_when_claimed else "不能用"
        yield f"{where}.issuance.kind", f"“{definition.preset.name}”活动{may}“application”（申请审核）"
    if a_round.application is None:
        return
    yield from _policy_fits(definition, a_round, f"{where}.issuance")
    for number, limit in enumerate(a_round.limits, 1):
        if isinstance(limit, PerPerson) and limit.period:
            yield (
                f"{where}.limits[{number}].within",
                "申请审核的轮次可以是：offer、round、campaign",
            )
    if any(release.pack for release in a_round.releases):
        yield f"{where}.releases", "申请审核的轮次不能投放券包"
    if a_round.daily is not None or isinstance(a_round.rollover, Own):
        yield f"{where}.daily", "申请审核的轮次按资金投放，不能分天，也不能写本轮资金"


def _money_and_portions(definition: Definition, a_round: RoundDefinition, where: str) -> Iterator[Contradiction]:
    """Money is carried from an earlier round with money of its own; portions come while the round is open."""
    if isinstance(a_round.rollover, Own) and a_round.rollover.carry:
        earlier = [
            each.code
            for each in definition.rounds
            if isinstance(each.rollover, Own) and each.opens_at < a_round.opens_at and each.code != a_round.code
        ]
        if a_round.rollover.carry not in earlier:
            yield f"{where}.rollover.carry", _no_such("写了本轮资金的更早轮次", a_round.rollover.carry, earlier)
    if a_round.daily is None:
        return
    if a_round.lottery:
        yield f"{where}.daily", "摇号的轮次一次开奖，不能分天投放"
    due = a_round.daily.due_at(a_round.opens_at)
    if due[-1] >= a_round.closes_at:
        yield f"{where}.daily", f"最后一批在 {local(due[-1]):%Y-%m-%d %H:%M}，晚于这一轮的关闭时间"
    for number, release in enumerate(a_round.releases, 1):
        if min(a_round.daily.split(release.stock)) < 1:
            yield f"{where}.releases[{number}].stock", f"不够分 {len(due)} 天，每天至少要有 1 张"


def _paper_can_be_used(definition: Definition, a_round: RoundDefinition, where: str) -> Iterator[Contradiction]:
    """What staff claim for people is printed: whoever has no phone scans no till."""
    if a_round.assisted is None:
        return
    phones = [offer.code for offer in definition.offers if not offer.terms.use.may_show]
    for number, release in enumerate(a_round.releases, 1):
        for content in definition.contents(release):
            if content.offer in phones:
                place = f"{where}.releases[{number}].{'pack' if release.pack else 'offer'}"
                yield place, f"“{content.offer}”须用手机扫收银台（scanned），线下代领的纸质券用不了；请改 scan_mode"


def _stands_beside(definition: Definition, a_round: RoundDefinition, place: str) -> Iterator[Contradiction]:
    """An assisted round shares the limits of a round that people claim in themselves."""
    if a_round.assisted is None or not a_round.assisted.beside:
        return
    online = [each.code for each in definition.rounds if each.assisted is None]
    if a_round.assisted.beside not in online:
        yield place, _no_such("线上轮次", a_round.assisted.beside, online)


def _worth_claiming(definition: Definition, a_round: RoundDefinition, where: str) -> Iterator[Contradiction]:
    """Whoever claims at the last moment must still get something that can be used."""
    offers = {offer.code: offer for offer in definition.offers}
    for number, release in enumerate(a_round.releases, 1):
        for content in definition.contents(release):
            if content.offer not in offers:
                continue
            terms, sold = offers[content.offer].terms, offers[content.offer].sold
            # What is sold begins when it is paid for.
            last_claim = a_round.closes_at - TICK + (sold.pay_within if sold else timedelta())
            expires_at = terms.expires_at(claimed_at=last_claim, campaign_ends_at=definition.ends_at)
            place = f"{where}.releases[{number}].{'pack' if release.pack else 'offer'}"
            if expires_at <= last_claim and sold:
                minutes = sold.pay_minutes
                yield place, f"领取结束时下单、{minutes} 分钟内付款，“{content.offer}”就已经过期，请改有效期或领取时间"
            elif expires_at <= last_claim:
                yield place, f"领取结束前“{content.offer}”就已经过期，请改有效期或领取时间"
            elif expires_at <= terms.valid_from(claimed_at=last_claim):
                yield place, f"“{content.offer}”还没到可用的时间就已经过期，请改有效期或起用时间"


def _round_within_budget(definition: Definition, a_round: RoundDefinition, where: str) -> Iterator[Contradiction]:
    """A single round may not put more on release than a source has granted.

    Rounds together may: money that returns unclaimed or unused is released again. Where one may be worth more or
    less, the least counts: the fund itself ends the round before it is overdrawn.
    """
    offers = {offer.code: offer for offer in definition.offers}
    needed: Counter[str] = Counter()
    for release in a_round.releases:
        for content in definition.contents(release):
            if content.offer not in offers:
                continue
            terms = offers[content.offer].terms
            if release.budget_fen is not None:
                needed.update(terms.funding.split(release.budget_fen))
                continue
            for code, fen in terms.funding.split(terms.benefit.least_fen).items():
                needed[code] += fen * content.count * release.stock
    for source in definition.sources:
        if needed[source.code] > source.budget_fen:
            yield (
                f"{where}.releases",
                f"需要“{source.code}”出资 {format_yuan(needed[source.code])} 元，"
                f"超过它的预算 {format_yuan(source.budget_fen)} 元",
            )


def _no_such(what: str, code: str, known: "object") -> str:
    return f"没有{what}“{code}”；可以是：{'、'.join(known) or '（活动文件里还没有）'}"  # type: ignore[arg-type]

"""The public notice (公告) of a campaign, written from its definition.

What the campaign file says is said here in the order and the words of real announcements; its own ``notice`` text
stands under 活动说明. Wherever terms have words of their own (``describe``), those are used, so that the notice, the
ticket and the till never say it differently.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from campaigns.definition import Definition, OfferDefinition
from campaigns.notice_issuing import issuing, lottery, named_lists, packs
from campaigns.notice_parts import Section, end_in_words, moment_in_words, numerals
from campaigns.places import city_name, county_name, industry_name
from campaigns.terms.benefit.percent_by_grade import INVOICES, PercentByGrade
from campaigns.terms.benefit.price_tiers import BASES, PriceTiers
from campaigns.terms.gifts import collecting
from campaigns.terms.sale import BUYERS
from campaigns.terms.sold import in_notice
from campaigns.terms.worth import GIVEN_AS, WorthTable
from foundation.money import format_wan


@dataclass(frozen=True)
class Notice:
    title: str
    opening: str
    sections: tuple[Section, ...]


def notice(definition: Definition) -> Notice:
    """Return the public notice of a definition."""
    writers = (
        _amended, _time, issuing, lottery, named_lists, _offers, packs, _use, _validity, _limits, _scope, _money,
        _after_the_sale, _returns, _own_words, _asking,
    )  # fmt: skip
    sections = [section for writer in writers if (section := writer(definition)).paragraphs or section.tables]
    city = city_name(definition.city)
    return Notice(
        title=f"关于开展{definition.name}活动的公告",
        opening=f"为促进消费，{city}组织开展“{_quoted_within(definition.name)}”活动，现将有关事项公告如下。",
        sections=tuple(sections),
    )


def _quoted_within(words: str) -> str:
    return words.replace("“", "‘").replace("”", "’")


def as_text(written: Notice) -> str:
    """Return a notice as plain text: tables with their cells parted by bars."""
    return "\n".join(_lines(written)) + "\n"


def _lines(written: Notice) -> Iterator[str]:
    yield from (written.title, "", written.opening)
    for section, numeral in zip(written.sections, numerals(len(written.sections)), strict=True):
        yield from ("", f"{numeral}、{section.heading}")
        yield from section.paragraphs
        for caption, table in section.tables:
            if caption:
                yield caption
            for row in (table.header, *table.rows):
                yield "| " + " | ".join(row) + " |"


def _amended(definition: Definition) -> Section:
    return Section("修改说明", definition.amendment_told())


def _time(definition: Definition) -> Section:
    span = f"{moment_in_words(definition.starts_at)}至{end_in_words(definition.ends_at)}。"
    return Section("活动时间", (span,))


def _offers(definition: Definition) -> Section:
    benefits = [offer.terms.benefit for offer in definition.offers]
    headers = {benefit.table().header for benefit in benefits}
    one_row_each = all(len(benefit.table().rows) == 1 for benefit in benefits)
    if len(headers) == 1 and one_row_each:
        rows = tuple((offer.name, *offer.terms.benefit.table().rows[0]) for offer in definition.offers)
        table = WorthTable(("券种", *headers.pop()), rows)
        return Section("券种与面额", in_notice(definition.offers, definition.sources), (("", table),))
    tables = tuple((f"{offer.name}：", offer.terms.benefit.table()) for offer in definition.offers)
    return Section("补贴标准", in_notice(definition.offers, definition.sources), tables)


def _use(definition: Definition) -> Section:
    """How it is used, by the kinds of benefit that the campaign has."""
    rules: list[str] = []
    for offer in definition.offers:
        benefit = offer.terms.benefit
        if isinstance(benefit, PercentByGrade):
            rules += [
                "一份资格只能用于一件产品，一件一单；付款时向门店出示资格码，当场立减。",
                "补贴以最终销售价格计算，即扣除生产、销售、支付等各环节优惠之后的价格。",
                f"{INVOICES[benefit.invoice]}。",
                *(f"{words}。" for words in offer.terms.article.describe()),
            ]
        elif isinstance(benefit, PriceTiers):
            rules += [
                f"以{BASES[benefit.price]}确定补贴档次；{GIVEN_AS[benefit.given_as]}。",
                "补贴面向"
                + "、".join(f"{BUYERS[kind]}（每{_who(kind)}最多 {most} 辆）" for kind, most in benefit.buyers.items())
                + "。",
                *collecting([gift for tier in benefit.tiers for gift in tier.gifts]),
            ]
        else:
            rules += [
                "消费金额以商家自身优惠之后、消费券抵扣之前的金额计算，达到使用门槛即可抵扣。",
                *_use_rules(definition),
                "一次用完，不找零、不拆分、不兑现、不转赠。",
                *(f"{names}{way}。" for way, names in _grouped(definition.offers, _scan)),
            ]
    unique = list(dict.fromkeys(rules))
    return Section("使用规则", tuple(f"{number}. {rule}" for number, rule in enumerate(unique, 1)))


def _use_rules(definition: Definition) -> list[str]:
    """How many may be used together and per day, how much comes off for one person, and that orders are not split."""
    rules = _grouped(definition.offers, lambda offer: str(offer.terms.use.describe()))
    areas = _grouped(definition.offers, _area)
    excluded = _grouped(definition.offers, lambda offer: "、".join(offer.terms.scope.goods_excluded))
    return [
        *(f"{names}{rule}。" for rule, names in rules),
        *(f"{limit.describe()}。" for limit in definition.discount_limits),
        "不同的券不能在一单里同用，严禁拆单。",
        *(f"{names}{area}。" for area, names in areas if area),
        *(f"{names}不能用于购买{goods}，这些商品不计入消费金额。" for goods, names in excluded if goods),
    ]


def _scan(offer: OfferDefinition) -> str:
    return str(offer.terms.use.describe_scan())


def _area(offer: OfferDefinition) -> str:
    fence = offer.terms.scope.geofence
    return str(fence.describe()) if fence else ""


def _who(kind: str) -> str:
    return {"person": "人", "firm": "家"}[kind]


def _validity(definition: Definition) -> Section:
    conventions = _grouped(definition.offers, lambda offer: str(offer.terms.validity.describe()))
    end = f"最晚不超过活动结束时间（{end_in_words(definition.ends_at)}）。"
    words = tuple(f"{names}{validity}。" for validity, names in conventions)
    return Section("有效期", (*words, end))


def _limits(definition: Definition) -> Section:
    by_limit: dict[str, list[str]] = {}
    for a_round in definition.rounds:
        words = "，".join(str(limit.describe()) for limit in a_round.limits)
        by_limit.setdefault(words, []).append(a_round.name)
    if len(by_limit) == 1:
        told = [f"{next(iter(by_limit))}。"]
    else:
        told = [f"{'、'.join(names)}：{words}。" for words, names in by_limit.items()]
    groups = [
        f"{a_round.name}：{'、'.join(definition.release_name(one) for one in a_round.releases if one.group == group)}"
        "只能选一种。"
        for a_round in definition.rounds
        for group in a_round.groups
    ]
    who = "；".join(map(str, definition.people.describe()))
    return Section("领取限制", (*told, *groups, f"{who}。"))


def _scope(definition: Definition) -> Section:
    def where(offer: OfferDefinition) -> str:
        scope = offer.terms.scope
        counties = "、".join(map(county_name, scope.counties)) or city_name(definition.city)
        industries = "、".join(map(industry_name, scope.industries)) or "各行业"
        return f"{counties}参加活动的{industries}{'限额以上' if scope.above_quota else ''}商户"

    places = _grouped(definition.offers, where)
    return Section(
        "适用范围", (*(f"{names}适用于{place}。" for place, names in places), "参加活动的商户名单在活动平台公布。")
    )


def _grouped(offers: Sequence[OfferDefinition], words_of: Callable[[OfferDefinition], str]) -> list[tuple[str, str]]:
    """Return (words, names of the offers that share them, with a colon); no names where all share them."""
    groups: dict[str, list[str]] = {}
    for offer in offers:
        groups.setdefault(words_of(offer), []).append(offer.name)
    if len(groups) == 1:
        return [(words, "") for words in groups]
    return [(words, f"{'、'.join(names)}：") for words, names in groups.items()]


def _money(definition: Definition) -> Section:
    total = sum(source.budget_fen for source in definition.sources)
    parts = "，".join(f"{source.name} {format_wan(source.budget_fen, 2)} 万元" for source in definition.sources)
    sources = {source.code: source.name for source in definition.sources}
    shared = _grouped(definition.offers, lambda offer: _shares_in_words(offer, sources))
    split = [f"{names}{words}。" for words, names in shared if words]
    words = (
        f"活动资金共 {format_wan(total, 2)} 万元：{parts}。"
        if len(definition.sources) > 1
        else (f"活动资金 {format_wan(total, 2)} 万元，由{definition.sources[0].name}安排。")
    )
    settled = (f"{told}。" for told in definition.settlement.announced())
    return Section("资金", (words, *split, *settled))


def _shares_in_words(offer: OfferDefinition, names: Mapping[str, str]) -> str:
    shares = offer.terms.funding.shares
    if len(shares) == 1:
        return ""
    words = (f"{names[code]} {offer.terms.funding.describe(code)}" for code in shares)
    return "、".join(words) + " 共同承担"


#: What becomes of a voucher or subsidy when goods are returned, by kind of campaign.
_RETURNS = {
    "consumer_voucher": (
        "核销当日在原门店退货的，由门店撤销核销，消费券退回原账户，有效期不变；已过有效期的不再补发。",
        "收回的消费券金额退回资金池，不得兑付现金。",
    ),
    "car_subsidy": ("退车、发票红冲或者作废的，应当退回已领取的补贴；尚未兑付的，不再兑付。",),
    "appliance_trade_in": (
        "退货时只退消费者实付的金额，补贴资金退回；已经拨付的，由商户退回。",
        "用过的资格退货后不再恢复；领取次数未用完的，可以重新领取同一品类的资格。",
    ),
}


def _returns(definition: Definition) -> Section:
    told = _RETURNS[definition.kind]
    if definition.kind != "consumer_voucher":
        benefits = [offer.terms.benefit for offer in definition.offers]
        counts = {benefit.returned_counts for benefit in benefits if isinstance(benefit, PriceTiers)}
        words = {True: "退车后仍计为已享受一次，同一辆车不再补贴。", False: "退回补贴后不再计为已享受。"}
        return Section("退款", (*told, *(words[one] for one in sorted(counts, reverse=True))))
    later = _grouped(definition.offers, lambda offer: str(offer.terms.refund.describe()))
    return Section("退款", (told[0], *(f"{names}核销次日起退货的：{rule}。" for rule, names in later), *told[1:]))


def _after_the_sale(definition: Definition) -> Section:
    """What merchants hand in before they are paid."""

    def duties(offer: OfferDefinition) -> str:
        return "；".join(map(str, offer.terms.evidence.describe()))

    told = [offer for offer in definition.offers if duties(offer)]
    grouped = _grouped(told, duties)
    if len(told) == len(definition.offers):
        return Section("售后材料", tuple(f"{names}{words}。" for words, names in grouped))
    all_names = "、".join(offer.name for offer in told)
    return Section("售后材料", tuple(f"{names or f'{all_names}：'}{words}。" for words, names in grouped))


def _own_words(definition: Definition) -> Section:
    lines = tuple(line.strip() for line in definition.notice.splitlines() if line.strip())
    return Section("活动说明", lines)


def _asking(definition: Definition) -> Section:
    contact = definition.contact or f"{city_name(definition.city)}商务局"
    return Section("咨询", (f"活动咨询和投诉：{contact}。", f"本公告由活动文件“{definition.code}”生成。"))

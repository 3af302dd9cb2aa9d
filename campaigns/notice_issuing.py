"""The sections of the public notice that say how vouchers are given out: rounds, draws, lists and packs."""

from collections.abc import Iterator

from campaigns.definition import Definition, RoundDefinition
from campaigns.notice_parts import Section, end_in_words, moment_in_words
from campaigns.terms.rollover.own import Own
from campaigns.terms.worth import WorthTable
from foundation.money import format_wan, format_yuan_short


def issuing(definition: Definition) -> Section:
    thing, unit, verb = definition.preset.thing, definition.preset.unit, definition.preset.verb
    by_way: dict[str, list[str]] = {}
    for a_round in definition.rounds:
        by_way.setdefault(str(a_round.issuance.describe()), []).append(a_round.name)
    # Where rounds are given out differently, each says how.
    ways = [way if len(by_way) == 1 else f"{'、'.join(names)}{way}" for way, names in by_way.items()]
    rows = tuple(
        (
            a_round.name,
            f"{moment_in_words(a_round.opens_at)}至{end_in_words(a_round.closes_at)}",
            _stock(a_round, unit),
        )
        for a_round in definition.rounds
    )
    money = dict.fromkeys(
        f"{a_round.name}：{a_round.rollover.describe()}。"
        for a_round in definition.rounds
        if isinstance(a_round.rollover, Own)
    )
    portions = tuple(f"{a_round.name}{a_round.daily.describe()}。" for a_round in definition.rounds if a_round.daily)
    words = f"{thing}分 {len(rows)} 轮发放。" if len(rows) > 1 else ""
    paragraphs: tuple[str, ...] = (
        f"{words}{'；'.join(ways)}。",
        *_rules(definition),
        f"市民用手机号登录活动平台，在{_when_to_come(definition)}。各轮数量以资金池余额为限，资金用完即止；"
        f"未{verb}和到期未使用的资金退回资金池，可在后续轮次继续发放。",
        *money,
        *portions,
    )
    if any(offer.terms.categories for offer in definition.offers):
        paragraphs = (*paragraphs, "资格按品类领取，每份按每件上限预留资金；实际补贴之外的部分在使用次日退回资金池。")
    return Section("发放方式", paragraphs, (("", WorthTable(("轮次", f"{verb}时间", "数量上限"), rows)),))


def _rules(definition: Definition) -> Iterator[str]:
    """What an applicant must know, for each way of applying that the campaign has."""
    known: dict[str, list[str]] = {}
    for a_round in definition.rounds:
        if a_round.application:
            known.setdefault("；".join(map(str, a_round.application.rules())), []).append(a_round.name)
    for rules, names in known.items():
        yield f"{rules}。" if len(known) == 1 else f"{'、'.join(names)}：{rules}。"


def _when_to_come(definition: Definition) -> str:
    drawn = [a_round.lottery is not None for a_round in definition.rounds]
    if all(drawn):
        return "报名期间报名"
    claim = f"开放时间内{definition.preset.verb}"
    return f"{claim}，摇号的轮次在报名期间报名" if any(drawn) else claim


def lottery(definition: Definition) -> Section:
    """How a draw goes, and how anyone can check it."""
    told = []
    for a_round in definition.rounds:
        if a_round.lottery is None:
            continue
        plan = a_round.lottery
        taken_up = (
            f"中签者在开奖后 {plan.take_up_hours} 小时内领取，逾期由后面的号依次递补"
            if plan.take_up_hours
            else "中签的券直接到账"
        )
        told.append(
            f"{a_round.name}：{moment_in_words(a_round.opens_at)}至{end_in_words(plan.register_until)}报名，"
            f"每人限报名一次；{moment_in_words(plan.draw_at)}开奖，{taken_up}。"
        )
    if told:
        told.append(
            "报名开始前公布随机种子的承诺值（SHA-256），报名截止后公布不含个人信息的报名名单，开奖时公布种子；"
            "任何人都可以用公布的程序重新计算，核对结果。"
        )
    return Section("摇号规则", tuple(told))


def named_lists(definition: Definition) -> Section:
    names = [a_round.name for a_round in definition.rounds if a_round.by_list]
    if not names:
        return Section("定向发放", ())
    return Section(
        "定向发放",
        (
            f"{'、'.join(names)}不公开领取，只发放给名单上的人。登录的手机号或者实名的身份证号与名单一致的，"
            "在开放时间内领取；名单上每一条限领一次，逾期不补。",
        ),
    )


def packs(definition: Definition) -> Section:
    """What is in each pack, and how a pack counts."""
    if not definition.packs:
        return Section("券包", ())
    rows = []
    for pack in definition.packs:
        offers = [(definition.offer(content.offer), content.count) for content in pack.contents]
        total_fen = sum(offer.terms.benefit.face_value_fen * count for offer, count in offers)
        contents = "、".join(f"{offer.name} {count} 张（{offer.terms.benefit.describe()}）" for offer, count in offers)
        rows.append((pack.name, contents, format_yuan_short(total_fen)))
    rule = "券包里的券一次领取、全部到账，分别使用，有效期各自计算；一个券包在每人限领中按一张计算。"
    return Section("券包", (rule,), (("", WorthTable(("券包", "内容", "合计面值（元）"), tuple(rows))),))


def _stock(a_round: RoundDefinition, unit: str) -> str:
    singles = sum(release.stock for release in a_round.releases if not release.pack)
    packs = sum(release.stock for release in a_round.releases if release.pack)
    money_fen = sum(release.budget_fen or 0 for release in a_round.releases)
    told = [f"{format_wan(money_fen, 4)} 万元"] if money_fen else []
    return "、".join(told + [f"{total:,} {of}" for total, of in ((singles, unit), (packs, "包")) if total])

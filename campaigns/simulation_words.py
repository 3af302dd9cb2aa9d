"""A simulation as data and as people read it."""

from dataclasses import asdict
from typing import Any

from campaigns.definition import Definition
from campaigns.simulated_lottery import LotteryOutcome
from campaigns.simulation import Simulation
from foundation.money import format_yuan


def as_data(played: Simulation) -> dict[str, Any]:
    """Return a simulation as JSON has it; amounts in fen, chances in hundredths of a percent."""
    return {
        "runs_out": {source: day and day.isoformat() for source, day in played.runs_out.items()},
        "sold_out": {code: day and day.isoformat() for code, day in played.sold_out.items()},
        "lotteries": {
            code: {**asdict(outcome), "first_chance": outcome.first_chance, "chance": outcome.chance}
            for code, outcome in played.lotteries.items()
        },
        "days": [
            {
                "day": day.day.isoformat(),
                "claimed": day.claimed,
                "redeemed": day.redeemed,
                "expired": day.expired,
                "turned_away": day.turned_away,
                "limited": day.limited,
                "entered": day.entered,
                "won": day.won,
                "taken_up": day.taken_up,
                "proceeds_fen": day.proceeds_fen,
                "money": {source: asdict(money) for source, money in day.money.items()},
            }
            for day in played.days
        ],
    }


def as_text(definition: Definition, played: Simulation) -> str:
    """Return a simulation as people read it: the sums, when rounds sell out, and when each source runs out."""
    last = played.days[-1].money
    lines = [
        f"领取 {played.total('claimed'):,}，使用 {played.total('redeemed'):,}，到期未用 {played.total('expired'):,}，"
        f"想领而没有领到 {played.total('turned_away'):,} 人次"
        + (f"（其中因每人限领 {limited:,} 人次）" if (limited := played.total("limited")) else "")
    ]
    if any(offer.sold for offer in definition.offers):
        proceeds = format_yuan(played.total("proceeds_fen"))
        lines.append(f"售价款 {proceeds} 元（假设下单的都付了款，以后的退款没有扣除），不计入资金来源")
    for a_round in definition.rounds:
        day = played.sold_out[a_round.code]
        lines.append(f"{a_round.name}：" + (f"{day} 领完" if day else "开放期间没有领完"))
        if a_round.code in played.lotteries:
            lines.append(f"{a_round.name}：{_drawn(played.lotteries[a_round.code])}")
    for source in definition.sources:
        day, money = played.runs_out[source.code], last[source.code]
        lines.append(
            f"{source.name}：预算 {format_yuan(source.budget_fen)} 元，使用 {format_yuan(money.redeemed)} 元，"
            f"结余 {format_yuan(money.pool)} 元，" + (f"{day} 用完" if day else "没有用完")
        )
    return "\n".join(lines)


def _drawn(outcome: LotteryOutcome) -> str:
    return (
        f"报名 {outcome.entrants:,} 人，{outcome.prizes:,} 份，首次开奖中签 {outcome.first_won:,} 人"
        f"（{percent(outcome.first_chance)}），连同递补 {outcome.won:,} 人（{percent(outcome.chance)}），"
        f"领取 {outcome.taken_up:,}，逾期 {outcome.lapsed:,}"
        + (f"，因每人限领跳过 {outcome.passed_over:,}" if outcome.passed_over else "")
    )


def percent(hundredths: int) -> str:
    """Return hundredths of a percent as people write them: 1250 → "12.5%"."""
    return f"{hundredths / 100:g}%"

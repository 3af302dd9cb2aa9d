"""The bureau's 2023 consumer vouchers as a campaign file, at full scale or smaller.

The report says what was issued (17.831 million yuan) and what it drove (92.432 million); who paid how much of it,
which vouchers there were and when the rounds opened it does not say. Those parts are assumptions, marked as such
in the file, after campaigns that published theirs. ``examples/yangjiang-2023.toml`` is this file at scale 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

YEAR = 2023
CODE = "yangjiang-2023"
ISSUED_FEN = 1_783_100_000
DRIVEN_FEN = 9_243_200_000


@dataclass(frozen=True)
class Payer:
    code: str
    name: str
    level: str
    county: str
    budget_fen: int


@dataclass(frozen=True)
class Area:
    """Where a share of the money is offered: one county, or the whole city for county ''."""

    code: str
    name: str
    county: str
    amount_fen: int
    shares: str


@dataclass(frozen=True)
class Kind:
    """A kind of voucher: its part of an area's money in percent, and its terms in yuan."""

    code: str
    name: str
    industry: str
    percent: int
    face_yuan: int
    threshold_yuan: int


@dataclass(frozen=True)
class Opening:
    """A round: ``percent`` of each area's money at most is put on release."""

    code: str
    name: str
    opens_at: str
    closes_at: str
    percent: int


PAYERS = (
    Payer("yangjiang-city", "阳江市财政", "city", "", 500_000_000),
    Payer("jiangcheng", "江城区财政", "county", "441702", 400_000_000),
    Payer("yangdong", "阳东区财政", "county", "441704", 300_000_000),
    Payer("yangchun", "阳春市财政", "county", "441781", 350_000_000),
    Payer("yangxi", "阳西县财政", "county", "441721", 233_100_000),
)

#: The city pays a fifth of every county's vouchers, and all of those that are good in the whole city.
AREAS = (
    Area("jiangcheng", "江城", "441702", 500_000_000, '{ yangjiang-city = "20%", jiangcheng = "80%" }'),
    Area("yangdong", "阳东", "441704", 375_000_000, '{ yangjiang-city = "20%", yangdong = "80%" }'),
    Area("yangchun", "阳春", "441781", 437_500_000, '{ yangjiang-city = "20%", yangchun = "80%" }'),
    Area("yangxi", "阳西", "441721", 291_375_000, '{ yangjiang-city = "20%", yangxi = "80%" }'),
    Area("city", "全市", "", 179_225_000, '{ yangjiang-city = "100%" }'),
)

KINDS = (
    Kind("catering", "餐饮券", "catering", 15, 100, 400),
    Kind("retail", "零售券", "retail", 35, 200, 800),
    Kind("appliance", "家电券", "appliance", 50, 400, 2000),
)

ROUNDS = (
    Opening("r1", "五一 第一轮", "2023-04-28T10:00:00", "2023-05-06T00:00:00", 22),
    Opening("r2", "618 第二轮", "2023-06-16T10:00:00", "2023-06-26T00:00:00", 22),
    Opening("r3", "惠利金秋 第三轮", "2023-08-25T10:00:00", "2023-09-04T00:00:00", 22),
    Opening("r4", "中秋国庆 第四轮", "2023-09-28T10:00:00", "2023-10-09T00:00:00", 22),
    Opening("r5", "迎新年 第五轮", "2023-11-24T10:00:00", "2023-12-11T00:00:00", 40),
)

_HEAD = """\
# 漠阳品•幸福购 2023 年阳江市消费券
#
# 阳江市商务局 2023 年工作总结：市县两级共同发放消费券 1783.1 万元，拉动消费 9243.2 万元。
# 总结没有写明各级出资、券种、轮次和时间；以下凡注明“假设”的均为演示所设，不代表实际方案。

[campaign]
code = "{code}"
name = "漠阳品•幸福购 2023年消费券"
kind = "consumer_voucher"
city = "4417"
starts_at = 2023-04-28T00:00:00+08:00
ends_at = 2024-01-01T00:00:00+08:00
notice = \"\"\"
为促进消费，市县两级共同发放“漠阳品•幸福购”消费券，先到先得，领完即止。
每人每轮每种券限领一张；一笔消费限用一张，一次用完，不找零、不兑现、不转赠。
未使用的券到期作废，资金退回资金池，在后续轮次继续发放。
\"\"\"
"""


def document(scale: Fraction = Fraction(1)) -> str:
    """Return the campaign file for a year of ``scale`` times the real amounts, 0 < scale <= 1."""
    head = _HEAD.format(code=CODE)
    if scale != 1:
        head = f"# 缩小的演示：金额为实际的 {float(scale):g} 倍。\n" + head
    return "\n".join([head, *_sources(scale), *_offers(), *_rounds(scale)])


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _sources(scale: Fraction) -> Iterator[str]:
    for payer in PAYERS:
        county = f'county = "{payer.county}"\n' if payer.county else ""
        yield (
            f'[[sources]]\ncode = "{payer.code}"\nname = "{payer.name}"\nlevel = "{payer.level}"\n{county}'
            f"budget_yuan = {_yuan(int(payer.budget_fen * scale))}\n"
            'note = "假设：总结只写了市县合计 1783.1 万元"\n'
        )


def _offers() -> Iterator[str]:
    for area in AREAS:
        for kind in KINDS:
            counties = f'counties = ["{area.county}"], ' if area.county else ""
            yield (
                f'[[offers]]  # 假设\ncode = "{area.code}-{kind.code}"\nname = "{area.name}{kind.name}"\n'
                f'benefit = {{ kind = "spend_discount", face_value_yuan = {kind.face_yuan}, '
                f"threshold_yuan = {kind.threshold_yuan} }}\n"
                f'funding = {{ kind = "shares", shares = {area.shares} }}\n'
                f'scope = {{ kind = "places", {counties}industries = ["{kind.industry}"] }}\n'
                'validity = { kind = "natural_days", days = 14, counted_from = "claim_day" }\n'
            )


def _rounds(scale: Fraction) -> Iterator[str]:
    for opening in ROUNDS:
        releases = ",\n".join(
            f'    {{ offer = "{area.code}-{kind.code}", stock = {_stock(area, kind, opening, scale)} }}'
            for area in AREAS
            for kind in KINDS
        )
        yield (
            f'[[rounds]]  # 假设\ncode = "{opening.code}"\nname = "{opening.name}"\n'
            f"opens_at = {opening.opens_at}+08:00\ncloses_at = {opening.closes_at}+08:00\n"
            'issuance = { kind = "first_come" }\n'
            'limits = [{ kind = "per_person", count = 1, within = "offer" }]\n'
            f"releases = [\n{releases},\n]\n"
        )


def _stock(area: Area, kind: Kind, opening: Opening, scale: Fraction) -> int:
    amount = area.amount_fen * scale * Fraction(kind.percent, 100) * Fraction(opening.percent, 100)
    return max(1, int(amount // (kind.face_yuan * 100)))

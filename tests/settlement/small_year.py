"""A small world whose every figure was computed by hand, and the numbers.

Two sources share two offers: a meal (50 yuan: 10 from the city, 40 from Jiangcheng) that is good in Jiangcheng's
restaurants, and goods (33.35 yuan: 16.68 and 16.67) that are good in shops of the whole city. The first round puts
four meals and three goods on release; three and two are claimed, one of each expires, one of each is recalled, and
with that money a second round comes about. One redemption is voided and made again the next day. Everything up to
9 May is paid, everything up to the 16th approved.
"""

from dataclasses import dataclass
from decimal import Decimal

from campaigns.rounds import close_due_rounds, release_due_rounds
from foundation.clock import SimulatedClock
from settlement.closing import approve, close_period, mark_paid
from tests.world import (
    CLOSES,
    JOB,
    YANGDONG,
    Published,
    Shop,
    a_round,
    at,
    citizens,
    claim,
    claim_and_show,
    done,
    offer,
    opened,
    redeem,
    shop,
    show,
    spring,
    void,
)
from voucher.expiry import expire_due

HEJING, GUOTING = "officer:3", "officer:4"


@dataclass(frozen=True)
class SmallYear:
    campaign: Published
    restaurant: Shop
    #: a shop in Yangdong
    grocer: Shop
    #: a shop in Jiangcheng
    hardware: Shop
    paid_batch: int
    approved_batch: int


def document():
    goods = offer(
        "goods",
        name="零售券",
        benefit={"face_value_yuan": Decimal("33.35"), "threshold_yuan": 100},
        funding={"shares": {"city": "50%", "jiangcheng": "50%"}},
        scope={"industries": ["retail"]},
    )
    first, second = spring()["sources"]
    return spring(
        sources=[first | {"budget_yuan": 100}, second | {"budget_yuan": 250}],
        offers=[offer(), goods],
        rounds=[
            a_round(
                limits=[{"count": 1, "within": "offer"}],
                releases=[{"offer": "meal", "stock": 4}, {"offer": "goods", "stock": 3}],
            ),
            a_round(
                "r2",
                name="第二轮",
                opens_at=at("2023-05-16 10:00"),
                closes_at=at("2023-05-18 10:00"),
                limits=[{"count": 1, "within": "offer"}],
                # There is money for three meals.
                releases=[{"offer": "meal", "stock": 4}, {"offer": "goods", "stock": 1}],
            ),
        ],
    )


def live(clock: SimulatedClock) -> SmallYear:
    """Live through it; the clock stands at 18 May, 9 o'clock, afterwards. No day is closed yet."""
    campaign = opened(document())
    restaurant = shop(campaign, number=1, name="漠阳味道")
    grocer = shop(campaign, number=2, county=YANGDONG, industry="retail", name="百汇超市")
    hardware = shop(campaign, number=3, industry="retail", name="十八子刀具")
    lin, chen, liang, feng, huang, guan = citizens(6)
    meal, goods = campaign.releases["r1", "meal"], campaign.releases["r1", "goods"]

    redeem(restaurant.till, claim_and_show(lin, meal)[1], 20_001)
    redeem(grocer.till, claim_and_show(lin, goods)[1], 10_003)
    chens_meal, digits = claim_and_show(chen, meal)
    void(redeem(restaurant.till, digits, 30_000), restaurant.till)
    claim(chen, goods)
    claim(liang, meal)
    clock.move_to(at("2023-05-09 12:00"))
    redeem(restaurant.till, show(chens_meal, chen), 25_000)

    clock.move_to(CLOSES)
    done(lambda: close_due_rounds(actor=JOB))
    clock.move_to(at("2023-05-15 00:00"))
    assert done(lambda: expire_due(actor=JOB)) == 2
    clock.move_to(at("2023-05-16 10:00"))
    done(lambda: release_due_rounds(actor=JOB))
    redeem(restaurant.till, claim_and_show(feng, campaign.releases["r2", "meal"])[1], 20_000)
    claim(huang, campaign.releases["r2", "meal"])
    guans_goods = claim(guan, campaign.releases["r2", "goods"])
    clock.move_to(at("2023-05-17 18:30"))
    redeem(hardware.desk, show(guans_goods, guan), 12_345)

    clock.move_to(at("2023-05-18 09:00"))
    paid = done(lambda: close_period(campaign.id, at("2023-05-09 00:00").date(), by=HEJING).id)
    done(lambda: approve(paid, by=GUOTING))
    done(lambda: mark_paid(paid, by=HEJING, payment_reference="2023-0001"))
    approved = done(lambda: close_period(campaign.id, at("2023-05-16 00:00").date(), by=HEJING).id)
    done(lambda: approve(approved, by=GUOTING))
    return SmallYear(campaign, restaurant, grocer, hardware, paid, approved)


#: The metrics in the order of the rows below.
METRICS = (
    "budget_fen", "released_fen", "claimed_count", "claimed_fen", "redeemed_count", "redeemed_fen", "voided_fen",
    "net_redeemed_fen", "expired_fen", "returned_fen", "redemption_rate", "driven_fen", "leverage_by_claimed",
    "leverage_by_redeemed", "surplus_fen", "owed_fen", "paid_fen", "refunded_fen", "borne_fen",
)  # fmt: skip
_ = None

TOTAL = (
    35_000, 48_340, 8, 35_005, 6, 26_670, 5_000,
    21_670, 8_335, 16_670, "0.6191", 87_349, "2.4953",
    "4.0309", 13_330, 8_335, 13_335, 0, 0,
)  # fmt: skip
#: What is known of merchants only.
AT_STORES = (_, _, _, _, 6, 26_670, 5_000, 21_670, _, _, _, 87_349, _, "4.0309", _, 8_335, 13_335, 0, 0)


def _without_refunds(row):
    """Return a row with the two metrics that are nothing here: nobody returns anything, and no merchant gives a share.
    Refunds are known wherever voids are, shares wherever payments are."""
    return (*row, None if row[6] is None else 0, None if row[16] is None else 0)


# fmt: off
_ROWS = {
    "campaign": {"春季消费券": TOTAL},
    "source": {
        "市财政": (
            10_000, 13_672, _, 10_004, _, 7_336, 1_000,
            6_336, 2_668, 5_336, "0.6333", 24_176, "2.4166",
            "3.8157", 3_664, 2_668, 3_668,
        ),
        "江城区财政": (
            25_000, 34_668, _, 25_001, _, 19_334, 4_000,
            15_334, 5_667, 11_334, "0.6133", 63_173, "2.5268",
            "4.1198", 9_666, 5_667, 9_667,
        ),
    },
    "county": {
        "江城区": (_, 35_000, 5, 25_000, 5, 23_335, 5_000, 18_335, 5_000, 10_000, _, 77_346, _, "4.2185", _, _, _),
        "阳东区": (_, 0, 0, 0, 1, 3_335, 0, 3_335, 0, 0, _, 10_003, _, "2.9994", _, _, _),
        "全市通用（领取时未定）": (_, 13_340, 3, 10_005, 0, 0, 0, 0, 3_335, 6_670, _, 0, _, _, _, _, _),
    },
    "industry": {
        "餐饮": (_, 35_000, 5, 25_000, 4, 20_000, 5_000, 15_000, 5_000, 10_000, _, 65_001, _, "4.3334", _, _, _),
        "零售": (_, 13_340, 3, 10_005, 2, 6_670, 0, 6_670, 3_335, 6_670, _, 22_348, _, "3.3505", _, _, _),
    },
    "merchant": {
        "漠阳味道": (_, _, _, _, 4, 20_000, 5_000, 15_000, _, _, _, 65_001, _, "4.3334", _, 5_000, 10_000),
        "百汇超市": (_, _, _, _, 1, 3_335, 0, 3_335, _, _, _, 10_003, _, "2.9994", _, 0, 3_335),
        "十八子刀具": (_, _, _, _, 1, 3_335, 0, 3_335, _, _, _, 12_345, _, "3.7016", _, 3_335, 0),
    },
    "offer": {
        "餐饮券": (
            _, 35_000, 5, 25_000, 4, 20_000, 5_000, 15_000, 5_000, 10_000, "0.6000", 65_001, "2.6000", "4.3334", _, _, _
        ),
        "零售券": (
            _, 13_340, 3, 10_005, 2, 6_670, 0, 6_670, 3_335, 6_670, "0.6667", 22_348, "2.2337", "3.3505", _, _, _
        ),
    },
    "day": {
        "2023-05-08": (_, 30_005, 5, 21_670, 3, 13_335, 5_000, 8_335, 0, 0, _, 30_004, _, "3.5998", _, _, _),
        "2023-05-09": (_, 0, 0, 0, 1, 5_000, 0, 5_000, 0, 0, _, 25_000, _, "5.0000", _, _, _),
        "2023-05-10": (_, 0, 0, 0, 0, 0, 0, 0, 0, 8_335, _, 0, _, _, _, _, _),
        "2023-05-15": (_, 0, 0, 0, 0, 0, 0, 0, 8_335, 8_335, _, 0, _, _, _, _, _),
        "2023-05-16": (_, 18_335, 3, 13_335, 1, 5_000, 0, 5_000, 0, 0, _, 20_000, _, "4.0000", _, _, _),
        "2023-05-17": (_, 0, 0, 0, 1, 3_335, 0, 3_335, 0, 0, _, 12_345, _, "3.7016", _, _, _),
    },
}
# fmt: on

#: grouping → label of the row → its figures
BY_HAND = {
    grouping: {label: row if row is TOTAL else _without_refunds(row) for label, row in rows.items()}
    for grouping, rows in _ROWS.items()
}

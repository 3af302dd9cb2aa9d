"""The kinds of campaign: what each may promise, what it calls its things, and whether its doors are open."""

from dataclasses import dataclass

from foundation.errors import N_


@dataclass(frozen=True)
class Preset:
    """benefits: the kinds of benefit that a campaign of this kind may use. thing: what a citizen gets, unit:
    its measure word, verb: how a citizen comes by it. priced_when_claimed: whether an application already says what
    it is worth, so that no more than that is set aside. doors_open: whether this product can issue and redeem it today;
    nothing else is published."""

    name: str
    benefits: tuple[str, ...]
    thing: str
    unit: str
    verb: str
    priced_when_claimed: bool
    doors_open: bool


PRESETS = {
    "consumer_voucher": Preset(
        N_("消费券"), ("spend_discount",), "消费券", "张", "领取", priced_when_claimed=False, doors_open=True
    ),
    "car_subsidy": Preset(
        N_("购车补贴"), ("price_tiers",), "购车补贴", "份", "申请", priced_when_claimed=True, doors_open=False
    ),
    "appliance_trade_in": Preset(
        N_("家电以旧换新"), ("percent_by_grade",), "补贴资格", "份", "领取", priced_when_claimed=False, doors_open=True
    ),
}

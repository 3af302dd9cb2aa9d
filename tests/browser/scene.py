"""The scene of the browser tests, on today's clock: a campaign with a round that is open and one to come, a
shop of it, and a cashier who works there."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from foundation import clock
from foundation.clock import day_end, day_start
from tests import world

NOTICE = """一、领取对象：在阳江消费的市民和游客。
二、使用方法：结账前打开本页出示券码，由收银员扫码，当场抵扣。
三、消费券一次用完，不找零，不兑现，不可转让；烟、酒、黄金珠宝、储值卡除外。
四、过期未用的消费券自动作废，额度退回资金池。"""


@dataclass(frozen=True)
class Scene:
    campaign: world.Published
    shop: world.Shop

    @property
    def address(self) -> str:
        """The campaign's page."""
        return "/campaigns/spring"


def build(opens_in: timedelta = timedelta(minutes=-5)) -> Scene:
    """Make the scene; call it in an application context on an empty database."""
    campaign = world.opened(_document(opens_in))
    return Scene(campaign, world.shop(campaign, name="漠阳楼"))


def _document(opens_in: timedelta) -> dict[str, Any]:
    now = clock.now()
    today = clock.bureau_day(now)
    document = world.spring(
        offers=[
            _offer("meal", "餐饮消费券", 50, 200, {"industries": ["catering"]}),
            _offer("any", "通用消费券", 20, 100, {"counties": []}),
            _offer("appliance", "家电消费券", 100, 500, {"industries": ["appliance"]}),
        ],
        rounds=[
            world.a_round(
                opens_at=now + opens_in,
                closes_at=day_end(today + timedelta(days=2)),
                limits=[{"count": 2, "within": "round"}, {"count": 1, "within": "offer"}],
                releases=[
                    {"offer": "meal", "stock": 1000},
                    {"offer": "any", "stock": 1200},
                    {"offer": "appliance", "stock": 80},
                ],
            ),
            world.a_round(
                "r2",
                name="第二轮",
                opens_at=day_start(today + timedelta(days=5)) + timedelta(hours=10),
                closes_at=day_end(today + timedelta(days=8)),
            ),
        ],
    )
    document["campaign"] |= {
        "name": "“漠阳品•幸福购”春季消费券",
        "starts_at": day_start(today - timedelta(days=3)),
        "ends_at": day_end(today + timedelta(days=30)),
        "notice": NOTICE,
    }
    return document


def _offer(code: str, name: str, face: int, threshold: int, scope: dict[str, Any]) -> dict[str, Any]:
    benefit = {"face_value_yuan": face, "threshold_yuan": threshold}
    return world.offer(code, name=name, benefit=benefit, scope=scope)

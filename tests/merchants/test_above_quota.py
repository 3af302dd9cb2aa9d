"""Vouchers for above-quota merchants only (限上)."""

import pytest
from sqlalchemy import update

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.terms.sale import OnlyAboveQuota
from foundation.db import db
from merchants.models import Merchant
from merchants.redemptions import quote_code
from tests import people, world


def above_quota_only(flag=True):
    return world.spring(offers=[world.offer(scope={"industries": ["catering"], "above_quota": flag})])


def test_only_an_above_quota_merchant_takes_it(clock, app):
    campaign = world.opened(above_quota_only())
    small, large = world.shop(campaign, number=1), world.shop(campaign, number=2, name="漠阳楼")
    world.done(
        lambda: db.session.execute(update(Merchant).where(Merchant.id == large.merchant_id).values(is_above_quota=True))
    )
    _, digits = world.claim_and_show(people.citizen(people.LIN), campaign.release)
    with pytest.raises(OnlyAboveQuota):
        world.redeem(small.till, digits)
    with pytest.raises(OnlyAboveQuota):
        quote_code(small.till, digits, 20_000)
    assert world.redeem(large.till, digits).discount_fen == 5_000
    pages = people.browser_of(app, people.LIN)
    assert "限上企业" in pages.get("/campaigns/spring").text
    assert "餐饮 · 限上" in pages.get("/campaigns/spring/shops").text


def test_a_campaign_that_says_nothing_takes_every_merchant(clock, app):
    campaign = world.opened()
    place = world.shop(campaign)
    assert world.redeem(place.till, world.claim_and_show(world.citizens(1)[0], campaign.release)[1])


@pytest.mark.parametrize("flag", ["true", 1])
def test_the_flag_is_true_or_false(flag):
    with pytest.raises(DefinitionFaulty) as faulty:
        check(world.toml(above_quota_only(flag)))
    [fault] = faulty.value.faults
    assert (fault.place, "true 或 false" in fault.message) == ("offers[1].scope.above_quota", True)

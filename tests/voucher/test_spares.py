"""Spares: what a qualification did not cost goes back to the pool when its day is over, to the fen and by source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.campaign_file import check
from tests import trade_in, world
from tests.trade_in import claim_and_show, opened, sell, shop
from tests.world import done, toml, void
from voucher import spares
from voucher.jobs import return_spares
from voucher.models import Entitlement, SpareRun


def outstanding(campaign):
    return tuple(campaign.outstanding_fen(source, "appliance") for source in ("city", "jiangcheng"))


def pools(campaign):
    return campaign.pool_fen("city") + campaign.pool_fen("jiangcheng")


def test_the_rest_stays_until_the_day_is_over_and_then_returns(clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    held, digits = claim_and_show(lin, campaign.release)
    assert outstanding(campaign) == (40_000, 160_000)
    sell(shop(campaign).till, digits, 399_900)  # 799.80
    assert outstanding(campaign) == (40_000 - 15_996, 160_000 - 63_984)
    before = pools(campaign)
    assert return_spares() == "returned the rest of 0 qualifications"
    trade_in.later(clock, days=1)
    assert return_spares() == "returned the rest of 1 qualifications"
    assert outstanding(campaign) == (0, 0)
    assert pools(campaign) - before == 200_000 - 79_980
    run = world.db.session.get_one(SpareRun, world.db.session.get_one(Entitlement, held).spare_run_id)
    assert (run.count, run.amount_fen) == (1, 120_020)
    assert return_spares() == "returned the rest of 0 qualifications"


def test_a_void_on_the_same_day_needs_no_money_from_an_empty_pool(clock, app):
    document = trade_in.trade_in()
    for source, yuan in zip(document["sources"], (400, 1_600), strict=True):
        source["budget_yuan"] = yuan  # for one qualification
    document["rounds"][0]["releases"][0]["stock"] = 1
    campaign, (lin,) = world.opened(document), world.citizens(1)
    _, digits = claim_and_show(lin, campaign.release)
    store = shop(campaign)
    receipt = sell(store.till, digits, 399_900)
    done(spares.return_due)
    void(receipt, store.till)
    assert outstanding(campaign) == (40_000, 160_000)


def test_the_whole_leaves_nothing_to_return(clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    _, digits = claim_and_show(lin, campaign.release)
    sell(shop(campaign).till, digits, 1_200_000)
    trade_in.later(clock, days=1)
    assert return_spares() == "returned the rest of 0 qualifications"
    assert outstanding(campaign) == (0, 0)


def test_many_return_in_batches(clock, app, monkeypatch):
    monkeypatch.setattr(spares, "BATCH", 2)
    campaign, people = opened(), world.citizens(5)
    till = shop(campaign).till
    for number, who in enumerate(people):
        sell(till, claim_and_show(who, campaign.release)[1], 100_001 + number)
    trade_in.later(clock, days=1)
    assert done(lambda: spares.return_due(most=2)) == 2
    assert done(lambda: spares.return_due(most=2)) == 2
    assert done(lambda: spares.return_due(most=2)) == 1
    assert outstanding(campaign) == (0, 0)


@pytest.mark.parametrize("shares", [{"city": "20%", "jiangcheng": "80%"}, {"city": "33.33%", "jiangcheng": "66.67%"}])
@given(discount_fen=st.integers(1, 200_000))
def test_no_source_spends_more_than_it_has_set_aside(shares, discount_fen):
    terms = check(toml(trade_in.trade_in(funding={"shares": shares}))).offers[0].terms
    spent, kept = terms.split(discount_fen), terms.split(200_000)
    assert sum(spent.values()) == discount_fen
    assert all(spent[code] <= kept[code] for code in kept)

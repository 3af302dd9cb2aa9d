"""Prefunded campaigns: nothing opens before the money is there, T+1 pays from it, and the rest goes back to the fen."""

from datetime import date

import pytest
from sqlalchemy import func, select

from campaigns.models import CampaignRound, Release
from campaigns.prefunding import missing, shortage
from campaigns.rounds import close_due_rounds, release_due_rounds
from foundation.db import db
from foundation.errors import Refusal
from foundation.money import AmountOutOfRange
from ledger import accounts
from ledger.models import Transfer
from ledger.posting import FundsInsufficient, Posting, balance_fen, post
from settlement import jobs, prefunding
from settlement.closing import approve, mark_paid
from settlement.errors import (
    CampaignNotOver,
    CampaignRunning,
    DepositKnown,
    DepositTooLarge,
    NothingToReturn,
    NotPrefunded,
    PaymentReferenceMissing,
    ReturnNotProposed,
    ReturnProposed,
    ReturnProposedByYou,
    ReturnUnknown,
    SourceUnknown,
)
from settlement.models import SettlementBatch
from settlement.prefunding import carry_out_return, propose_return, record_deposit, withdraw_return
from settlement.prefunding_models import Deposit, FundReturn
from settlement.reports import Query, report
from tests.people import citizens as register
from tests.settlement.advanced import GUOTING, HEJING, PREFUNDED, paid_in, settled, sold
from tests.settlement.test_checks import refused
from tests.settlement.test_due import at_once
from tests.world import ENDS, JOB, a_round, at, citizens, claim, done, published, shop
from voucher.errors import NotOpenYet
from voucher.expiry import expire_due

#: Ten vouchers of 50 yuan: a fifth from the city.
CITY_FEN, JIANGCHENG_FEN = 10_000, 40_000


@pytest.fixture
def campaign(clock, app):
    return published(settled(PREFUNDED))


def balances(campaign, source):
    """Return (still to come, in the pool, went back) of a source."""
    ids = campaign.id, campaign.sources[source]
    db.session.rollback()
    return tuple(balance_fen(key(*ids)) for key in (accounts.pledged, accounts.budget, accounts.returned))


def the_round():
    db.session.rollback()
    return db.session.scalars(select(CampaignRound)).one()


def deposit(campaign, source, fen, reference="2023-0001"):
    return done(lambda: record_deposit(campaign.id, campaign.sources[source], fen, by=HEJING, reference=reference))


# --- before the round ---------------------------------------------------------------------------------------


def test_what_was_granted_is_still_to_come_and_no_pool(campaign):
    assert balances(campaign, "city") == (10_000_000, 0, 0)
    values = report(Query(campaign_id=campaign.id)).total.values
    assert (values["budget_fen"], values["surplus_fen"]) == (20_000_000, 20_000_000)


@pytest.mark.parametrize(
    ("city_fen", "jiangcheng_fen", "missing_fen"),
    [
        (0, 0, CITY_FEN + JIANGCHENG_FEN),
        (CITY_FEN, 0, JIANGCHENG_FEN),
        (CITY_FEN - 1, JIANGCHENG_FEN, 1),
        (CITY_FEN, JIANGCHENG_FEN - 1, 1),
        (CITY_FEN, JIANGCHENG_FEN, 0),
        (CITY_FEN + 1, JIANGCHENG_FEN + 1, 0),
    ],
)
def test_a_round_waits_for_the_last_fen_that_it_needs(campaign, city_fen, jiangcheng_fen, missing_fen):
    paid_in(campaign, city_fen, jiangcheng_fen)
    found = the_round()
    assert sum(missing(found).values()) == missing_fen
    [person] = citizens(1)
    if not missing_fen:
        assert found.status == "released"
        assert shortage(found) is None
        assert claim(person, campaign.release)
        return
    assert found.status == "scheduled"
    why = shortage(found)
    assert why is not None
    assert why.params["yuan"] == f"{missing_fen / 100:,.2f}"
    refused(NotOpenYet, lambda: claim(person, campaign.release))
    # As soon as it has come the round is released.
    paid_in(campaign, max(0, CITY_FEN - city_fen), max(0, JIANGCHENG_FEN - jiangcheng_fen))
    assert the_round().status == "released"


def test_a_later_round_opens_with_what_is_left_once_all_has_come(clock, app):
    document = settled(PREFUNDED)
    document["sources"][0]["budget_yuan"] = 150
    # Both ask for 100 yuan of the city.
    document["rounds"].append(a_round("r2", closes_at=at("2023-06-01 22:00")))
    campaign = published(document)

    def released():
        db.session.rollback()
        found = select(CampaignRound.code, Release.released).join(Release, Release.round_id == CampaignRound.id)
        return dict(db.session.execute(found.where(CampaignRound.status == "released")).all())

    paid_in(campaign, 14_999, 2 * JIANGCHENG_FEN)
    assert released() == {"r1": 10}
    paid_in(campaign, 1, 0)
    assert released() == {"r1": 10, "r2": 5}
    assert balances(campaign, "city") == (0, 0, 0)
    assert balances(campaign, "jiangcheng") == (10_000_000 - 80_000, 20_000, 0)


def test_other_campaigns_do_not_wait(campaign):
    other = published(settled({}, "other"))
    done(lambda: release_due_rounds(actor=JOB))
    states = dict(db.session.execute(select(CampaignRound.campaign_id, CampaignRound.status)).all())
    assert states == {campaign.id: "scheduled", other.id: "released"}


def test_a_merchants_share_is_given_at_the_till_and_never_paid_in(clock, app):
    document = settled(PREFUNDED)
    document["sources"].append({"code": "shops", "name": "参与商户", "level": "merchant", "budget_yuan": 1_000})
    document["offers"][0]["funding"] = {"kind": "fixed", "amounts": {"city": 10, "jiangcheng": 30, "shops": 10}}
    campaign = published(document)
    refused(SourceUnknown, lambda: deposit(campaign, "shops", 100))
    paid_in(campaign, 10_000, 30_000)
    assert the_round().status == "released"


@pytest.mark.parametrize("fen", [0, -1, -100_000])
def test_a_deposit_is_more_than_nothing(campaign, fen):
    refused(AmountOutOfRange, lambda: deposit(campaign, "city", fen))


def test_a_deposit_is_at_most_what_is_still_to_come(campaign):
    refused(DepositTooLarge, lambda: deposit(campaign, "city", 10_000_001))
    deposit(campaign, "city", 9_999_999)
    refusal = refused(DepositTooLarge, lambda: deposit(campaign, "city", 2, "2023-0002"))
    assert refusal.params["yuan"] == "0.01"
    deposit(campaign, "city", 1, "2023-0002")
    assert balances(campaign, "city") == (0, 10_000_000, 0)


def test_one_payment_is_recorded_once_and_names_its_reference(campaign):
    deposit(campaign, "city", 100, " 2023-0001 ")
    refused(DepositKnown, lambda: deposit(campaign, "city", 100, "2023-0001"))
    # Another source's payment may have the same number.
    deposit(campaign, "jiangcheng", 100, "2023-0001")
    for reference in ("", " 1 ", "9" * 61):
        refused(PaymentReferenceMissing, lambda given=reference: deposit(campaign, "city", 100, given))


def test_only_prefunded_campaigns_are_paid_into(campaign):
    other = published(settled({}, "other"))
    refused(NotPrefunded, lambda: deposit(other, "city", 100))
    refused(NotPrefunded, lambda: propose_return(other.id, by=HEJING))
    refused(NotPrefunded, lambda: propose_return(999, by=HEJING))


def test_the_ledger_itself_lets_nothing_out_that_did_not_come_in(campaign):
    deposit(campaign, "city", 100)
    pool = accounts.budget(campaign.id, campaign.sources["city"])
    key = accounts.returned(campaign.id, campaign.sources["city"])
    posting = Posting(accounts.Code.RETURN, pool, key, 101, ("deposit", "1"))
    refused(FundsInsufficient, lambda: post([posting], at=at("2023-05-08 10:00")))


# --- T+1, and the end ---------------------------------------------------------------------------------------


def lived(clock, campaign):
    """Three of ten vouchers are claimed, two are used and paid on the next day; then the campaign ends."""
    paid_in(campaign, CITY_FEN + 777, JIANGCHENG_FEN)
    sold(campaign, shop(campaign), 2)
    claim(register(1, first_phone=13900000050)[0], campaign.release)
    clock.move_to(at("2023-05-09 00:40"))
    jobs.settle_due()
    batch_id = db.session.scalars(select(SettlementBatch.id)).one()
    done(lambda: approve(batch_id, by=GUOTING))
    done(lambda: mark_paid(batch_id, by=HEJING, payment_reference="2023-T1"))


def ended(clock):
    clock.move_to(ENDS)
    done(lambda: close_due_rounds(actor=JOB))
    done(lambda: expire_due(actor=JOB))


def test_each_day_is_paid_on_the_next_from_what_was_paid_in(clock, campaign):
    lived(clock, campaign)
    batch = db.session.scalars(select(SettlementBatch)).one()
    assert (batch.closed_by, batch.last_day, batch.pay_by) == (jobs.SETTLE_DUE, date(2023, 5, 8), date(2023, 5, 10))
    paid = db.session.scalar(select(func.sum(Transfer.amount_fen)).where(Transfer.code == "pay"))
    assert paid == 10_000


def test_the_rest_goes_back_to_each_source_to_the_fen_by_two_people(clock, campaign):
    lived(clock, campaign)
    ended(clock)
    return_id = done(lambda: propose_return(campaign.id, by=HEJING))
    lines = {line.fund_source_id: line.amount_fen for line in prefunding.lines_of(return_id)}
    # Of 107.77 and 400 yuan, 20 and 80 were paid to merchants.
    assert lines == {campaign.sources["city"]: 8_777, campaign.sources["jiangcheng"]: 32_000}
    refused(ReturnProposedByYou, lambda: carry_out_return(return_id, by=HEJING, payment_reference="退-1"))
    refused(PaymentReferenceMissing, lambda: carry_out_return(return_id, by=GUOTING, payment_reference=" "))
    done(lambda: carry_out_return(return_id, by=GUOTING, payment_reference="退-1"))
    assert balances(campaign, "city") == (10_000_000 - CITY_FEN - 777, 0, 8_777)
    assert balances(campaign, "jiangcheng") == (10_000_000 - JIANGCHENG_FEN, 0, 32_000)
    values = report(Query(campaign_id=campaign.id)).total.values
    assert values["budget_fen"] == 20_000_000
    assert values["surplus_fen"] == 20_000_000 - CITY_FEN - 777 - JIANGCHENG_FEN
    assert values["paid_fen"] == 10_000
    refused(NothingToReturn, lambda: propose_return(campaign.id, by=HEJING))


def test_nothing_goes_back_while_citizens_may_still_use_it(clock, campaign):
    refused(CampaignRunning, lambda: propose_return(campaign.id, by=HEJING))
    lived(clock, campaign)
    refusal = refused(CampaignNotOver, lambda: propose_return(campaign.id, by=HEJING))
    assert refusal.params["yuan"] == "400.00"
    clock.move_to(ENDS)
    # Over, but the round and the voucher are not called back yet.
    refused(CampaignNotOver, lambda: propose_return(campaign.id, by=HEJING))
    ended(clock)
    assert done(lambda: propose_return(campaign.id, by=HEJING))


def test_one_return_waits_at_a_time_and_every_step_out_of_turn_is_refused(clock, campaign):
    lived(clock, campaign)
    ended(clock)
    first = done(lambda: propose_return(campaign.id, by=HEJING))
    refused(ReturnProposed, lambda: propose_return(campaign.id, by=GUOTING))
    done(lambda: withdraw_return(first, by=HEJING))
    for work in (
        lambda: withdraw_return(first, by=HEJING),
        lambda: carry_out_return(first, by=GUOTING, payment_reference="退-1"),
    ):
        refused(ReturnNotProposed, work)
    second = done(lambda: propose_return(campaign.id, by=HEJING))
    done(lambda: carry_out_return(second, by=GUOTING, payment_reference="退-1"))
    for work in (
        lambda: withdraw_return(second, by=HEJING),
        lambda: carry_out_return(second, by=GUOTING, payment_reference="退-1"),
    ):
        refused(ReturnNotProposed, work)
    refused(ReturnUnknown, lambda: withdraw_return(999, by=HEJING))
    states = list(db.session.scalars(select(FundReturn.status).order_by(FundReturn.id)))
    assert states == ["withdrawn", "returned"]


# --- at once ------------------------------------------------------------------------------------------------


def test_deposits_at_once_never_exceed_what_was_granted(clock, postgres_app):
    document = settled(PREFUNDED)
    document["sources"][0]["budget_yuan"] = 100
    campaign = published(document)
    works = [
        lambda n=number: record_deposit(campaign.id, campaign.sources["city"], 3_000, by=HEJING, reference=f"2023-{n}")
        for number in range(8)
    ]
    others = [
        lambda n=number: record_deposit(
            campaign.id, campaign.sources["jiangcheng"], 1_000, by=HEJING, reference=f"2023-{n}"
        )
        for number in range(3)
    ]
    outcomes = at_once(postgres_app, *works, *others)
    assert len([each for each in outcomes[:8] if isinstance(each, int)]) == 3
    assert {each.code for each in outcomes[:8] if isinstance(each, Refusal)} <= {
        "deposit_too_large",
        "funds_insufficient",
    }
    assert all(isinstance(each, int) for each in outcomes[8:])
    assert balances(campaign, "city") == (1_000, 9_000, 0)
    assert db.session.scalar(select(func.sum(Deposit.amount_fen))) == 12_000


def test_of_several_who_send_money_back_at_once_it_goes_once(clock, postgres_app):
    campaign = published(settled(PREFUNDED))
    lived(clock, campaign)
    ended(clock)
    proposed = at_once(postgres_app, *[lambda: propose_return(campaign.id, by=HEJING)] * 6)
    [return_id] = [each for each in proposed if isinstance(each, int)]
    carried = [lambda: carry_out_return(return_id, by=GUOTING, payment_reference="退-1")] * 6
    outcomes = at_once(postgres_app, *carried, lambda: withdraw_return(return_id, by=HEJING))
    assert len([each for each in outcomes if not isinstance(each, Refusal)]) == 1
    went_back = outcomes[-1] is not None
    assert balances(campaign, "city")[1:] == ((0, 8_777) if went_back else (8_777, 0))

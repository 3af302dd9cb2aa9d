import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from foundation import clock as clocks
from foundation.clock import TICK
from foundation.db import db, transaction
from foundation.ids import new_id
from ledger.accounts import (
    FLOWS,
    AccountKind,
    Code,
    borne,
    budget,
    buyers,
    cleared,
    due,
    outstanding,
    paid,
    payable,
    pledged,
    proceeds,
    released,
    reserved,
    returned,
    returning,
    treasury,
)
from ledger.models import LedgerAccount, Transfer
from ledger.posting import FlowNotAllowed, FundsInsufficient, Posting, balance_fen, post, transfers_of
from tests.world import at, done, everything

#: The documents named here are of no campaign: the ledger is tested by itself.
pytestmark = pytest.mark.ledger_alone

CITY, COUNTY = 1, 2
SPRING, SUMMER = 1, 2
TREASURY, POOL = treasury(CITY), budget(SPRING, CITY)
ON_RELEASE = released(SPRING, CITY, offer_id=7, release_id=9)
HELD = outstanding(SPRING, CITY, offer_id=7)
OWED = payable(SPRING, CITY, merchant_id=5)
PAPER = ("campaign_version", "1")


def posted(*postings):
    return done(lambda: post(postings, at=clocks.now()))


def granted(fen=100_000):
    return Posting(Code.FUND, TREASURY, POOL, fen, PAPER)


def refused(refusal, *postings):
    before = everything()
    with pytest.raises(refusal):
        posted(*postings)
    assert everything() == before


def test_a_fen_moves_along_the_whole_line(clock, app):
    posted(
        granted(),
        Posting(Code.RELEASE, POOL, ON_RELEASE, 50_000, ("release", "9")),
        Posting(Code.CLAIM, ON_RELEASE, HELD, 20_000, ("claim_batch", "a")),
        Posting(Code.RECALL, ON_RELEASE, POOL, 30_000, ("release", "9")),
        Posting(Code.EXPIRE, HELD, POOL, 5_000, ("expiry_run", "b")),
        Posting(Code.REDEEM, HELD, OWED, 15_000, ("redemption", "c")),
    )
    cleared_key = cleared(SPRING, CITY, merchant_id=5)
    paid_key = paid(SPRING, CITY, merchant_id=5)
    posted(
        Posting(Code.CLEAR, OWED, cleared_key, 15_000, ("statement", "1")),
        Posting(Code.PAY, cleared_key, paid_key, 15_000, ("statement", "1")),
    )
    holds = {key.kind: balance_fen(key) for key in (TREASURY, POOL, ON_RELEASE, HELD, OWED, cleared_key, paid_key)}
    assert holds == {
        AccountKind.TREASURY: -100_000,
        AccountKind.BUDGET: 85_000,
        AccountKind.RELEASED: 0,
        AccountKind.OUTSTANDING: 0,
        AccountKind.PAYABLE: 0,
        AccountKind.CLEARED: 0,
        AccountKind.PAID: 15_000,
    }


def test_a_transfer_says_when_on_the_bureaus_day(clock, app):
    clock.move_to(at("2023-05-09 00:00") - TICK)
    [late] = posted(granted())
    clock.move_to(at("2023-05-09 00:00"))
    [early] = posted(granted())
    days = dict(db.session.execute(select(Transfer.id, Transfer.bureau_day)).all())
    assert (days[late].isoformat(), days[early].isoformat()) == ("2023-05-08", "2023-05-09")


def test_ids_come_back_in_the_order_of_the_postings(clock, app):
    ids = posted(granted(1), granted(2), granted(3))
    amounts = dict(db.session.execute(select(Transfer.id, Transfer.amount_fen)).all())
    assert [amounts[row_id] for row_id in ids] == [1, 2, 3]


def test_nothing_to_post_is_nothing_posted(app):
    assert posted() == []


def test_an_account_that_was_never_used_holds_nothing(app):
    assert balance_fen(POOL) == 0


def test_a_pool_cannot_give_more_than_it_holds(clock, app):
    posted(granted(100))
    refused(FundsInsufficient, Posting(Code.RELEASE, POOL, ON_RELEASE, 101, ("release", "9")))
    posted(
        Posting(Code.RELEASE, POOL, ON_RELEASE, 100, ("release", "9")),
        Posting(Code.RECALL, ON_RELEASE, POOL, 100, ("release", "9")),
    )
    assert balance_fen(POOL) == 100


def test_money_that_comes_in_with_the_same_posting_may_go_out_with_it(clock, app):
    posted(
        granted(100),
        Posting(Code.RELEASE, POOL, ON_RELEASE, 100, ("release", "9")),
        Posting(Code.RECALL, ON_RELEASE, POOL, 100, ("release", "9")),
    )
    assert (balance_fen(POOL), balance_fen(ON_RELEASE)) == (100, 0)


def test_one_posting_of_many_that_is_not_covered_undoes_all(clock, app):
    posted(granted(100))
    refused(
        FundsInsufficient,
        Posting(Code.RELEASE, POOL, ON_RELEASE, 50, ("release", "9")),
        Posting(Code.CLAIM, ON_RELEASE, HELD, 51, ("claim_batch", "a")),
    )


def test_the_database_itself_keeps_accounts_from_going_below_zero(clock, app):
    posted(granted(100))
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text("UPDATE ledger_account SET balance_fen = -1 WHERE kind = 'budget'"))


@pytest.mark.parametrize("code", list(Code))
def test_a_code_connects_the_two_kinds_of_the_chart_and_no_others(code):
    keys = {
        AccountKind.TREASURY: TREASURY,
        AccountKind.PLEDGED: pledged(SPRING, CITY),
        AccountKind.BUDGET: POOL,
        AccountKind.RELEASED: ON_RELEASE,
        AccountKind.RESERVED: reserved(SPRING, CITY, offer_id=7),
        AccountKind.OUTSTANDING: HELD,
        AccountKind.DUE: due(SPRING, CITY),
        AccountKind.PAYABLE: OWED,
        AccountKind.CLEARED: cleared(SPRING, CITY, merchant_id=5),
        AccountKind.PAID: paid(SPRING, CITY, merchant_id=5),
        AccountKind.BORNE: borne(SPRING, CITY, merchant_id=5),
        AccountKind.RETURNED: returned(SPRING, CITY),
        AccountKind.BUYERS: buyers(SPRING, CITY, offer_id=7),
        AccountKind.PROCEEDS: proceeds(SPRING, CITY, offer_id=7),
        AccountKind.RETURNING: returning(SPRING, CITY, offer_id=7),
    }
    for debit in AccountKind:
        for credit in AccountKind:
            if (debit, credit) in FLOWS[code]:
                Posting(code, keys[debit], keys[credit], 1, PAPER)
                continue
            with pytest.raises(FlowNotAllowed):
                Posting(code, keys[debit], keys[credit], 1, PAPER)


@pytest.mark.parametrize("fen", [0, -1])
def test_an_amount_is_positive(fen):
    with pytest.raises(FlowNotAllowed):
        granted(fen)


def test_money_does_not_cross_campaigns_or_sources():
    with pytest.raises(FlowNotAllowed, match="campaign"):
        Posting(Code.RELEASE, POOL, released(SUMMER, CITY, offer_id=7, release_id=9), 1, PAPER)
    with pytest.raises(FlowNotAllowed, match="source"):
        Posting(Code.RELEASE, POOL, released(SPRING, COUNTY, offer_id=7, release_id=9), 1, PAPER)
    with pytest.raises(FlowNotAllowed, match="source"):
        Posting(Code.FUND, TREASURY, budget(SPRING, COUNTY), 1, PAPER)


def test_a_transfer_is_taken_back_once(clock, app):
    posted(
        granted(),
        Posting(Code.RELEASE, POOL, ON_RELEASE, 300, PAPER),
        Posting(Code.CLAIM, ON_RELEASE, HELD, 300, PAPER),
    )
    [spent] = posted(Posting(Code.REDEEM, HELD, OWED, 100, ("redemption", "c")))
    posted(Posting(Code.REDEEM, HELD, OWED, 100, ("redemption", "d")))
    back = Posting(Code.VOID, OWED, HELD, 100, ("redemption", "c"), reverses_id=spent)
    posted(back)
    refused(IntegrityError, back)
    assert [(transfer.id, source) for transfer, source in transfers_of(("redemption", "c"), Code.REDEEM)] == [
        (spent, CITY)
    ]


def test_an_account_is_opened_once_for_all_that_name_it(clock, app):
    posted(granted(1), granted(2))
    posted(granted(3))
    assert db.session.scalar(select(func.count()).select_from(LedgerAccount)) == 2
    row = db.session.scalar(select(LedgerAccount).where(LedgerAccount.kind == "budget"))
    assert (row.address, row.campaign_id, row.fund_source_id) == ("campaign:1:source:1:budget", 1, 1)


def test_every_account_has_an_address_of_its_own():
    keys = [
        TREASURY,
        treasury(COUNTY),
        POOL,
        budget(SUMMER, CITY),
        ON_RELEASE,
        released(SPRING, CITY, offer_id=7, release_id=10),
        HELD,
        outstanding(SPRING, CITY, offer_id=8),
        OWED,
        cleared(SPRING, CITY, merchant_id=5),
        paid(SPRING, CITY, merchant_id=5),
    ]
    assert len({key.address for key in keys}) == len(keys)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(
    moves=st.lists(
        st.tuples(st.sampled_from([Code.FUND, Code.RELEASE, Code.RECALL]), st.integers(1, 400)), min_size=1, max_size=8
    )
)
def test_any_sequence_of_moves_keeps_the_books_balanced(clock, app, moves):
    keys = {Code.FUND: (TREASURY, POOL), Code.RELEASE: (POOL, ON_RELEASE), Code.RECALL: (ON_RELEASE, POOL)}
    holds = {key: balance_fen(key) for key in (TREASURY, POOL, ON_RELEASE)}
    for code, fen in moves:
        debit, credit = keys[code]
        posting = Posting(code, debit, credit, fen, ("campaign_version", "1"))
        if debit is not TREASURY and holds[debit] < fen:
            with pytest.raises(FundsInsufficient):
                posted(posting)
            continue
        posted(posting)
        holds[debit] -= fen
        holds[credit] += fen
    assert {key: balance_fen(key) for key in holds} == holds
    assert sum(holds.values()) == 0
    # Money on release without a release is what the audit after the test would find.
    if holds[ON_RELEASE]:
        posted(Posting(Code.RECALL, ON_RELEASE, POOL, holds[ON_RELEASE], ("campaign_version", "1")))


@pytest.mark.parametrize(
    "broken",
    [
        {"credit_account_id": None},
        {"debit_account_id": None},
        {"credit_account_id": "debit_account_id"},
        {"amount_fen": 0},
        {"amount_fen": -1},
        {"credit_account_id": 2**31 - 2},
    ],
    ids=["no_credit", "no_debit", "one_account", "nothing", "backwards", "nowhere"],
)
def test_the_database_itself_refuses_a_transfer_with_one_leg(clock, app, broken):
    """Both ends are in one row, so that no transaction could leave a leg without the other."""
    posted(Posting(Code.FUND, TREASURY, POOL, 100, PAPER))
    columns = [column.name for column in Transfer.__table__.columns]
    values = [str(broken.get(name, name)).replace("None", "NULL") for name in columns]
    values[columns.index("id")] = f"'{new_id().hex}'"
    copied = f"INSERT INTO transfer ({', '.join(columns)}) SELECT {', '.join(values)} FROM transfer LIMIT 1"
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(copied))

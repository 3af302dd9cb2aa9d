"""Prefunding: what sources paid to the platform's account before a campaign, and what goes back to them after it.

A deposit moves what was pledged into the pool, so that rounds can be released (``campaigns/prefunding.py``). When the
campaign is over, what is left in the pool goes back to each source by the way it came: one person proposes it, to the
fen of each pool, and another carries it out with the number of the payment.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select

from campaigns import termination
from campaigns.models import Campaign, FundSource
from foundation import clock
from foundation.clock import TICK, bureau_day
from foundation.db import db, upsert
from foundation.errors import Refusal
from foundation.money import check_amount_fen, format_yuan
from foundation.prepared import insert_rows
from foundation.states import Step
from ledger import accounts
from ledger.accounts import AccountKind, Code
from ledger.models import LedgerAccount
from ledger.posting import Posting, balance_fen, post
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
from settlement.prefunding_models import Deposit, FundReturn, FundReturnLine
from settlement.states import FUND_RETURN
from settlement.terms import terms_of

#: As much as a source may grant in a campaign file.
LARGEST_DEPOSIT_FEN = 10_000_000_000_000
#: Where money is that citizens may still have.
_NOT_OVER = (AccountKind.RELEASED, AccountKind.RESERVED, AccountKind.OUTSTANDING)


def record_deposit(campaign_id: int, source_id: int, amount_fen: int, *, by: str, reference: str) -> int:
    """Record that a source has paid to the platform's account, and return the deposit's id.

    Refuses NotPrefunded, SourceUnknown (not of this campaign, or one that pays nothing in), AmountMalformed and
    AmountOutOfRange (nothing or less than nothing), PaymentReferenceMissing, DepositTooLarge (more than is still to
    come), DepositKnown (the same payment).
    """
    _prefunded(campaign_id)
    if source_id not in _pledging(campaign_id):
        raise SourceUnknown
    check_amount_fen(amount_fen, field="amount", largest_fen=LARGEST_DEPOSIT_FEN)
    reference = _reference(reference, "reference")
    pledged = accounts.pledged(campaign_id, source_id)
    still_fen = balance_fen(pledged)
    if amount_fen > still_fen:
        raise DepositTooLarge(yuan=format_yuan(still_fen))
    now = clock.now()
    row = {
        "campaign_id": campaign_id,
        "fund_source_id": source_id,
        "amount_fen": amount_fen,
        "reference": reference,
        "recorded_by": by,
        "recorded_at": now,
    }
    deposit_id = db.session.scalar(upsert(Deposit).values(row).on_conflict_do_nothing().returning(Deposit.id))
    if deposit_id is None:
        raise DepositKnown
    pool = accounts.budget(campaign_id, source_id)
    post([Posting(Code.DEPOSIT, pledged, pool, amount_fen, ("deposit", str(deposit_id)))], at=now)
    return int(deposit_id)


def propose_return(campaign_id: int, *, by: str) -> int:
    """Propose that what is left of a campaign that is over goes back to its sources, and return the proposal's id.

    Refuses NotPrefunded, CampaignNotOver, CampaignRunning, NothingToReturn, ReturnProposed (one waits already).
    """
    why_not = why_not_return(campaign_id)
    if why_not is not None:
        raise why_not
    left = unused(campaign_id)
    now = clock.now()
    row = {"campaign_id": campaign_id, "status": "proposed", "proposed_by": by, "proposed_at": now}
    return_id = db.session.scalar(upsert(FundReturn).values(row).on_conflict_do_nothing().returning(FundReturn.id))
    if return_id is None:
        raise ReturnProposed
    FUND_RETURN.record_created([return_id], "propose", Step(by, now))
    insert_rows(
        FundReturnLine,
        [
            {"fund_return_id": return_id, "fund_source_id": source_id, "amount_fen": fen}
            for source_id, fen in left.items()
        ],
    )
    return int(return_id)


def why_not_return(campaign_id: int) -> Refusal | None:
    """Return why nothing of a campaign can be given back now, None where something can."""
    campaign = _prefunded(campaign_id)
    in_use_fen = _in_use_fen(campaign_id)
    if in_use_fen:
        return CampaignNotOver(yuan=format_yuan(in_use_fen))
    if clock.now() < campaign.ends_at and not termination.is_terminated(campaign_id):
        return CampaignRunning(day=bureau_day(campaign.ends_at - TICK))
    waiting = select(FundReturn.id).where(FundReturn.campaign_id == campaign_id, FundReturn.status == "proposed")
    if db.session.scalar(waiting) is not None:
        return ReturnProposed()
    return None if unused(campaign_id) else NothingToReturn()


def carry_out_return(return_id: int, *, by: str, payment_reference: str) -> None:
    """Record that money went back to its sources, by another person than proposed it, exactly as proposed.

    Refuses ReturnUnknown, ReturnProposedByYou, PaymentReferenceMissing, ReturnNotProposed, FundsInsufficient (the pool
    has less by now).
    """
    found = _return(return_id)
    if found.proposed_by == by:
        raise ReturnProposedByYou
    payment_reference = _reference(payment_reference, "payment_reference")
    now = clock.now()
    stamps = {"carried_out_by": by, "carried_out_at": now, "payment_reference": payment_reference}
    step = Step(by, now, payment_reference)
    if not FUND_RETURN.apply(FundReturn, [return_id], "carry_out", step, also_set=stamps):
        raise ReturnNotProposed
    db.session.expire(found)
    post(
        [
            Posting(
                Code.RETURN,
                accounts.budget(found.campaign_id, line.fund_source_id),
                accounts.returned(found.campaign_id, line.fund_source_id),
                line.amount_fen,
                ("fund_return", str(return_id)),
            )
            for line in lines_of(return_id)
        ],
        at=now,
    )


def withdraw_return(return_id: int, *, by: str) -> None:
    """Take a proposal back. Refuses ReturnUnknown, ReturnNotProposed."""
    found = _return(return_id)
    if not FUND_RETURN.apply(FundReturn, [return_id], "withdraw", Step(by, clock.now())):
        raise ReturnNotProposed
    db.session.expire(found)


def unused(campaign_id: int) -> Mapping[int, int]:
    """Return fund source id → fen in the pool, of the sources that paid in; those with nothing are left out."""
    pools = {each: balance_fen(accounts.budget(campaign_id, each)) for each in _pledging(campaign_id)}
    return {source_id: fen for source_id, fen in pools.items() if fen}


def lines_of(return_id: int) -> Sequence[FundReturnLine]:
    """Return what goes back to each source."""
    mine = select(FundReturnLine).where(FundReturnLine.fund_return_id == return_id)
    return db.session.scalars(mine.order_by(FundReturnLine.fund_source_id)).all()


def sources_of(campaign_id: int) -> Sequence[FundSource]:
    """Return the sources of a campaign that pay in before it."""
    return db.session.scalars(
        select(FundSource).where(FundSource.id.in_(_pledging(campaign_id))).order_by(FundSource.id)
    ).all()


def _in_use_fen(campaign_id: int) -> int:
    return int(
        db.session.scalar(
            select(func.coalesce(func.sum(LedgerAccount.balance_fen), 0)).where(
                LedgerAccount.campaign_id == campaign_id, LedgerAccount.kind.in_([kind.value for kind in _NOT_OVER])
            )
        )
        or 0
    )


def _pledging(campaign_id: int) -> list[int]:
    """Return the sources that have ever pledged money to a campaign."""
    pledged = select(LedgerAccount.fund_source_id).where(
        LedgerAccount.campaign_id == campaign_id, LedgerAccount.kind == AccountKind.PLEDGED.value
    )
    return list(db.session.scalars(pledged.order_by(LedgerAccount.fund_source_id)))


def _prefunded(campaign_id: int) -> Campaign:
    campaign = db.session.get(Campaign, campaign_id)
    if campaign is None or not terms_of(campaign).prefunded:
        raise NotPrefunded
    return campaign


def _return(return_id: int) -> FundReturn:
    found = db.session.get(FundReturn, return_id, populate_existing=True)
    if found is None:
        raise ReturnUnknown
    return found


def _reference(text: str, field: str) -> str:
    text = text.strip()
    if not 2 <= len(text) <= 60:
        raise PaymentReferenceMissing(field=field)
    return text

"""Handing in: the number of the submission, the numbers that count once, and the money, all in one transaction.

Submissions of one round take turns on its counter, so that the order in which money is given out is the order of the
numbers. A waiting application keeps its marks: the car is still its own.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from applications import answers as answering
from applications import dealers, findings, messages
from applications.answers import issuance_of
from applications.awards import award_of, buyer_hash, price_anew, table_of
from applications.dealers import Dealer
from applications.drafts import HOLDER, facts_of, own
from applications.errors import (
    ApplicationHasFaults,
    ApplicationIncomplete,
    ApplyingNotOpenYet,
    ApplyingOver,
    CorrectionCostsTooMuch,
    CorrectionOverdue,
    DealerNotListed,
    FundsUsedUp,
    NotChangeable,
)
from applications.models import Application, SubmissionCounter
from applications.states import APPLICATION
from applications.tasks import states_of
from applications.uploads import SCANNED, InvoiceQr, read_invoice_qr
from campaigns.award_tables import AwardTable
from campaigns.catalog import ReleaseFacts
from campaigns.terms.quote import Award
from evidence import marks
from evidence.errors import MarkTaken
from evidence.marks import Claimed
from foundation import clock
from foundation.db import db, upsert
from foundation.states import Step
from voucher import elsewhere, reservations, top_ups


def submit(application_id: UUID, citizen_id: UUID) -> Application:
    """Hand in a draft, or a correction, and return the application as it is now: under review, or waiting.

    Refuses ApplicationUnknown, NotChangeable, ApplyingNotOpenYet, ApplyingOver, CorrectionOverdue,
    ApplicationIncomplete, ApplicationHasFaults, DealerNotListed, MarkTaken, FundsUsedUp, CorrectionCostsTooMuch, what a
    quote refuses (the price is in no tier), HadSubsidyElsewhere, and what ``voucher.reservations.reserve`` refuses.
    """
    now = clock.now()
    number = take_turn(own(application_id, citizen_id).round_id)
    application = own(application_id, citizen_id, for_update=True)
    facts = facts_of(application)
    if application.status not in ("draft", "correcting"):
        raise NotChangeable
    _in_time(application, facts, now)
    answers = answering.loads(application.answers)
    dealer = _complete(application, facts, answers)
    table = table_of(facts, answers)
    award = award_of(facts, answers, dealer, now, apart_from=application, table=table)
    assert award is not None  # price and powertrain are among the fields that are complete
    _take_marks(application, answers)
    elsewhere.take(facts, application.id, answering.numbers_of(answers))
    application.merchant_id, application.store_id = dealer.merchant_id, dealer.store_id
    application.county = dealer.county
    application.buyer_hash, application.card_hash = buyer_hash(answers), findings.card_hash(answers)
    application.findings = findings.look_at(application, answers, dealer.name, _scanned(answers))
    application.changed_at = now
    db.session.flush()
    if application.status == "correcting":
        return _resubmitted(application, award, table, now)
    _priced(application, award, table)
    return _first_submitted(application, award, facts, now, number)


def _priced(application: Application, award: Award, table: AwardTable) -> None:
    """Keep what an application is worth, by which version's table, and how much was known of tables then."""
    application.award_fen, application.campaign_version_id = award.discount_fen, table.version_id
    application.tables_version_id = table.newest
    db.session.flush()


def take_turn(round_id: int) -> int:
    """Lock the round's counter and return the number of the next submission; it counts once something is handed in.

    Whatever changes reservations of a round begins with this, so that nobody waits in a circle.
    """
    statement = upsert(SubmissionCounter).values(round_id=round_id, submitted=0).on_conflict_do_nothing()
    db.session.execute(statement)
    locked = select(SubmissionCounter.submitted).where(SubmissionCounter.round_id == round_id).with_for_update()
    return (db.session.scalar(locked) or 0) + 1


def _in_time(application: Application, facts: ReleaseFacts, now: datetime) -> None:
    if application.status == "correcting":
        if application.correct_by is not None and now >= application.correct_by:
            raise CorrectionOverdue(correct_by=application.correct_by)
        return
    if now < facts.opens_at:
        raise ApplyingNotOpenYet(opens_at=facts.opens_at)
    if now >= facts.closes_at:
        raise ApplyingOver(closes_at=facts.closes_at)


def _complete(application: Application, facts: ReleaseFacts, answers: Mapping[str, str]) -> Dealer:
    """Return the dealer of a complete and consistent application."""
    missing = [state for state in states_of(application) if state.state != "done"]
    if missing:
        raise ApplicationIncomplete(count=len(missing))
    faults = findings.faults_of(application, answers)
    if faults:
        told = "；".join(refusal.message % refusal.params for refusal in faults.values())
        raise ApplicationHasFaults(told=told, field=next(iter(faults)))
    dealer = dealers.find(facts.offer.campaign_id, answers["seller_uscc"])
    if dealer is None:
        raise DealerNotListed
    return dealer


def _take_marks(application: Application, answers: Mapping[str, str]) -> None:
    """Take the numbers of the car, after giving back those of an earlier submission. Raises MarkTaken."""
    holder = application.id.hex
    marks.give_back(HOLDER, [holder])
    wanted = [Claimed(kind, number, HOLDER, holder) for kind, number in answering.marks_of(answers).items()]
    try:
        marks.take(wanted)
    except MarkTaken as refusal:
        refusal.field = answering.FIELD_OF_MARK[str(refusal.field)]
        raise


def _scanned(answers: Mapping[str, str]) -> InvoiceQr | None:
    return read_invoice_qr(answers[SCANNED]) if answers.get(SCANNED) else None


def _first_submitted(
    application: Application, award: Award, facts: ReleaseFacts, now: datetime, number: int
) -> Application:
    """Number the submission and reserve its money; let it wait where there is none."""
    step = Step(f"citizen:{application.citizen_id}", now, campaign_version_id=application.campaign_version_id)
    # Nobody overtakes those who wait already.
    waits = waiting_before(application.round_id) > 0 or not _reserve(application, award)
    if waits and not issuance_of(facts).waiting_list:
        raise FundsUsedUp
    counter = db.session.get_one(SubmissionCounter, application.round_id)
    counter.submitted = number
    also_set: dict[str, Any] = {"submitted_at": now, "sequence": number}
    APPLICATION.apply(Application, [application.id], "wait" if waits else "submit", step, also_set=also_set)
    db.session.flush()
    messages.write(application.id, "waiting" if waits else "submitted", number=number)
    return own(application.id, application.citizen_id)


def _resubmitted(application: Application, award: Award, table: AwardTable, now: datetime) -> Application:
    actor = f"citizen:{application.citizen_id}"
    if reservations.change(application.id, award):
        _priced(application, award, table)
        # Whatever was raised meanwhile is in it.
        top_ups.lapse_of(application.id, Step(actor, now, "priced_anew", table.version_id))
    else:
        _changed_as_before(application)
    step = Step(actor, now, campaign_version_id=application.campaign_version_id)
    also_set: dict[str, Any] = {"correct_by": None, "correct_fields": [], "claimed_by": None, "claimed_until": None}
    APPLICATION.apply(Application, [application.id], "resubmit", step, also_set=also_set)
    return own(application.id, application.citizen_id)


def _changed_as_before(application: Application) -> None:
    """Change what is reserved by the tables as they were: nobody is kept from correcting because an award was raised
    for which there is no money yet; that waits as a top-up. Refuses CorrectionCostsTooMuch."""
    facts, answers = facts_of(application), answering.loads(application.answers)
    table = table_of(facts, answers, known=application.tables_version_id)
    award = price_anew(table, answers)
    if award is None or not reservations.change(application.id, award):
        raise CorrectionCostsTooMuch
    application.award_fen, application.campaign_version_id = award.discount_fen, table.version_id
    db.session.flush()


def _reserve(application: Application, award: Award) -> bool:
    firm = answering.loads(application.answers).get("uscc", "") if application.buyer == "firm" else ""
    return reservations.reserve(
        application.id,
        application.citizen_id,
        application.release_id,
        award,
        firm=firm,
        version_id=application.campaign_version_id,
    )


# --- the waiting list -----------------------------------------------------------------------------------------


def waiting_before(round_id: int, sequence: int | None = None) -> int:
    """Return how many wait in a round, or how many of them before a number: an honest place is one more."""
    statement = select(func.count()).where(Application.round_id == round_id, Application.status == "waiting")
    if sequence is not None:
        statement = statement.where(Application.sequence < sequence)
    return db.session.scalar(statement) or 0


def promote(round_id: int, *, actor: str) -> int:
    """Give what money there is to those who wait, strictly in order, and return how many were promoted: the first whose
    award is not there keeps all after them waiting."""
    take_turn(round_id)
    now, promoted = clock.now(), 0
    statement = select(Application).where(Application.round_id == round_id, Application.status == "waiting")
    waiting = db.session.scalars(statement.order_by(Application.sequence).execution_options(populate_existing=True))
    for application in list(waiting):
        facts, answers = facts_of(application), answering.loads(application.answers)
        dealer = dealers.find(facts.offer.campaign_id, answers["seller_uscc"])
        table = table_of(facts, answers)
        at = application.submitted_at or now
        award = award_of(facts, answers, dealer, at, apart_from=application, table=table)
        assert award is not None
        _priced(application, award, table)
        if not _reserve(application, award):
            break
        step = Step(actor, now, campaign_version_id=application.campaign_version_id)
        promoted += len(APPLICATION.apply(Application, [application.id], "promote", step))
        messages.write(application.id, "promoted")
    db.session.expire_all()
    return promoted

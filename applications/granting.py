"""Approval: after review and public notice an application is granted, and paid out where its terms pay in cash."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select

from applications import answers as answering
from applications import messages
from applications.answers import benefit_of, issuance_of
from applications.drafts import facts_of
from applications.models import Application, PublicNotice
from applications.states import APPLICATION
from foundation import clock
from foundation.db import db
from foundation.money import format_yuan
from foundation.states import Step
from merchants import payouts
from merchants.payouts import Payee, PayOut
from voucher import grants, reservations
from voucher.errors import NotPricedYet

AT_ONCE = 100
HOW = {
    "cash": "将拨付到您登记的银行卡",
    "discount": "请在“我的券”里出示券码，由经销商立减",
    "gift": "请在“我的券”里出示券码领取",
}


def due(limit: int = AT_ONCE) -> list[UUID]:
    """Return applications that nothing keeps from approval any more: their notice has ended and no objection holds
    them, or their rules ask for no notice."""
    ended = select(PublicNotice.id).where(PublicNotice.status == "ended")
    statement = (
        select(Application)
        .where(
            or_(Application.status == "passed", (Application.status == "noticed") & Application.notice_id.in_(ended))
        )
        .order_by(Application.round_id, Application.sequence)
        .execution_options(populate_existing=True)
    )
    found = [
        each.id
        for each in db.session.scalars(statement)
        if each.status == "noticed" or not issuance_of(facts_of(each)).notice_days
    ]
    return found[:limit]


def approve(application_ids: Sequence[UUID], *, actor: str) -> int:
    """Grant applications that are due, pay out in cash what is paid so, and tell them; return how many.

    A floating tier is granted once its round is over: until then its applications stay as they are.
    """
    try:
        with db.session.begin_nested():
            done = _approve(application_ids, actor=actor)
    except NotPricedYet:
        done = sum(_approve_alone(application_id, actor=actor) for application_id in application_ids)
    db.session.expire_all()
    return done


def _approve_alone(application_id: UUID, *, actor: str) -> int:
    try:
        with db.session.begin_nested():
            return _approve([application_id], actor=actor)
    except NotPricedYet:
        return 0


def _approve(application_ids: Sequence[UUID], *, actor: str) -> int:
    """Approve together; of one campaign's rules each, since steps keep the version."""
    now = clock.now()
    rows = {
        each.id: each
        for each in db.session.scalars(
            select(Application)
            .where(Application.id.in_(application_ids))
            .order_by(Application.id)
            .execution_options(populate_existing=True)
        )
    }
    moved: list[UUID] = []
    for version_id in sorted({each.campaign_version_id for each in rows.values()}):
        ids = [each.id for each in rows.values() if each.campaign_version_id == version_id]
        step = Step(actor, now, campaign_version_id=version_id)
        moved += sorted(APPLICATION.apply(Application, ids, "grant", step))
    if not moved:
        return 0
    grants.grant_batch(moved, actor=actor)
    amounts = reservations.amounts_of(moved)
    for application_id in moved:
        # What floats is known only now.
        if rows[application_id].award_fen != amounts[application_id]:
            rows[application_id].award_fen = amounts[application_id]
    db.session.flush()
    given_as = {application_id: benefit_of(facts_of(rows[application_id])).given_as for application_id in moved}
    in_cash = [_pay_out(rows[application_id]) for application_id in moved if given_as[application_id] == "cash"]
    if in_cash:
        payouts.pay_out_batch(in_cash, actor=actor)
    told: dict[UUID, dict[str, object]] = {
        application_id: {
            "yuan": format_yuan(benefit_of(facts_of(rows[application_id])).told_fen(amounts[application_id])),
            "how": HOW[given_as[application_id]],
        }
        for application_id in moved
    }
    messages.write_all(told, "approved")
    return len(moved)


def _pay_out(application: Application) -> PayOut:
    """Let settlement pay the award to the applicant's own account."""
    answers = answering.loads(application.answers)
    assert application.store_id is not None  # it was found with the dealer
    bill_fen = answering.fen_of(answers, "price_with_tax") or 0
    return PayOut(application.id, application.store_id, bill_fen, payee_of(application))


def payee_of(application: Application) -> Payee:
    """Return the account that an applicant has given."""
    answers = answering.loads(application.answers)
    return Payee(
        name=answers["card_holder"],
        bank_name=answers["bank_name"],
        bank_account=answers.get("bank_card") or answers["bank_account"],
    )

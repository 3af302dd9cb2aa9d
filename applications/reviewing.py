"""Reviewing: one open case at a time, in the order of submission; every decision is kept with what it was made on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from applications import answers as answering
from applications import messages
from applications.answers import fields_of, issuance_of
from applications.drafts import HOLDER, facts_of
from applications.endings import end
from applications.errors import (
    ApplicationUnknown,
    CaseNotOpened,
    CaseTaken,
    CityReviewOnly,
    FieldsMissing,
    NoSuchReviewCounty,
    NotAReviewer,
    NothingToReview,
    NotUnderReview,
    OtherCounty,
    ReasonMissing,
    ReviewedItBefore,
    ReviewerNeeded,
    TicksMissing,
)
from applications.models import Application, ApplicationDecision, Reviewer
from applications.states import APPLICATION
from campaigns.places import counties, county_name
from campaigns.terms.issuance.application import Application as Issuance
from evidence import files
from foundation import clock
from foundation.crypto import keyed_hash
from foundation.db import db, rows_changed, upsert
from foundation.errors import N_
from foundation.ids import new_id
from foundation.prepared import insert_rows
from foundation.states import Step
from identity.models import Account

#: How long an opened case is its reviewer's alone.
OPEN_FOR = timedelta(minutes=30)
LONGEST_WORDS = 300

#: Why something is to be corrected or rejected.
REASONS = {
    "unreadable": N_("照片看不清"),
    "wrong_document": N_("传错了材料"),
    "page_missing": N_("材料缺页"),
    "differs": N_("填写的内容与材料不一致"),
    "owner_differs": N_("材料上的所有人不是申请人"),
    "invoice_reissued": N_("发票是重开、换开或者已红冲"),
    "invoice_not_verified": N_("发票查验不通过"),
    "dealer_not_listed": N_("销售方不在参加活动的企业名单内"),
    "outside_window": N_("开票或注册登记不在规定时间内"),
    "not_new_car": N_("不是非营运乘用车新车"),
    "price_differs": N_("价格与发票不一致"),
    "already_had": N_("已经享受过补贴"),
    "irrelevant": N_("提交无关材料，占用名额"),
    "other": N_("其他"),
}
#: Reasons that the system itself gives.
SYSTEM_REASONS = {
    "corrections_used_up": N_("补正次数已经用完，仍不符合要求"),
    "correction_overdue": N_("逾期没有补正"),
    "no_money_left": N_("活动结束时仍没有名额"),
    "objection_upheld": N_("公示期间的异议成立"),
}


@dataclass(frozen=True)
class Desk:
    """Who reviews: an account, and its county; "" is the whole city, None every stage and county (the chief)."""

    account_id: int
    county: str | None

    @property
    def actor(self) -> str:
        return f"officer:{self.account_id}"


def name_reviewer(account_id: int, county: str, *, city: str, by: str) -> None:
    """Say where an officer reviews: in a county of ``city``, or in the whole city with "".

    Refuses NotAReviewer, NoSuchReviewCounty.
    """
    account = db.session.get(Account, account_id)
    if account is None or (account.kind, account.role) != ("officer", "reviewer"):
        raise NotAReviewer
    if county and county not in counties(city):
        raise NoSuchReviewCounty
    row = {"account_id": account_id, "county": county, "named_by": by, "named_at": clock.now()}
    statement = upsert(Reviewer).values(row)
    changed = {"county": county, "named_by": by, "named_at": row["named_at"]}
    db.session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=changed))


def desk_of(account_id: int, role: str) -> Desk:
    """Return where an officer reviews. Refuses ReviewerNeeded."""
    if role == "chief":
        return Desk(account_id, None)
    county = db.session.scalar(select(Reviewer.county).where(Reviewer.account_id == account_id))
    if role != "reviewer" or county is None:
        raise ReviewerNeeded
    return Desk(account_id, county)


def stage_of(application: Application) -> str:
    """Return the review that comes next."""
    return issuance_of(facts_of(application)).reviews[application.stage]


# --- opening --------------------------------------------------------------------------------------------------


def open_next(desk: Desk) -> UUID:
    """Open the earliest submission that waits for this reviewer and return its id; the one that is open already goes
    before. Refuses NothingToReview."""
    now = clock.now()
    mine = select(Application.id).where(
        Application.status == "reviewing",
        Application.claimed_by == desk.account_id,
        Application.claimed_until > now,
    )
    already: UUID | None = db.session.scalar(mine.limit(1))
    if already is not None:
        return already
    free = or_(Application.claimed_until.is_(None), Application.claimed_until <= now)
    waiting = (
        select(Application)
        .where(Application.status == "reviewing", free)
        .order_by(Application.submitted_at, Application.sequence)
    )
    for application in db.session.scalars(waiting.execution_options(populate_existing=True)):
        if why_not(application, desk) is None and _claim(application, desk, now):
            return application.id
    raise NothingToReview


def open_case(application_id: UUID, desk: Desk) -> Application:
    """Open one case for this reviewer alone, for half an hour. Refuses ApplicationUnknown, NotUnderReview,
    OtherCounty, CityReviewOnly, ReviewedItBefore, CaseTaken."""
    application = _find(application_id)
    if application.status != "reviewing":
        raise NotUnderReview
    refusal = why_not(application, desk)
    if refusal is not None:
        raise refusal
    if not _claim(application, desk, clock.now()):
        raise CaseTaken(minutes=int(OPEN_FOR.total_seconds() // 60))
    return application


def _claim(application: Application, desk: Desk, now: datetime) -> bool:
    """Take a case unless another holds it; the look at it is kept, since names and numbers are then unmasked."""
    until = application.claimed_until
    already_open = application.claimed_by == desk.account_id and until is not None and until > now
    mine_or_free = or_(
        Application.claimed_until.is_(None),
        Application.claimed_until <= now,
        Application.claimed_by == desk.account_id,
    )
    table = Application.__table__
    statement = (
        table.update()  # type: ignore[attr-defined]
        .where(Application.id == application.id, Application.status == "reviewing", mine_or_free)
        .values(claimed_by=desk.account_id, claimed_until=now + OPEN_FOR)
    )
    if not rows_changed(statement):
        return False
    db.session.refresh(application)
    if not already_open:
        _keep(application, desk, "open", now)
    return True


def why_not(application: Application, desk: Desk) -> OtherCounty | CityReviewOnly | ReviewedItBefore | None:
    """Return why this reviewer may not decide on an application at its stage, or None."""
    stage = stage_of(application)
    if desk.county is not None:
        if stage == "city" and desk.county:
            return CityReviewOnly()
        if stage == "county" and desk.county != application.county:
            return OtherCounty(county=county_name(application.county))
    approved = select(ApplicationDecision.id).where(
        ApplicationDecision.application_id == application.id,
        ApplicationDecision.reviewer_id == desk.account_id,
        ApplicationDecision.kind == "approve",
    )
    return ReviewedItBefore() if db.session.scalar(approved) is not None else None


# --- deciding -------------------------------------------------------------------------------------------------


def things_to_tick(application: Application) -> list[str]:
    """Return what a reviewer compares before approving: every field that has an answer, and every document."""
    facts, answers = facts_of(application), answering.loads(application.answers)
    fields = [field.key for field in fields_of(facts, application.buyer) if answers.get(field.key)]
    return fields + issuance_of(facts).documents_of(application.buyer)


def approve(application_id: UUID, desk: Desk, *, ticked: Sequence[str]) -> None:
    """Pass an application on to the next review, or to the public notice. Refuses CaseNotOpened, TicksMissing."""
    application = _opened(application_id, desk)
    missing = [key for key in things_to_tick(application) if key not in ticked]
    if missing:
        raise TicksMissing(count=len(missing))
    issuance = issuance_of(facts_of(application))
    last = application.stage + 1 == len(issuance.reviews)
    now = clock.now()
    _keep(application, desk, "approve", now, fields=things_to_tick(application))
    also_set = _CLOSED if last else _CLOSED | {"stage": application.stage + 1}
    step = _step(application, desk, now)
    APPLICATION.apply(Application, [application_id], "pass" if last else "forward", step, also_set=also_set)
    db.session.expire(application)


_CLOSED: dict[str, Any] = {"claimed_by": None, "claimed_until": None}


def ask_for_correction(
    application_id: UUID, desk: Desk, *, fields: Sequence[str], reasons: Sequence[str], words: str = ""
) -> None:
    """Ask for a correction of some fields or documents; once there have been as many as the rules allow, or their
    common end has passed, the application is rejected instead.

    Refuses CaseNotOpened, FieldsMissing, ReasonMissing.
    """
    application = _opened(application_id, desk)
    known = [*things_to_tick(application), *(field.key for field in _all_fields(application))]
    asked = [key for key in dict.fromkeys(known) if key in fields]
    if not asked:
        raise FieldsMissing
    chosen = _reasons(reasons)
    now = clock.now()
    until = _correct_by(issuance_of(facts_of(application)), application.corrections, now)
    _keep(application, desk, "correct", now, reasons=chosen, words=words, fields=asked)
    if until is None:
        end(application, "reject", actor=desk.actor, reason="corrections_used_up")
        return
    also_set = _CLOSED | {
        "corrections": application.corrections + 1,
        "correct_fields": asked,
        "correct_by": until,
    }
    APPLICATION.apply(Application, [application_id], "ask", _step(application, desk, now), also_set=also_set)
    last = clock.local(until - clock.TICK)
    messages.write(application_id, "correct", until=f"{last.month}月{last.day}日 24:00")
    db.session.expire(application)


def reject(application_id: UUID, desk: Desk, *, reasons: Sequence[str], words: str = "") -> None:
    """Reject an application; what it held goes back and the waiting list moves up. Refuses CaseNotOpened,
    ReasonMissing."""
    application = _opened(application_id, desk)
    chosen = _reasons(reasons)
    _keep(application, desk, "reject", clock.now(), reasons=chosen, words=words)
    end(application, "reject", actor=desk.actor, reason=",".join(chosen))


def _correct_by(issuance: Issuance, corrections: int, now: datetime) -> datetime | None:
    """Return the exclusive end of the next correction, None where there is no next one."""
    rule = issuance.corrections
    if rule.until is not None:
        return rule.until if now < rule.until else None
    assert rule.most is not None
    assert rule.days is not None
    return clock.day_end(clock.bureau_day(now) + timedelta(days=rule.days)) if corrections < rule.most else None


def _reasons(given: Sequence[str]) -> list[str]:
    chosen = [code for code in REASONS if code in given]
    if not chosen:
        raise ReasonMissing
    return chosen


def _all_fields(application: Application) -> list[answering.Field]:
    return fields_of(facts_of(application), application.buyer)


def _opened(application_id: UUID, desk: Desk) -> Application:
    """Return a case that this reviewer holds, locked. Refuses ApplicationUnknown, NotUnderReview, CaseNotOpened, and
    what ``why_not`` says."""
    application = _find(application_id, for_update=True)
    if application.status != "reviewing":
        raise NotUnderReview
    refusal = why_not(application, desk)
    if refusal is not None:
        raise refusal
    holds = application.claimed_by == desk.account_id and application.claimed_until
    if not holds or application.claimed_until <= clock.now():  # type: ignore[operator]
        raise CaseNotOpened(minutes=int(OPEN_FOR.total_seconds() // 60))
    return application


def _find(application_id: UUID, *, for_update: bool = False) -> Application:
    conditions: list[ColumnElement[bool]] = [Application.id == application_id]
    statement = select(Application).where(*conditions)
    if for_update:
        statement = statement.with_for_update()
    found = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise ApplicationUnknown
    return found


def _keep(
    application: Application,
    desk: Desk,
    kind: str,
    now: datetime,
    *,
    reasons: Sequence[str] = (),
    words: str = "",
    fields: Sequence[str] = (),
) -> None:
    """Write down what was decided or looked at, and on what."""
    keep_decision(application, desk.account_id, kind, now, reasons=reasons, words=words, fields=fields)


def keep_decision(
    application: Application,
    reviewer_id: int,
    kind: str,
    now: datetime,
    *,
    reasons: Sequence[str] = (),
    words: str = "",
    fields: Sequence[str] = (),
) -> None:
    """Add one row to what was decided on an application."""
    row = {
        "id": new_id(),
        "application_id": application.id,
        "kind": kind,
        "stage": stage_of(application),
        "reviewer_id": reviewer_id,
        "decided_at": now,
        "reasons": list(reasons),
        "words": words.strip()[:LONGEST_WORDS],
        "fields": list(fields),
        "campaign_version_id": application.campaign_version_id,
        "evidence_digest": evidence_digest(application),
    }
    insert_rows(ApplicationDecision, [row])


def evidence_digest(application: Application) -> str:
    """Return a keyed digest, in hexadecimal, over the answers and the files as they are."""
    on = f"{application.answers}\n{files.digest_of(HOLDER, application.id.hex)}"
    return keyed_hash("application.evidence", on).hex()


def _step(application: Application, desk: Desk, now: datetime) -> Step:
    return Step(desk.actor, now, campaign_version_id=application.campaign_version_id)

"""Public notices: what has passed review stands in public for some working days; an objection holds its case."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from applications import answers as answering
from applications import messages
from applications.answers import benefit_of, issuance_of
from applications.drafts import facts_of
from applications.endings import end
from applications.errors import NoticeOver, NoticeUnknown, NotUnderReview, ObjectionEmpty, ObjectionsTooMany
from applications.models import Application, Objection, PublicNotice
from applications.reviewing import Desk, keep_decision
from applications.states import APPLICATION, OBJECTION, PUBLIC_NOTICE
from campaigns.models import Campaign, CampaignRound
from foundation import clock
from foundation.db import db
from foundation.ids import new_id
from foundation.states import Step
from foundation.workdays import after_workdays
from identity import limits
from identity.limits import Limit
from identity.masking import mask_phone
from identity.models import Citizen
from merchants.models import Merchant

SHORTEST_REASON, LONGEST_REASON = 10, 500
OBJECTIONS_PER_PLACE = (Limit(10, timedelta(days=1)),)


def open_due(*, actor: str) -> int:
    """Put in public what has passed review, a notice per round; return how many applications.

    It ends at the midnight after its last working day, the day of the opening not counted.
    """
    now, published = clock.now(), 0
    by_round: dict[int, list[Application]] = {}
    passed = select(Application).where(Application.status == "passed").order_by(Application.sequence)
    for application in db.session.scalars(passed.execution_options(populate_existing=True)):
        if issuance_of(facts_of(application)).notice_days:
            by_round.setdefault(application.round_id, []).append(application)
    for round_id, together in sorted(by_round.items()):
        days = issuance_of(facts_of(together[0])).notice_days
        last = db.session.scalar(select(func.max(PublicNotice.number)).where(PublicNotice.round_id == round_id))
        notice = PublicNotice(
            round_id=round_id,
            number=(last or 0) + 1,
            status="open",
            opened_at=now,
            ends_at=clock.day_end(after_workdays(clock.bureau_day(now), days)),
        )
        db.session.add(notice)
        db.session.flush()
        PUBLIC_NOTICE.record_created([notice.id], "open", Step(actor, now))
        step = Step(actor, now, campaign_version_id=together[0].campaign_version_id)
        also_set = {"notice_id": notice.id}
        moved = APPLICATION.apply(Application, [each.id for each in together], "publish", step, also_set=also_set)
        messages.write_all({application_id: {} for application_id in sorted(moved)}, "noticed")
        published += len(moved)
    db.session.expire_all()
    return published


def end_due(*, actor: str) -> int:
    """End the notices whose time is over; return how many. What is held stays so until somebody has decided."""
    now = clock.now()
    due = select(PublicNotice.id).where(PublicNotice.status == "open", PublicNotice.ends_at <= now)
    return len(PUBLIC_NOTICE.apply(PublicNotice, list(db.session.scalars(due)), "end", Step(actor, now)))


# --- objections -----------------------------------------------------------------------------------------------


def object_to(application_id: UUID, notice_id: int, *, reason: str, contact: str, place: str) -> UUID:
    """Raise an objection to an application in an open notice, and hold it until it is decided.

    place: where it comes from (an address), to limit how many. Refuses NoticeUnknown, NoticeOver, ObjectionEmpty,
    ObjectionsTooMany.
    """
    now = clock.now()
    reason = reason.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise ObjectionEmpty
    statement = select(Application).where(Application.id == application_id, Application.notice_id == notice_id)
    application = db.session.scalars(statement.with_for_update()).one_or_none()
    notice = db.session.get(PublicNotice, notice_id)
    if application is None or notice is None:
        raise NoticeUnknown
    if notice.status != "open" or now >= notice.ends_at or application.status not in ("noticed", "held"):
        raise NoticeOver
    if limits.count_attempt("objection", place, OBJECTIONS_PER_PLACE, at=now):
        raise ObjectionsTooMany
    row = Objection(
        id=new_id(),
        application_id=application_id,
        status="open",
        reason=reason,
        contact=contact.strip()[:60],
        raised_at=now,
    )
    db.session.add(row)
    db.session.flush()
    step = Step("public", now, campaign_version_id=application.campaign_version_id)
    OBJECTION.record_created([row.id], "raise", step)
    APPLICATION.apply(Application, [application_id], "object", step)
    db.session.expire_all()
    return row.id


def open_objections(application_id: UUID) -> list[Objection]:
    """Return the objections that nobody has decided yet, the earliest first."""
    statement = select(Objection).where(Objection.application_id == application_id, Objection.status == "open")
    return list(db.session.scalars(statement.order_by(Objection.raised_at, Objection.id)))


def decide_objections(application_id: UUID, desk: Desk, *, uphold: bool, words: str) -> None:
    """Decide every open objection to an application: upheld, and it is rejected; dismissed, and it stands again.

    Refuses NotUnderReview, ObjectionEmpty (a decision needs its words).
    """
    now = clock.now()
    statement = select(Application).where(Application.id == application_id, Application.status == "held")
    application = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if application is None:
        raise NotUnderReview
    if len(words.strip()) < 2:
        raise ObjectionEmpty(field="words")
    event = "uphold" if uphold else "dismiss"
    keep_decision(application, desk.account_id, event, now, words=words)
    step = Step(desk.actor, now, campaign_version_id=application.campaign_version_id)
    OBJECTION.apply(Objection, [each.id for each in open_objections(application_id)], event, step)
    if uphold:
        end(application, "uphold", actor=desk.actor, reason="objection_upheld")
    else:
        APPLICATION.apply(Application, [application_id], "dismiss", step)
    db.session.expire_all()


# --- what the public sees -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NoticeView:
    id: int
    number: int
    status: str
    opened_at: datetime
    ends_at: datetime
    campaign_name: str
    campaign_code: str
    round_name: str
    count: int
    version_id: int


@dataclass(frozen=True)
class NoticeLine:
    """One application as the public may see it: nobody is told from it who does not know them. told_fen: what it is
    announced to be worth, which of a gift is not what it costs."""

    application_id: UUID
    sequence: int
    name: str
    phone: str
    vin_tail: str
    dealer: str
    told_fen: int
    is_held: bool


def notice_views(notice_id: int | None = None) -> list[NoticeView]:
    """Return every public notice, the latest first, or one."""
    counted = func.count(Application.id)
    statement = (
        select(PublicNotice, Campaign, CampaignRound.name, counted)
        .join(CampaignRound, CampaignRound.id == PublicNotice.round_id)
        .join(Campaign, Campaign.id == CampaignRound.campaign_id)
        .outerjoin(Application, Application.notice_id == PublicNotice.id)
        .group_by(PublicNotice.id, Campaign.id, CampaignRound.name)
        .order_by(PublicNotice.opened_at.desc(), PublicNotice.id.desc())
    )
    if notice_id is not None:
        statement = statement.where(PublicNotice.id == notice_id)
    return [
        NoticeView(
            notice.id,
            notice.number,
            notice.status,
            notice.opened_at,
            notice.ends_at,
            campaign.name,
            campaign.code,
            round_name,
            count,
            campaign.version_id or 0,
        )
        for notice, campaign, round_name, count in db.session.execute(statement)
    ]


def lines_of(notice_id: int) -> list[NoticeLine]:
    """Return the applications of a notice in order; those that ended meanwhile are left out."""
    rows = db.session.execute(
        select(Application, Citizen.phone, Merchant.name)
        .join(Citizen, Citizen.id == Application.citizen_id)
        .join(Merchant, Merchant.id == Application.merchant_id)
        .where(Application.notice_id == notice_id, Application.status.in_(("noticed", "held", "approved")))
        .order_by(Application.sequence)
    )
    lines = []
    for application, phone, dealer in rows:
        answers = answering.loads(application.answers)
        name = answering.owner(answers)
        lines.append(
            NoticeLine(
                application.id,
                application.sequence or 0,
                name if application.buyer == "firm" else public_name(name),
                mask_phone(phone),
                answers["vin"][-6:],
                dealer,
                benefit_of(facts_of(application)).told_fen(application.award_fen or 0),
                application.status == "held",
            )
        )
    return lines


def public_name(name: str) -> str:
    """张晓三 → 张*三, 张三 → 张*: as public notices have it."""
    return f"{name[0]}*" if len(name) == 2 else f"{name[:1]}{'*' * max(len(name) - 2, 1)}{name[-1:]}"

"""The reviewers' read side: the queue, and everything about one case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from applications import answers as answering
from applications.answers import issuance_of
from applications.drafts import facts_of
from applications.errors import ApplicationUnknown
from applications.models import Application, Objection, Reviewer
from applications.reviewing import Desk, stage_of, why_not
from campaigns.models import Campaign
from foundation import clock
from foundation.db import db
from foundation.errors import Refusal
from foundation.paging import Page, page_of
from identity.models import Account
from merchants.models import Merchant


@dataclass(frozen=True)
class Filter:
    """Which applications to list; "" and None mean any. stage counts where reviews are under way."""

    status: str = "reviewing"
    county: str = ""
    stage: str = ""
    campaign_id: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [Application.sequence.is_not(None)]
        if self.status:
            found.append(Application.status == self.status)
        if self.county:
            found.append(Application.county == self.county)
        if self.campaign_id is not None:
            found.append(Application.campaign_id == self.campaign_id)
        return found


@dataclass(frozen=True)
class Line:
    """One row of the queue. waits_days: since its submission, while it is under review."""

    application: Application
    campaign: str
    dealer: str
    stage: str
    holder: str
    waits_days: int
    why_not: Refusal | None


def lines(wanted: Filter, desk: Desk | None, page: int) -> tuple[Page[Application], list[Line]]:
    """Return a page of applications in the order of their submission, and what the desk sees of each."""
    statement = select(Application).where(*wanted.conditions())
    if wanted.stage:
        ids = [
            each.id
            for each in db.session.scalars(statement)
            if each.status == "reviewing" and stage_of(each) == wanted.stage
        ]
        statement = statement.where(Application.id.in_(ids))
    found = page_of(statement.order_by(Application.submitted_at, Application.sequence, Application.id), page, size=50)
    return found, _lines(found.rows, desk)


def _lines(applications: Sequence[Application], desk: Desk | None) -> list[Line]:
    now = clock.now()
    campaigns = dict(db.session.execute(select(Campaign.id, Campaign.name)).all())
    dealers = dict(
        db.session.execute(
            select(Merchant.id, Merchant.name).where(Merchant.id.in_([each.merchant_id for each in applications]))
        ).all()
    )
    holders = dict(
        db.session.execute(
            select(Account.id, Account.name).where(Account.id.in_([each.claimed_by for each in applications]))
        ).all()
    )
    found = []
    for each in applications:
        open_now = each.claimed_until is not None and each.claimed_until > now
        found.append(
            Line(
                each,
                campaigns[each.campaign_id],
                dealers.get(each.merchant_id or 0, ""),
                stage_of(each) if each.status == "reviewing" else "",
                holders.get(each.claimed_by or 0, "") if open_now else "",
                (now - each.submitted_at).days if each.status == "reviewing" and each.submitted_at else 0,
                why_not(each, desk) if desk is not None and each.status == "reviewing" else None,
            )
        )
    return found


def counts() -> dict[str, int]:
    """Return status → how many that were handed in."""
    rows = db.session.execute(
        select(Application.status, func.count()).where(Application.sequence.is_not(None)).group_by(Application.status)
    )
    return dict(rows.all())


def case(application_id: UUID) -> Application:
    """Return one application that was handed in. Refuses ApplicationUnknown."""
    found = db.session.get(Application, application_id, populate_existing=True)
    if found is None or found.sequence is None:
        raise ApplicationUnknown
    return found


def holds(application: Application, desk: Desk | None) -> bool:
    """Return whether this desk has the case open now, and so may see it unmasked; an objection is open to the city's
    reviewers, who decide it."""
    if desk is None:
        return False
    if application.status == "held":
        return not desk.county
    until: datetime | None = application.claimed_until
    return application.claimed_by == desk.account_id and until is not None and until > clock.now()


def city_of_campaigns() -> str:
    """Return the city whose counties review: that of the latest campaign."""
    return db.session.scalar(select(Campaign.city).order_by(Campaign.id.desc()).limit(1)) or ""


def reviewers() -> list[tuple[Account, Reviewer | None]]:
    """Return every officer with the role of a reviewer, and where each reviews."""
    rows = db.session.execute(
        select(Account, Reviewer)
        .outerjoin(Reviewer, Reviewer.account_id == Account.id)
        .where(Account.kind == "officer", Account.role == "reviewer")
        .order_by(Account.name, Account.id)
    )
    return [(account, reviewer) for account, reviewer in rows]


def objections_of(application: Application) -> list[Objection]:
    """Return every objection to an application, the latest first."""
    statement = select(Objection).where(Objection.application_id == application.id)
    return list(db.session.scalars(statement.order_by(Objection.raised_at.desc())))


def stages_left(application: Application) -> str:
    """Return where it stands among its reviews, such as ``1/2``."""
    reviews = issuance_of(facts_of(application)).reviews
    return f"{min(application.stage + 1, len(reviews))}/{len(reviews)}"


def answers_of(application: Application) -> dict[str, str]:
    """Return the answers of a case."""
    return answering.loads(application.answers)

"""Raised awards, for applications that there are already: priced anew by the version in force for their papers' day.

First what each is owed is written down (``plan``), then it is given out in the order of the submissions, as far as
there is money (``serve``): the reservation of what is under review is raised, and what was approved gets the difference
as an entitlement or a payout of its own. Who was kept out by the old table alone is told. Each portion is one
transaction of one round, behind the counter that submissions and endings take turns on; what a run that died has left
undone the next one does.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select

from applications import answers as answering
from applications import messages
from applications.awards import price_anew, table_of
from applications.drafts import facts_of, release_to_apply_for
from applications.errors import NotAppliedFor
from applications.granting import HOW, payee_of
from applications.models import Application
from applications.states import LIVE, RESERVED
from applications.submission import take_turn, waiting_before
from campaigns import award_tables
from campaigns.award_tables import Raise
from campaigns.catalog import offer_facts
from campaigns.models import Campaign, CampaignVersion, Offer, Release
from campaigns.terms.sale import VoucherExpired
from foundation import clock
from foundation.db import db
from foundation.money import format_yuan
from foundation.states import Step
from merchants import payouts
from merchants.models import Redemption
from merchants.payout_models import Payout
from merchants.payouts import Payee, PayOut
from voucher import top_ups
from voucher.models import Entitlement
from voucher.top_up_models import TopUp
from voucher.top_ups import Owed

#: Of one transaction.
PORTION = 100
PRICED = (*LIVE, "draft", "approved")


@dataclass(frozen=True)
class RaisedRelease:
    """A release whose table was raised since it was published, and the newest version that did."""

    release_id: int
    round_id: int
    newest: int


def raised_releases() -> list[RaisedRelease]:
    """Return the releases with raised tables, in the order in which their rounds were made."""
    rows = db.session.execute(
        select(Release.id, Release.round_id, Release.offer_id)
        .where(Release.asked_fen.is_not(None))
        .order_by(Release.round_id, Release.id)
    ).all()
    found = []
    for release_id, round_id, offer_id in rows:
        offer = offer_facts(offer_id)
        newest = award_tables.table_on(offer, None).newest
        if newest != offer.campaign_version_id:
            found.append(RaisedRelease(release_id, round_id, newest))
    return found


# --- what is owed ---------------------------------------------------------------------------------------------


def plan(raised: RaisedRelease, *, actor: str, limit: int = PORTION) -> int:
    """Price a portion of a release's applications by the tables in force, write down what they are owed, and return how
    many were looked at; 0 once all were."""
    take_turn(raised.round_id)
    statement = select(Application).where(*_to_plan(raised)).order_by(Application.sequence, Application.id).limit(limit)
    found = list(db.session.scalars(statement.with_for_update().execution_options(populate_existing=True)))
    had = top_ups.of_applications([each.id for each in found])
    fallen = fallen_of([each.id for each in found if each.status == "approved"])
    now = clock.now()
    for application in found:
        if application.status in (*RESERVED, "approved"):
            more_fen = 0 if application.id in fallen else _more_fen(application, had.get(application.id, ()))
            if more_fen > 0:
                owed = Owed(application.id, application.release_id, raised.newest, more_fen)
                top_ups.owe([owed], Step(actor, now, campaign_version_id=raised.newest))
                continue
        elif application.status == "draft":
            _tell_who_may_apply(application)
        # Whoever waits for money is priced when there is some; until then the page says what it will be.
        elif application.status == "waiting":
            _expect(application)
        application.tables_version_id = raised.newest
    db.session.flush()
    return len(found)


def _to_plan(raised: RaisedRelease) -> list[ColumnElement[bool]]:
    owed = exists().where(TopUp.application_id == Application.id, TopUp.campaign_version_id == raised.newest)
    return [
        Application.release_id == raised.release_id,
        Application.status.in_(PRICED),
        Application.tables_version_id < raised.newest,
        ~(owed.where(TopUp.status == "waiting")),
    ]


def _more_fen(application: Application, had: Sequence[TopUp], *, draft: Sequence[Raise] = ()) -> int:
    """Return what the newest tables give more than the award and the top-ups that there are or that wait."""
    facts, answers = facts_of(application), answering.loads(application.answers)
    award = price_anew(table_of(facts, answers, draft=draft), answers)
    if award is None:
        return 0
    # What was added to a reservation is in the award already.
    topped_up_fen = sum(each.amount_fen for each in had if each.status in ("waiting", "granted"))
    return award.discount_fen - (application.award_fen or 0) - topped_up_fen


def _expect(application: Application) -> None:
    answers = answering.loads(application.answers)
    table = table_of(facts_of(application), answers)
    award = price_anew(table, answers)
    if award is not None and award.discount_fen > (application.award_fen or 0):
        application.award_fen, application.campaign_version_id = award.discount_fen, table.version_id


def _tell_who_may_apply(application: Application) -> None:
    """Tell whoever was kept from handing in by nothing but the old table, while there is something to apply for."""
    award_fen = newly_fits_fen(application)
    if not award_fen:
        return
    try:
        facts = release_to_apply_for(db.session.get_one(Campaign, application.campaign_id).code)
    except NotAppliedFor:
        return
    last = clock.local(facts.closes_at - clock.TICK)
    until = f"{last.month}月{last.day}日 {last:%H:%M}"
    messages.write(application.id, "may_apply", yuan=format_yuan(award_fen), until=until)


def newly_fits_fen(application: Application, *, draft: Sequence[Raise] = ()) -> int:
    """Return what a draft is worth to which the tables as they were known gave nothing; 0 for any other."""
    facts, answers = facts_of(application), answering.loads(application.answers)
    if price_anew(table_of(facts, answers, known=application.tables_version_id), answers) is not None:
        return 0
    award = price_anew(table_of(facts, answers, draft=draft), answers)
    return award.discount_fen if award else 0


# --- giving it out --------------------------------------------------------------------------------------------


def serve(raised: RaisedRelease, *, actor: str, limit: int = PORTION) -> int:
    """Give a portion of a release's top-ups out, in the order of the submissions, and return how many were settled; the
    first for which there is no money keeps all after it waiting."""
    take_turn(raised.round_id)
    rows = db.session.execute(
        select(TopUp.id, TopUp.campaign_version_id, Application)
        .join(Application, Application.id == TopUp.application_id)
        .where(TopUp.release_id == raised.release_id, TopUp.status == "waiting")
        .order_by(Application.sequence, TopUp.campaign_version_id)
        .limit(limit)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    settled = 0
    for top_up_id, version_id, application in rows:
        step = Step(actor, clock.now(), campaign_version_id=version_id)
        if not _settle(application, top_up_id, version_id, step):
            break
        application.tables_version_id = max(application.tables_version_id, version_id)
        db.session.flush()
        settled += 1
    db.session.expire_all()
    return settled


def _settle(application: Application, top_up_id: UUID, version_id: int, step: Step) -> bool:
    """Settle one top-up by the tables as its version has them; return False while its money is not there."""
    answers = answering.loads(application.answers)
    table = table_of(facts_of(application), answers, known=version_id)
    award = price_anew(table, answers)
    others = top_ups.of_applications([application.id]).get(application.id, ())
    granted_fen = sum(each.amount_fen for each in others if each.status == "granted")
    more_fen = (award.discount_fen if award else 0) - (application.award_fen or 0) - granted_fen
    if award is None or more_fen <= 0:
        return bool(top_ups.lapse([top_up_id], step))
    # The money of an open round is first for those who wait for all of theirs.
    from_release = not waiting_before(application.round_id)
    if application.status in RESERVED:
        if not top_ups.raise_reservation(top_up_id, application.id, award, more_fen, step, from_release=from_release):
            return False
        application.award_fen, application.campaign_version_id = award.discount_fen, table.version_id
        messages.write(application.id, "raised", yuan=format_yuan(award.discount_fen))
        return True
    return _grant(application, top_up_id, more_fen, step, from_release=from_release)


def _grant(application: Application, top_up_id: UUID, more_fen: int, step: Step, *, from_release: bool) -> bool:
    """Grant the difference to an approved application, paid as it was. Whoever takes its payout back at this moment
    comes before or after."""
    paid = db.session.scalars(
        select(Payout)
        .join(Redemption, Redemption.id == Payout.id)
        .where(Redemption.entitlement_id == application.id)
        .with_for_update(of=Payout)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if fallen_of([application.id]):
        return bool(top_ups.lapse([top_up_id], step))
    try:
        if not top_ups.grant(top_up_id, more_fen, step, from_release=from_release):
            return False
    except VoucherExpired:
        # What is taken off a bill has its last day, and this one would be over already.
        return bool(top_ups.lapse([top_up_id], step))
    given_as = answering.benefit_of(facts_of(application)).given_as
    if given_as == "cash":
        payee = Payee(paid.payee_name, paid.bank_name, paid.bank_account) if paid else payee_of(application)
        assert application.store_id is not None  # it was found with the dealer
        # The bill was counted with the award.
        payouts.pay_out_batch([PayOut(top_up_id, application.store_id, 0, payee, tops_up=True)], actor=step.actor)
    messages.write(application.id, "topped_up", yuan=format_yuan(more_fen), how=HOW[given_as])
    return True


def fallen_of(application_ids: Collection[UUID]) -> set[UUID]:
    """Return the approved applications whose subsidy is there no more: it expired unused, or came back with the car."""
    if not application_ids:
        return set()
    expired = select(Entitlement.id).where(Entitlement.id.in_(application_ids), Entitlement.status == "expired")
    came_back = select(Redemption.entitlement_id).where(
        Redemption.entitlement_id.in_(application_ids), Redemption.refunded_discount_fen > 0
    )
    return {*db.session.scalars(expired), *db.session.scalars(came_back)}


# --- what it would cost, and how far it is --------------------------------------------------------------------


@dataclass
class Group:
    """Some applications and what they get more, in fen."""

    count: int = 0
    fen: int = 0

    def take(self, fen: int) -> None:
        if fen > 0:
            self.count, self.fen = self.count + 1, self.fen + fen


def preview(version_id: int) -> dict[str, Group]:
    """Return whom a version that is not in force would touch and what that costs: "reviewing", "approved" and "waiting"
    get so much more; "draft" may apply, and would get so much."""
    found = {name: Group() for name in ("reviewing", "approved", "waiting", "draft")}
    draft = award_tables.raises_of(db.session.get_one(CampaignVersion, version_id))
    for application, had in _of_changed(version_id, draft):
        if application.status == "draft":
            found["draft"].take(newly_fits_fen(application, draft=draft))
            continue
        name = "reviewing" if application.status in RESERVED else application.status
        found[name].take(_more_fen(application, had, draft=draft))
    return found


def _of_changed(version_id: int, draft: Sequence[Raise]) -> Iterator[tuple[Application, Sequence[TopUp]]]:
    """Yield the applications for what a draft version raises, some at a time, with the top-ups that they have."""
    statement = select(Application).where(
        Application.release_id.in_(_releases_of(version_id, draft)), Application.status.in_(PRICED)
    )
    last: UUID | None = None
    while True:
        some = statement if last is None else statement.where(Application.id > last)
        found = list(db.session.scalars(some.order_by(Application.id).limit(PORTION)))
        if not found:
            return
        last = found[-1].id
        had = top_ups.of_applications([each.id for each in found])
        fallen = fallen_of([each.id for each in found if each.status == "approved"])
        yield from ((each, had.get(each.id, ())) for each in found if each.id not in fallen)
        db.session.expire_all()


def _releases_of(version_id: int, draft: Sequence[Raise]) -> list[int]:
    """Return the releases whose table a version raises."""
    campaign_id = db.session.get_one(CampaignVersion, version_id).campaign_id
    rows = db.session.execute(
        select(Release.id, Release.offer_id)
        .join(Offer, Offer.id == Release.offer_id)
        .where(Offer.campaign_id == campaign_id, Release.asked_fen.is_not(None))
    )
    newest = {
        release_id: award_tables.table_on(offer_facts(offer_id), None, draft=draft).newest
        for release_id, offer_id in rows
    }
    return [release_id for release_id, found in newest.items() if found == version_id]


@dataclass(frozen=True)
class Progress:
    """How far a version that is in force has come: sums by what became of what it owes, as ``voucher.top_ups.sums``
    has them, and how many applications are not looked at yet."""

    sums: dict[str, tuple[int, int]]
    left: int

    @property
    def waiting(self) -> tuple[int, int]:
        return self.sums.get("waiting", (0, 0))


def progress(version_id: int) -> Progress:
    """Return how far the job is with a version in force."""
    left = 0
    for raised in raised_releases():
        if raised.newest == version_id:
            left += db.session.scalar(select(func.count()).select_from(Application).where(*_to_plan(raised))) or 0
    return Progress(top_ups.sums(version_id), left)

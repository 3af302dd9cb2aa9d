"""An application while it is filled in: begun once, kept field by field, open on every device of the same citizen."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from applications import answers as answering
from applications.answers import FIELDS, Answers, Field, fields_of
from applications.errors import AnswerNotAChoice, ApplicationUnknown, NotAppliedFor, NotChangeable
from applications.models import Application
from applications.reading import prices_disagree, read
from applications.states import APPLICATION
from campaigns import award_tables
from campaigns.catalog import ReleaseFacts, release_facts
from campaigns.models import Campaign, CampaignRound, Release
from evidence import marks
from evidence.errors import MarkTaken
from foundation import clock
from foundation.db import db, upsert
from foundation.errors import N_, Refusal
from foundation.ids import new_id
from foundation.states import Step
from identity.citizens import save_real_name
from identity.models import Citizen

HOLDER = "application"
CHANGEABLE = ("draft", "correcting")


def facts_of(application: Application) -> ReleaseFacts:
    """Return what an application is about."""
    facts = release_facts(application.release_id)
    assert facts is not None
    return facts


def release_to_apply_for(campaign_code: str) -> ReleaseFacts:
    """Return what may be applied for in a campaign: of the round that is open, else of the next. Refuses
    NotAppliedFor."""
    rows = db.session.scalars(
        select(Release.id)
        .join(CampaignRound, CampaignRound.id == Release.round_id)
        .join(Campaign, Campaign.id == CampaignRound.campaign_id)
        .where(Campaign.code == campaign_code, Campaign.version_id.is_not(None), CampaignRound.closes_at > clock.now())
        .order_by(CampaignRound.opens_at, Release.id)
    )
    for release_id in rows:
        facts = release_facts(release_id)
        if facts is not None and facts.application is not None:
            return facts
    raise NotAppliedFor


def start(citizen_id: UUID, facts: ReleaseFacts, *, buyer: str = "person") -> UUID:
    """Begin an application and return its id; the unfinished one of the same round, where there is one.

    What is known of the citizen is filled in. Refuses AnswerNotAChoice for a kind of buyer that may not apply.
    """
    if buyer not in answering.buyers_of(facts):
        raise AnswerNotAChoice(name=N_("购车人"), field="buyer")
    now = clock.now()
    citizen = db.session.get_one(Citizen, citizen_id)
    known = {"buyer": buyer}
    if citizen.id_number:
        known |= {"name": citizen.name or "", "id_number": citizen.id_number}
    row = {
        "id": new_id(),
        "citizen_id": citizen_id,
        "campaign_id": facts.offer.campaign_id,
        "campaign_version_id": facts.offer.campaign_version_id,
        "tables_version_id": award_tables.table_on(facts.offer, None).newest,
        "round_id": facts.round_id,
        "release_id": facts.release_id,
        "status": "draft",
        "buyer": buyer,
        "answers": answering.dumps(known),
        "started_at": now,
        "changed_at": now,
        "county": "",
        "findings": [],
        "stage": 0,
        "corrections": 0,
        "correct_fields": [],
    }
    statement = upsert(Application).values(row).on_conflict_do_nothing().returning(Application.id)
    begun: UUID | None = db.session.scalar(statement)
    if begun is not None:
        step = Step(f"citizen:{citizen_id}", now, campaign_version_id=facts.offer.campaign_version_id)
        APPLICATION.record_created([begun], "start", step)
        return begun
    return db.session.scalars(
        select(Application.id).where(
            Application.citizen_id == citizen_id,
            Application.round_id == facts.round_id,
            Application.status == "draft",
        )
    ).one()


def own(application_id: UUID, citizen_id: UUID, *, for_update: bool = False) -> Application:
    """Return a citizen's own application. Refuses ApplicationUnknown, also for somebody else's."""
    statement = select(Application).where(Application.id == application_id, Application.citizen_id == citizen_id)
    if for_update:
        statement = statement.with_for_update()
    found = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise ApplicationUnknown
    return found


def applications_of(citizen_id: UUID) -> list[Application]:
    """Return a citizen's applications, the newest first; withdrawn drafts are left out."""
    statement = select(Application).where(
        Application.citizen_id == citizen_id,
        (Application.status != "withdrawn") | Application.sequence.is_not(None),
    )
    return list(db.session.scalars(statement.order_by(Application.started_at.desc(), Application.id)))


def may_change(application: Application, key: str) -> bool:
    """Return whether a field or document may be changed now: all of a draft, and of a correction what was asked."""
    if application.status == "correcting":
        return key in application.correct_fields
    return application.status == "draft"


def save_task(application_id: UUID, citizen_id: UUID, task: str, typed: Mapping[str, str]) -> dict[str, Refusal]:
    """Keep what was typed in one task; as ``save_tasks``."""
    return save_tasks(application_id, citizen_id, [task], typed)


def save_tasks(
    application_id: UUID, citizen_id: UUID, tasks: Collection[str], typed: Mapping[str, str]
) -> dict[str, Refusal]:
    """Keep what was typed in some tasks, field by field, and return field → why it was not kept.

    What is not readable leaves the others alone. Refuses ApplicationUnknown, NotChangeable.
    """
    application = own(application_id, citizen_id, for_update=True)
    if application.status not in CHANGEABLE:
        raise NotChangeable
    facts = facts_of(application)
    kept = answering.loads(application.answers)
    asked = [field for field in fields_of(facts, application.buyer) if field.task in tasks]
    fields = [field for field in asked if may_change(application, field.key)]
    refused = _read_fields(fields, typed, facts, kept)
    if any(field.task == "applicant" for field in fields) and "name" in kept and "id_number" in kept:
        refused |= _settle_name(citizen_id, kept)
    refused |= {
        key: refusal for key, refusal in taken_already(application_id, kept, fields).items() if key not in refused
    }
    application.answers = answering.dumps(kept)
    application.changed_at = clock.now()
    db.session.flush()
    return refused


def check_field(application: Application, key: str, typed: Mapping[str, str]) -> Refusal | None:
    """Return what is wrong with one field as it is typed, or None; nothing is kept."""
    field = answering.BY_KEY.get(key)
    if field is None:
        return None
    kept = answering.loads(application.answers)
    together = [each for each in FIELDS if each.task == field.task and (typed.get(each.key) or each is field)]
    refused = _read_fields(together, typed, facts_of(application), kept)
    return refused.get(key) or taken_already(application.id, kept, [field]).get(key)


def _read_fields(
    fields: Sequence[Field], typed: Mapping[str, str], facts: ReleaseFacts, kept: Answers
) -> dict[str, Refusal]:
    """Read what was typed into ``kept``; return field → refusal."""
    refused: dict[str, Refusal] = {}
    for field in fields:
        kept.pop(field.key, None)
        try:
            answer = read(field.key, typed.get(field.key, ""), facts, kept)
        except Refusal as refusal:
            refused[field.key] = refusal
            continue
        if answer:
            kept[field.key] = answer
    prices = prices_disagree(kept)
    if prices is not None and "price_without_tax" in [field.key for field in fields]:
        refused["price_without_tax"] = prices
        kept.pop("price_without_tax")
    return refused


def _settle_name(citizen_id: UUID, kept: Answers) -> dict[str, Refusal]:
    """Keep name and number as the citizen's own, so that limits know who it is."""
    try:
        save_real_name(citizen_id, name=kept["name"], id_number=kept["id_number"])
    except Refusal as refusal:
        kept.pop("id_number")
        return {"id_number": refusal}
    return {}


def taken_already(application_id: UUID, answers: Mapping[str, str], fields: Sequence[Field]) -> dict[str, Refusal]:
    """Return the fields whose number counts for another application already. Taking it is what the submission does;
    this only tells early."""
    mine = {field.key for field in fields}
    found: dict[str, Refusal] = {}
    for kind, number in answering.marks_of(answers).items():
        key = answering.FIELD_OF_MARK[kind]
        if key not in mine:
            continue
        holder = marks.holder_of(kind, number)
        if holder not in (None, (HOLDER, application_id.hex)):
            found[key] = MarkTaken(what=marks.KINDS[kind], field=key)
    return found

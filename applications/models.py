"""Applications and what becomes of them: decisions, public notices, objections, and who reviews."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from applications.states import APPLICATION, OBJECTION, PUBLIC_NOTICE
from foundation.crypto import EncryptedText
from foundation.db import Base, RowId, UTCDateTime
from foundation.states import StateMachine


def _one_of(machine: StateMachine) -> str:
    return "status IN (" + ", ".join(f"'{state}'" for state in machine.states) + ")"


class SubmissionCounter(Base):
    """How many applications of a round have been submitted. Its lock puts submissions of a round in one order."""

    __tablename__ = "submission_counter"

    round_id: Mapped[int] = mapped_column(ForeignKey("campaign_round.id"), primary_key=True, autoincrement=False)
    submitted: Mapped[int]


class Application(Base):
    """One citizen's application for one car. Its reservation and what it is granted have the same id."""

    __tablename__ = "application"
    __table_args__ = (
        CheckConstraint(_one_of(APPLICATION), name="status"),
        CheckConstraint("buyer IN ('person', 'firm')", name="buyer"),
        CheckConstraint("award_fen > 0", name="award"),
        CheckConstraint("status IN ('draft', 'withdrawn') OR sequence IS NOT NULL", name="sequence"),
        CheckConstraint("(claimed_by IS NULL) = (claimed_until IS NULL)", name="claimed"),
        UniqueConstraint("round_id", "sequence"),
        Index("ix_application_citizen_id", "citizen_id"),
        Index("ix_application_status_sequence", "status", "sequence"),
        Index("ix_application_buyer_hash", "buyer_hash"),
        Index("ix_application_card_hash", "card_hash"),
        Index("ix_application_notice_id", "notice_id"),
        # One unfinished form per citizen and round, however many devices open it at once.
        Index(
            "uq_application_open_draft",
            "citizen_id",
            "round_id",
            unique=True,
            sqlite_where=text("status = 'draft'"),
            postgresql_where=text("status = 'draft'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizen.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    #: the version whose award table decides; the rules beside it are those of the offer's own version
    campaign_version_id: Mapped[int] = mapped_column(ForeignKey("campaign_version.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("campaign_round.id"))
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    status: Mapped[str] = mapped_column(String(20))
    buyer: Mapped[str] = mapped_column(String(10))
    #: field → canonical text, as JSON
    answers: Mapped[str] = mapped_column(EncryptedText("application.answers"))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: when it was first complete and handed in; with it goes ``sequence``, its place in the round counted from 1
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sequence: Mapped[int | None]
    #: who sold the car, and the county that reviews
    merchant_id: Mapped[int | None] = mapped_column(ForeignKey("merchant.id"))
    store_id: Mapped[int | None] = mapped_column(ForeignKey("store.id"))
    county: Mapped[str] = mapped_column(String(6), default="")
    #: keyed hashes of identity number or credit code, and of the bank card: to find others of the same
    buyer_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    card_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    award_fen: Mapped[int | None] = mapped_column(BigInteger)
    #: the newest version with a raised award table that was taken into account; what was raised since is owed yet
    tables_version_id: Mapped[int] = mapped_column(RowId, server_default="0")
    #: what the system found for the reviewer: code, fields, words
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    #: which of the issuance's reviews comes next, counted from 0
    stage: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    claimed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: how often a correction was asked for, what it is about, and its exclusive end
    corrections: Mapped[int] = mapped_column(default=0)
    correct_fields: Mapped[list[str]] = mapped_column(JSON, default=list)
    correct_by: Mapped[datetime | None] = mapped_column(UTCDateTime)
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("public_notice.id"))


class ApplicationDecision(Base):
    """What somebody decided, or looked at, on what evidence. Rows are only ever added."""

    __tablename__ = "application_decision"
    __table_args__ = (
        CheckConstraint("kind IN ('open', 'approve', 'correct', 'reject', 'dismiss', 'uphold')", name="kind"),
        Index("ix_application_decision_application_id", "application_id"),
        # Nobody approves the same application in two stages.
        Index(
            "uq_application_decision_approve",
            "application_id",
            "reviewer_id",
            unique=True,
            sqlite_where=text("kind = 'approve'"),
            postgresql_where=text("kind = 'approve'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"))
    kind: Mapped[str] = mapped_column(String(10))
    #: a key of the issuance's STAGES
    stage: Mapped[str] = mapped_column(String(10))
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: keys of REASONS, and what the reviewer wrote to the applicant
    reasons: Mapped[list[str]] = mapped_column(JSON)
    words: Mapped[str] = mapped_column(EncryptedText("application_decision.words"))
    #: fields and documents that it is about, or that were ticked
    fields: Mapped[list[str]] = mapped_column(JSON)
    campaign_version_id: Mapped[int] = mapped_column(ForeignKey("campaign_version.id"))
    #: over answers and files as they were, in hexadecimal
    evidence_digest: Mapped[str] = mapped_column(String(64))


class PublicNotice(Base):
    """A batch of applications that have passed review and stand in public for some working days."""

    __tablename__ = "public_notice"
    __table_args__ = (CheckConstraint(_one_of(PUBLIC_NOTICE), name="status"), UniqueConstraint("round_id", "number"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("campaign_round.id"))
    #: counted from 1 within its round
    number: Mapped[int]
    status: Mapped[str] = mapped_column(String(20))
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: exclusive: the midnight after its last working day
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Objection(Base):
    """What somebody has against an application that stands in public."""

    __tablename__ = "objection"
    __table_args__ = (
        CheckConstraint(_one_of(OBJECTION), name="status"),
        Index("ix_objection_application_id", "application_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"))
    status: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(EncryptedText("objection.reason"))
    #: how to reach who raised it; may be empty
    contact: Mapped[str] = mapped_column(EncryptedText("objection.contact"))
    raised_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Reviewer(Base):
    """Where an officer reviews: a county, or the whole city with an empty one."""

    __tablename__ = "reviewer"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, autoincrement=False)
    county: Mapped[str] = mapped_column(String(6))
    named_by: Mapped[str] = mapped_column(String(60))
    named_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ApplicantMessage(Base):
    """A text to an applicant, written with what it tells and sent by a job."""

    __tablename__ = "applicant_message"
    __table_args__ = (
        Index("ix_applicant_message_sent_at", "sent_at"),
        Index("ix_applicant_message_application_id", "application_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"))
    body: Mapped[str] = mapped_column(EncryptedText("applicant_message.body"))
    written_at: Mapped[datetime] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

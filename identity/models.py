"""What the room of identity keeps."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from foundation.crypto import EncryptedText
from foundation.db import Base, RowId, UTCDateTime
from foundation.ids import new_id


class Citizen(Base):
    """A person by mobile phone; the real name and identity number are there once they have given them. Who has no
    phone is known by name and identity number, given in person."""

    __tablename__ = "citizen"
    __table_args__ = (
        CheckConstraint("phone_hash IS NOT NULL OR id_number_hash IS NOT NULL", name="who"),
        Index(
            "uq_citizen_id_number_hash_phoneless",
            "id_number_hash",
            unique=True,
            sqlite_where=text("phone_hash IS NULL"),
            postgresql_where=text("phone_hash IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    phone: Mapped[str | None] = mapped_column(EncryptedText("citizen.phone"))
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    name: Mapped[str | None] = mapped_column(EncryptedText("citizen.name"))
    id_number: Mapped[str | None] = mapped_column(EncryptedText("citizen.id_number"))
    #: not unique: a person may have several phones, and counts as one (``persons.py``)
    id_number_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class PersonIdentifier(Base):
    """That a citizen has an identifier, such as an identity number or a device; of it only a keyed hash is kept."""

    __tablename__ = "person_identifier"
    __table_args__ = (Index("ix_person_identifier_citizen_id_kind", "citizen_id", "kind"),)

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    value_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizen.id"), primary_key=True)


class Firm(Base):
    """A firm that had or applied for something: to limits it is a person of its own. Its id is made from its unified
    social credit code under the installation's key, so that the code itself is not kept."""

    __tablename__ = "firm"

    id: Mapped[UUID] = mapped_column(primary_key=True)


class PersonKeySet(Base):
    """A set of identifiers by which some campaign tells persons apart, such as ``device+id_number``."""

    __tablename__ = "person_key_set"

    keys: Mapped[str] = mapped_column(String(60), primary_key=True)


class SamePerson(Base):
    """Which person a citizen belongs to under one set of identifiers; limits count per person."""

    __tablename__ = "same_person"
    __table_args__ = (Index("ix_same_person_person_id", "person_id"),)

    keys: Mapped[str] = mapped_column(String(60), primary_key=True)
    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizen.id"), primary_key=True)
    person_id: Mapped[UUID]


class SignInCode(Base):
    """A one-time code sent to a phone, good only on the device that asked for it."""

    __tablename__ = "sign_in_code"
    __table_args__ = (
        Index("ix_sign_in_code_phone_hash_device_hash", "phone_hash", "device_hash"),
        CheckConstraint("failures BETWEEN 0 AND 5", name="failures"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    phone_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    device_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    sent_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    failures: Mapped[int] = mapped_column(default=0)
    #: used, replaced by a newer one, or never sent: in any case of no use any more
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class AttemptWindow(Base):
    """When something limited was last attempted: one row per subject, so that its lock orders the attempts."""

    __tablename__ = "attempt_window"

    #: keyed hash of what is limited, such as "codes sent to this phone"
    subject: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    #: milliseconds since 1970, oldest first
    attempts: Mapped[list[int]] = mapped_column(JSON)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class Account(Base):
    """A login with a password (officer, cashier) or an API key (till)."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("kind IN ('officer', 'cashier', 'till')", name="kind"),
        CheckConstraint("status IN ('active', 'suspended')", name="status"),
        CheckConstraint("(kind = 'officer') = (role <> '')", name="role"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    login: Mapped[str] = mapped_column(String(40), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(20), default="")
    status: Mapped[str] = mapped_column(String(10), default="active")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class LoginSession(Base):
    """A browser that is signed in; deleting or revoking the row signs it out at once."""

    __tablename__ = "login_session"
    __table_args__ = (
        CheckConstraint("audience IN ('citizen', 'cashier', 'officer')", name="audience"),
        CheckConstraint("(audience = 'citizen') = (citizen_id IS NOT NULL)", name="citizen"),
        CheckConstraint("(citizen_id IS NULL) <> (account_id IS NULL)", name="one_principal"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    audience: Mapped[str] = mapped_column(String(10))
    citizen_id: Mapped[UUID | None] = mapped_column(ForeignKey("citizen.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    device_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def principal_id(self) -> str:
        return str(self.citizen_id if self.citizen_id is not None else self.account_id)


class OutboxMessage(Base):
    """A text message that an outside sender will pick up, or that the demo shows on a page."""

    __tablename__ = "outbox_message"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    phone: Mapped[str] = mapped_column(EncryptedText("outbox_message.phone"))
    body: Mapped[str] = mapped_column(EncryptedText("outbox_message.body"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)

"""What proves a purchase: files that were handed in, and numbers that may count once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from foundation.crypto import EncryptedBytes, EncryptedText
from foundation.db import Base, UTCDateTime


class Mark(Base):
    """A number that has counted, over all campaigns. The holder is a row of a room above: its kind and id."""

    __tablename__ = "evidence_mark"
    __table_args__ = (
        PrimaryKeyConstraint("kind", "number_hash"),
        Index("ix_evidence_mark_holder", "holder_kind", "holder_id"),
    )

    kind: Mapped[str] = mapped_column(String(20))
    #: keyed hash of the canonical spelling
    number_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    holder_kind: Mapped[str] = mapped_column(String(20))
    holder_id: Mapped[str] = mapped_column(String(40))
    taken_at: Mapped[datetime] = mapped_column(UTCDateTime)


class EvidenceFile(Base):
    """One file that was handed in. A picture is kept as its one page; a PDF also as it came, since an electronic
    invoice is the document itself."""

    __tablename__ = "evidence_file"
    __table_args__ = (
        CheckConstraint("page_count > 0 AND byte_count > 0", name="not_empty"),
        CheckConstraint("(media_type = 'application/pdf') = (original IS NOT NULL)", name="original_of_pdf"),
        Index("ix_evidence_file_holder", "holder_kind", "holder_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    holder_kind: Mapped[str] = mapped_column(String(20))
    holder_id: Mapped[str] = mapped_column(String(40))
    #: what it is to prove: a name that the room above gives, such as vehicle_invoice
    slot: Mapped[str] = mapped_column(String(40))
    #: as the sender called it
    name: Mapped[str] = mapped_column(EncryptedText("evidence_file.name"))
    #: of what was sent: image/jpeg, image/png or application/pdf
    media_type: Mapped[str] = mapped_column(String(20))
    byte_count: Mapped[int]
    page_count: Mapped[int]
    #: SHA-256 of what was sent, in hexadecimal
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    original: Mapped[bytes | None] = mapped_column(EncryptedBytes("evidence_file.original"), deferred=True)
    kept_at: Mapped[datetime] = mapped_column(UTCDateTime)


class EvidencePage(Base):
    """A page as people see it: a JPEG that was drawn here, without anything hidden in it."""

    __tablename__ = "evidence_page"
    __table_args__ = (PrimaryKeyConstraint("file_id", "number"),)

    file_id: Mapped[UUID] = mapped_column(ForeignKey("evidence_file.id"))
    #: counted from 1
    number: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    #: 16 hexadecimal digits that differ little between pictures that look alike
    likeness: Mapped[str] = mapped_column(String(16), index=True)
    picture: Mapped[bytes] = mapped_column(EncryptedBytes("evidence_page.picture"), deferred=True)

"""Subsidies that are paid elsewhere: programmes, the lists of who had them, and who has something here beside them.

Numbers are kept as keyed hashes only.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base, RowId, UTCDateTime


class ElsewhereProgramme(Base):
    """A programme that somebody else pays, by the code under which campaign files name it. Its row is locked while its
    lists change."""

    __tablename__ = "elsewhere_programme"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))


class ElsewhereList(Base):
    """A list of who, or which car, was given a programme. It counts until it is revoked."""

    __tablename__ = "elsewhere_list"
    __table_args__ = (CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    programme: Mapped[str] = mapped_column(ForeignKey("elsewhere_programme.code"), index=True)
    file_name: Mapped[str] = mapped_column(String(200))
    #: of the file's bytes
    sha256: Mapped[str] = mapped_column(String(64))
    line_count: Mapped[int]
    imported_by: Mapped[str] = mapped_column(String(60))
    imported_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_by: Mapped[str | None] = mapped_column(String(60))
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoke_reason: Mapped[str | None] = mapped_column(String(100))


class ElsewhereLine(Base):
    """One number of one row of a list."""

    __tablename__ = "elsewhere_line"
    __table_args__ = (
        PrimaryKeyConstraint("list_id", "row", "kind"),
        Index("ix_elsewhere_line_number_hash", "number_hash"),
    )

    list_id: Mapped[int] = mapped_column(ForeignKey("elsewhere_list.id"))
    #: where it stands in the file, counted from 1 with the heading
    row: Mapped[int]
    #: a key of ``voucher.elsewhere.KINDS``
    kind: Mapped[str] = mapped_column(String(10))
    number_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class ElsewhereKey(Base):
    """A number that a list has or that somebody here has been checked by: of both at once, one waits for the other."""

    __tablename__ = "elsewhere_key"
    __table_args__ = (PrimaryKeyConstraint("programme", "kind", "number_hash"),)

    programme: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(10))
    number_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    #: the list that it stands on, None while it stands on none
    listed_in: Mapped[int | None] = mapped_column(ForeignKey("elsewhere_list.id"), index=True)


class ElsewhereWatch(Base):
    """Somebody here was found on no list by this number. found_in: the list, imported later, that has it after all."""

    __tablename__ = "elsewhere_watch"
    __table_args__ = (
        PrimaryKeyConstraint("programme", "kind", "number_hash", "campaign_id", "holder_kind", "holder_id"),
        CheckConstraint("holder_kind IN ('application', 'claim')", name="holder_kind"),
        Index("ix_elsewhere_watch_holder_id", "holder_id"),
    )

    programme: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(10))
    number_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    #: "application", or "claim", whose holder is the citizen
    holder_kind: Mapped[str] = mapped_column(String(12))
    #: an id in hexadecimal
    holder_id: Mapped[str] = mapped_column(String(32))
    found_in: Mapped[int | None] = mapped_column(ForeignKey("elsewhere_list.id"), index=True)
    found_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

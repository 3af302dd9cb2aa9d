"""Seals: a chain of hashes over what is only added to, its newest link once more, and who has recomputed it when."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base, RowId, UTCDateTime


class Seal(Base):
    """One link: a portion of one table's rows, and the hash over them and over the link before. Only added to."""

    __tablename__ = "seal"
    __table_args__ = (
        CheckConstraint("number > 0 AND row_count > 0", name="counted"),
        Index("ix_seal_table_name_number", "table_name", "number"),
    )

    #: 1, 2, 3 and so on over all tables
    number: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    table_name: Mapped[str] = mapped_column(String(40))
    #: which of the table's forms (``ledger.sealed_tables``) its rows were written in
    form: Mapped[int]
    #: its rows came when rows with greater ids had been sealed already
    is_late: Mapped[bool]
    row_count: Mapped[int]
    #: the greatest id in it
    last_id: Mapped[UUID]
    #: of each row, in the order of ids: the 16 bytes of its id and the first 8 of the SHA-256 of the rest of it
    leaves: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    #: the seal before, or 64 zeros
    previous: Mapped[str] = mapped_column(String(64))
    #: SHA-256, in hexadecimal
    seal: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SealHead(Base):
    """The newest seal once more, in the one row: whoever seals next must find it there, and a last seal that was
    taken away is missed."""

    __tablename__ = "seal_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(RowId)
    seal: Mapped[str] = mapped_column(String(64))


class SealCheck(Base):
    """That somebody has recomputed the chain, as far as it went then. Only added to, and sealed like the rest."""

    __tablename__ = "seal_check"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    #: "officer:<id>", "job:verify_seals" or "terminal:<name>"
    checked_by: Mapped[str] = mapped_column(String(60))
    #: the newest seal that was there, 0 and 64 zeros where there was none
    number: Mapped[int] = mapped_column(RowId)
    seal: Mapped[str] = mapped_column(String(64))
    row_count: Mapped[int] = mapped_column(RowId)
    #: how many differences were found
    found: Mapped[int]

"""What a citizen holds: entitlements, the codes that show them, and the counts that limit them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from foundation.crypto import EncryptedText
from foundation.db import Base, RowId, UTCDateTime
from foundation.states import StateMachine
from voucher.states import DRAW, ENTITLEMENT, ENTRY, NAMED_LIST


def _one_of(machine: StateMachine) -> str:
    return "status IN (" + ", ".join(f"'{state}'" for state in machine.states) + ")"


#: Where the rest of a redeemed qualification's money may still be to return.
SPARE_DUE = "status = 'redeemed' AND category <> '' AND spare_run_id IS NULL"


class ClaimBatch(Base):
    """Entitlements of one release that were granted in one transaction: the document of one claim posting."""

    __tablename__ = "claim_batch"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    count: Mapped[int]
    claimed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ExpiryRun(Base):
    """Entitlements of one offer that expired together: the document of one expire posting."""

    __tablename__ = "expiry_run"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"))
    count: Mapped[int]
    expired_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SpareRun(Base):
    """Entitlements of one offer that cost less than was set aside, whose rest went back to the pool together: the
    document of one spare posting. amount_fen: the rest of all of them."""

    __tablename__ = "spare_run"
    __table_args__ = (CheckConstraint("count > 0 AND amount_fen > 0", name="not_empty"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"))
    count: Mapped[int]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    returned_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Entitlement(Base):
    """One voucher of one citizen. Worth ``face_value_fen`` in [valid_from, expires_at) while it is claimed."""

    __tablename__ = "entitlement"
    __table_args__ = (
        CheckConstraint(_one_of(ENTITLEMENT), name="status"),
        CheckConstraint("handed_fen >= 0 AND handed_fen <= face_value_fen", name="handed_within"),
        Index("ix_entitlement_citizen_id_status", "citizen_id", "status"),
        Index("ix_entitlement_status_expires_at", "status", "expires_at"),
        # What may have cost less than was set aside, and whose rest has not gone back yet.
        Index(
            "ix_entitlement_redeemed_at_spare",
            "redeemed_at",
            sqlite_where=text(SPARE_DUE),
            postgresql_where=text(SPARE_DUE),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizen.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    #: the version whose rules granted it, and by which it is redeemed
    campaign_version_id: Mapped[int] = mapped_column(ForeignKey("campaign_version.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"))
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    claim_batch_id: Mapped[UUID] = mapped_column(ForeignKey("claim_batch.id"), index=True)
    #: what is set aside for it: the most that it may cost
    face_value_fen: Mapped[int] = mapped_column(BigInteger)
    #: the category of goods that it was claimed for, where it is a qualification
    category: Mapped[str] = mapped_column(String(40), default="", server_default="")
    #: of a gift, what its parts that were handed out cost; it is redeemed once that is all of it
    handed_fen: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    status: Mapped[str] = mapped_column(String(20))
    claimed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    valid_from: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expiry_run_id: Mapped[UUID | None] = mapped_column(ForeignKey("expiry_run.id"), index=True)
    #: the device on which it was last opened; only that one is given codes
    device_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    # What the holder sees of its redemption, written by the statement that spends it.
    redeemed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    redeemed_place: Mapped[str | None] = mapped_column(String(120))
    redeemed_bill_fen: Mapped[int | None] = mapped_column(BigInteger)
    redeemed_discount_fen: Mapped[int | None] = mapped_column(BigInteger)
    #: what else to know of it: that its price will be looked at
    redeemed_note: Mapped[str | None] = mapped_column(String(200))
    #: that the claimant was inside the offer's area, where that was looked at
    claimed_inside: Mapped[bool | None]
    #: what has come back of that bill, where the voucher stays used
    refunded_bill_fen: Mapped[int | None] = mapped_column(BigInteger)
    #: what returned the rest of its money, where it cost less than was set aside
    spare_run_id: Mapped[UUID | None] = mapped_column(ForeignKey("spare_run.id"), index=True)
    # The store that scanned it last and may complete the sale without the code, until when, and who scanned it.
    confirmed_store_id: Mapped[int | None] = mapped_column(index=True)
    confirmed_place: Mapped[str | None] = mapped_column(String(120))
    confirmed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    confirmed_by: Mapped[str | None] = mapped_column(String(60))


class PersonQuota(Base):
    """How many entitlements a person has had within a scope (``round:7``); counted up under the limit's condition."""

    __tablename__ = "person_quota"
    __table_args__ = (
        PrimaryKeyConstraint("person_id", "scope"),
        CheckConstraint("used >= 0", name="used_not_negative"),
    )

    person_id: Mapped[UUID]
    scope: Mapped[str] = mapped_column(String(40))
    used: Mapped[int]


class VoucherCode(Base):
    """A code that was shown: only its keyed hash is kept. It ends with its minute, when another device
    opens the voucher, or when the redemption it made is voided."""

    __tablename__ = "voucher_code"
    __table_args__ = (
        # Of a voucher on paper one print is good, the last.
        Index(
            "uq_voucher_code_entitlement_id_printed",
            "entitlement_id",
            unique=True,
            sqlite_where=text("printed AND retired_at IS NULL"),
            postgresql_where=text("printed AND retired_at IS NULL"),
        ),
    )

    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    entitlement_id: Mapped[UUID] = mapped_column(ForeignKey("entitlement.id"), index=True)
    device_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    shown_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: that the phone was inside the offer's area, where that is looked at for use
    shown_inside: Mapped[bool | None]
    #: on paper: it lives as long as its voucher, until a reprint retires it
    printed: Mapped[bool] = mapped_column(default=False, server_default=false())


class PrintedVoucher(Base):
    """That a voucher was printed: by whom, when, and for the how manieth time."""

    __tablename__ = "printed_voucher"
    __table_args__ = (
        PrimaryKeyConstraint("entitlement_id", "number"),
        CheckConstraint("number > 0", name="number"),
        Index("ix_printed_voucher_printed_at", "printed_at"),
    )

    entitlement_id: Mapped[UUID] = mapped_column(ForeignKey("entitlement.id"))
    number: Mapped[int]
    printed_by: Mapped[str] = mapped_column(String(60))
    printed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class LotteryDraw(Base):
    """The draw of one release: the seed is secret until it is drawn, its commitment and the list of entries public."""

    __tablename__ = "lottery_draw"
    __table_args__ = (CheckConstraint(_one_of(DRAW), name="status"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"), unique=True)
    status: Mapped[str] = mapped_column(String(20))
    #: 64 hexadecimal digits
    seed: Mapped[str] = mapped_column(EncryptedText("lottery_draw.seed"))
    #: SHA-256 of the seed's digits, in hexadecimal
    commitment: Mapped[str] = mapped_column(String(64))
    committed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    listed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    entry_count: Mapped[int] = mapped_column(default=0)
    #: of the list of entries as it is downloaded
    list_sha256: Mapped[str | None] = mapped_column(String(64))
    drawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: how far down the order prizes have been given out
    considered: Mapped[int] = mapped_column(default=0)


class LotteryEntry(Base):
    """One person's entry to a draw; one per round. ``rank`` counts from 1 once the draw has come to it."""

    __tablename__ = "lottery_entry"
    __table_args__ = (
        CheckConstraint(_one_of(ENTRY), name="status"),
        UniqueConstraint("round_id", "person_id"),
        UniqueConstraint("draw_id", "entry_hash"),
        UniqueConstraint("draw_id", "rank"),
        Index("ix_lottery_entry_draw_id_status", "draw_id", "status"),
        Index("ix_lottery_entry_citizen_id", "citizen_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    draw_id: Mapped[int] = mapped_column(ForeignKey("lottery_draw.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("campaign_round.id"))
    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizen.id"))
    person_id: Mapped[UUID]
    #: what stands for it in the public list: a keyed hash, in hexadecimal
    entry_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(20))
    entered_at: Mapped[datetime] = mapped_column(UTCDateTime)
    rank: Mapped[int | None]
    take_up_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    notified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class NamedList(Base):
    """A list of people for one release, as it was imported; it counts once it is confirmed."""

    __tablename__ = "named_list"
    __table_args__ = (CheckConstraint(_one_of(NAMED_LIST), name="status"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"), index=True)
    status: Mapped[str] = mapped_column(String(20))
    file_name: Mapped[str] = mapped_column(String(200))
    #: of the file's bytes
    sha256: Mapped[str] = mapped_column(String(64))
    imported_by: Mapped[str] = mapped_column(String(60))
    imported_at: Mapped[datetime] = mapped_column(UTCDateTime)


class NamedPerson(Base):
    """One line of a list: somebody by phone, identity number, or both. ``live_release_id`` is set while the line
    counts, so that a phone and a number stand on one line of a release only."""

    __tablename__ = "named_person"
    __table_args__ = (
        UniqueConstraint("live_release_id", "phone_hash"),
        UniqueConstraint("live_release_id", "id_number_hash"),
        CheckConstraint("phone_hash IS NOT NULL OR id_number_hash IS NOT NULL", name="who"),
        CheckConstraint("taken_by IS NULL OR live_release_id IS NOT NULL", name="taken"),
        Index("ix_named_person_phone_hash", "phone_hash"),
        Index("ix_named_person_id_number_hash", "id_number_hash"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("named_list.id"), index=True)
    live_release_id: Mapped[int | None] = mapped_column(ForeignKey("release.id"))
    #: where it stands in the file, counted from 1 with the heading
    row: Mapped[int]
    name: Mapped[str | None] = mapped_column(EncryptedText("named_person.name"))
    phone: Mapped[str | None] = mapped_column(EncryptedText("named_person.phone"))
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    id_number: Mapped[str | None] = mapped_column(EncryptedText("named_person.id_number"))
    id_number_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    taken_by: Mapped[UUID | None] = mapped_column(ForeignKey("citizen.id"), index=True)
    taken_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

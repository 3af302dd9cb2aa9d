"""Files that were handed in as evidence. They lie encrypted in the database, so that one backup has everything.

A file belongs to a holder, a row of a room above, and fills one of its slots. Who may see it is for that room's doors
to say.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from evidence.errors import FileUnknown
from evidence.models import EvidenceFile, EvidencePage
from evidence.pictures import Pictures, draw
from foundation import clock
from foundation.db import db
from foundation.ids import new_id
from foundation.prepared import insert_rows

_LONGEST_NAME = 120


@dataclass(frozen=True)
class Kept:
    """A file that is there. name: as its sender called it. page_count: how many there are to look at."""

    id: UUID
    holder_kind: str
    holder_id: str
    slot: str
    name: str
    media_type: str
    byte_count: int
    page_count: int
    sha256: str
    kept_at: datetime


@dataclass(frozen=True)
class Handed:
    """A file to keep: for whom, in which slot, and how the sender called it."""

    holder_kind: str
    holder_id: str
    slot: str
    name: str
    sent: bytes


def keep(handed: Handed) -> Kept:
    """Draw and keep one file. Refuses what ``evidence.pictures.draw`` refuses; then nothing is kept."""
    return keep_drawn([(handed, draw(handed.sent))])[0]


def keep_drawn(drawn: Sequence[tuple[Handed, Pictures]]) -> list[Kept]:
    """Keep files whose pages have been drawn already: drawing is slow, and needs no transaction."""
    now = clock.now()
    kept: list[Kept] = []
    files, pages = [], []
    for handed, pictures in drawn:
        one = Kept(
            id=new_id(),
            holder_kind=handed.holder_kind,
            holder_id=handed.holder_id,
            slot=handed.slot,
            name=handed.name.strip()[-_LONGEST_NAME:] or handed.slot,
            media_type=pictures.media_type,
            byte_count=len(handed.sent),
            page_count=len(pictures.pages),
            sha256=hashlib.sha256(handed.sent).hexdigest(),
            kept_at=now,
        )
        kept.append(one)
        files.append(asdict(one) | {"original": handed.sent if one.media_type == "application/pdf" else None})
        pages += [
            {
                "file_id": one.id,
                "number": number,
                "width": page.width,
                "height": page.height,
                "likeness": page.likeness,
                "picture": page.jpeg,
            }
            for number, page in enumerate(pictures.pages, start=1)
        ]
    insert_rows(EvidenceFile, files)
    insert_rows(EvidencePage, pages)
    return kept


def files_of(holder_kind: str, holder_id: str) -> list[Kept]:
    """Return a holder's files, by slot and age."""
    rows = db.session.scalars(
        select(EvidenceFile)
        .where(EvidenceFile.holder_kind == holder_kind, EvidenceFile.holder_id == holder_id)
        .order_by(EvidenceFile.slot, EvidenceFile.id)
    )
    return [_kept(row) for row in rows]


def find(file_id: UUID) -> Kept:
    """Return one file; the caller's door compares its holder. Refuses FileUnknown."""
    row = db.session.get(EvidenceFile, file_id)
    if row is None:
        raise FileUnknown
    return _kept(row)


def picture_of(file_id: UUID, page: int = 1) -> bytes:
    """Return a page as JPEG. Refuses FileUnknown."""
    found = db.session.scalar(
        select(EvidencePage.picture).where(EvidencePage.file_id == file_id, EvidencePage.number == page)
    )
    if found is None:
        raise FileUnknown
    return found


def original_name(kept: Kept) -> str:
    """Return what a downloaded original is called: nothing of the sender's own words, which may name somebody."""
    return f"{kept.slot}-{kept.sha256[:8]}.pdf"


def original_of(file_id: UUID) -> bytes:
    """Return a PDF as it was sent, to be downloaded and never shown in place. Refuses FileUnknown, so for pictures."""
    found = db.session.scalar(select(EvidenceFile.original).where(EvidenceFile.id == file_id))
    if found is None:
        raise FileUnknown
    return found


def drop(file_ids: Sequence[UUID]) -> None:
    """Delete files and their pages."""
    for model, column in ((EvidencePage, EvidencePage.file_id), (EvidenceFile, EvidenceFile.id)):
        statement = delete(model).where(column.in_(file_ids))
        db.session.execute(statement.execution_options(synchronize_session=False))


def digest_of(holder_kind: str, holder_id: str) -> str:
    """Return SHA-256, in hexadecimal, over the slots and contents of a holder's files: a decision that keeps it says
    for ever what it was made on."""
    parts = sorted(f"{kept.slot} {kept.sha256}" for kept in files_of(holder_kind, holder_id))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _kept(row: EvidenceFile) -> Kept:
    return Kept(
        id=row.id,
        holder_kind=row.holder_kind,
        holder_id=row.holder_id,
        slot=row.slot,
        name=row.name,
        media_type=row.media_type,
        byte_count=row.byte_count,
        page_count=row.page_count,
        sha256=row.sha256,
        kept_at=row.kept_at,
    )

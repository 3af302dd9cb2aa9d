"""Files of an application, and what the QR code of an invoice says."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import zxingcpp
from PIL import Image

from applications import answers as answering
from applications import drafts
from applications.errors import NoQrFound, NotAnInvoiceQr, NotChangeable, TooManyFiles
from applications.models import Application
from applications.tasks import documents_of
from campaigns.terms.issuance.application import DOCUMENTS
from evidence import files
from evidence.errors import FileUnknown
from evidence.files import Handed, Kept
from evidence.pictures import Pictures
from foundation import clock
from foundation.db import db
from foundation.errors import Refusal

#: Under which answer the text of a scanned QR code is kept.
SCANNED = "invoice_qr"
#: Of one document.
MOST_FILES = 6


@dataclass(frozen=True)
class Upload:
    """One file that has been drawn already (``evidence.pictures.draw``; it is slow and needs no transaction)."""

    slot: str
    name: str
    sent: bytes
    pictures: Pictures


def keep(application_id: UUID, citizen_id: UUID, given: Sequence[Upload]) -> list[Kept]:
    """Keep files, all or none. Refuses ApplicationUnknown, NotChangeable, TooManyFiles."""
    application = drafts.own(application_id, citizen_id, for_update=True)
    count = {slot: len(there) for slot, there in documents_of(application).items()}
    for each in given:
        if each.slot not in count or not drafts.may_change(application, each.slot):
            raise NotChangeable
        count[each.slot] += 1
        if count[each.slot] > MOST_FILES:
            raise TooManyFiles(name=DOCUMENTS[each.slot].name, most=MOST_FILES)
    handed = [
        (Handed(drafts.HOLDER, application.id.hex, each.slot, each.name, each.sent), each.pictures) for each in given
    ]
    application.changed_at = clock.now()
    db.session.flush()
    return files.keep_drawn(handed)


def remove(application_id: UUID, citizen_id: UUID, file_id: UUID) -> str:
    """Delete one file and return its slot. Refuses ApplicationUnknown, FileUnknown, NotChangeable."""
    kept = file_of(drafts.own(application_id, citizen_id), file_id)
    _changeable(application_id, citizen_id, kept.slot)
    files.drop([file_id])
    return kept.slot


def file_of(application: Application, file_id: UUID) -> Kept:
    """Return a file if it belongs to this application. Refuses FileUnknown."""
    kept = files.find(file_id)
    if (kept.holder_kind, kept.holder_id) != (drafts.HOLDER, application.id.hex):
        raise FileUnknown
    return kept


def _changeable(application_id: UUID, citizen_id: UUID, slot: str) -> Application:
    application = drafts.own(application_id, citizen_id, for_update=True)
    if not drafts.may_change(application, slot):
        raise NotChangeable
    return application


# --- QR codes of invoices -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InvoiceQr:
    """What the code says: number, day, and one of the two prices in fen."""

    code: str
    number: str
    day: date
    amount_fen: int
    is_with_tax: bool

    def text(self) -> str:
        """Return it as such a code is written."""
        amount = f"{self.amount_fen // 100}.{self.amount_fen % 100:02d}"
        return f"01,{'32' if self.is_with_tax else '03'},{self.code},{self.number},{amount},{self.day:%Y%m%d},"

    def answers(self) -> dict[str, str]:
        """Return the fields that it fills."""
        price = "price_with_tax" if self.is_with_tax else "price_without_tax"
        found = {
            "invoice_number": self.number,
            "invoice_date": self.day.isoformat(),
            price: f"{self.amount_fen // 100}.{self.amount_fen % 100:02d}",
        }
        return found | ({"invoice_code": self.code} if self.code else {})


def read_invoice_qr(text: str) -> InvoiceQr:
    """Read the text of an invoice's QR code: ``01,32,,23442000000012345678,152800.00,20230618,,1A2B``.

    Fields: version, kind of invoice, code, number, amount, day, check code, and a digest of them. A digital invoice has
    no code and gives the price with tax; the others give it without. Refuses NotAnInvoiceQr.
    """
    parts = [part.strip() for part in text.strip().strip("\ufeff").split(",")]
    if len(parts) < 6 or parts[0] != "01" or not re.fullmatch(r"[0-9]{2}", parts[1]):
        raise NotAnInvoiceQr
    _, _, code, number, amount, day = parts[:6]
    digital = not code and re.fullmatch(r"[0-9]{20}", number)
    paper = re.fullmatch(r"[0-9]{10}|[0-9]{12}", code) and re.fullmatch(r"[0-9]{8}", number)
    priced = re.fullmatch(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?", amount)
    dated = re.fullmatch(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})", day)
    if not (digital or paper) or not priced or not dated:
        raise NotAnInvoiceQr
    try:
        on = date(*map(int, dated.groups()))
    except ValueError as failure:
        raise NotAnInvoiceQr from failure
    fen = int(priced[1]) * 100 + int((priced[2] or "").ljust(2, "0"))
    return InvoiceQr(code, number, on, fen, is_with_tax=bool(digital))


def keep_qr(application_id: UUID, citizen_id: UUID, qr: InvoiceQr) -> Application:
    """Keep what a scanned code says beside the answers, for the reviewer to compare; the answers stay as they are.

    Refuses ApplicationUnknown, NotChangeable.
    """
    application = _changeable(application_id, citizen_id, "invoice_number")
    kept = answering.loads(application.answers)
    kept[SCANNED] = qr.text()
    application.answers = answering.dumps(kept)
    application.changed_at = clock.now()
    db.session.flush()
    return application


def find_invoice_qr(pictures: Pictures) -> InvoiceQr:
    """Read the invoice's QR code from a photo or a PDF. Refuses NoQrFound, NotAnInvoiceQr."""
    wrong: Refusal = NoQrFound()
    for page in pictures.pages:
        picture = Image.open(io.BytesIO(page.jpeg))
        for found in zxingcpp.read_barcodes(picture):
            try:
                return read_invoice_qr(found.text)
            except NotAnInvoiceQr as refusal:
                wrong = refusal
    raise wrong

"""The QR code on an invoice: number, day and amount, so that nobody has to type them."""

import io
import re
from collections.abc import Sequence

import zxingcpp
from PIL import Image

from evidence.pictures import PagePicture

#: Kinds of fully digital invoice, whose code says the amount with tax; older ones say it without.
_WITH_TAX = ("31", "32")


def read_invoice(pages: Sequence[PagePicture]) -> dict[str, str]:
    """Return what the first invoice code on the pages says, by the names of the fields; empty where there is none.

    The code is ``01,kind,code,number,amount,day,check,…``; it is read, not believed: the fields are checked as if
    they had been typed.
    """
    for page in pages:
        picture = Image.open(io.BytesIO(page.jpeg)).convert("L")
        formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        for found in zxingcpp.read_barcodes(picture, formats=formats):
            fields = _fields(found.text)
            if fields:
                return fields
    return {}


def _fields(text: str) -> dict[str, str]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 6 or parts[0] != "01" or not re.fullmatch(r"\d{8}|\d{20}", parts[3]):
        return {}
    fields = {"invoice_number": parts[2] + parts[3]}
    if re.fullmatch(r"\d{8}", parts[5]):
        fields["invoice_on"] = f"{parts[5][:4]}-{parts[5][4:6]}-{parts[5][6:]}"
    if parts[1] in _WITH_TAX and re.fullmatch(r"\d+(\.\d{1,2})?", parts[4]):
        fields["invoice_fen"] = parts[4]
    return fields

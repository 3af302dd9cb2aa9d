"""The picture of a code, or of a till's address: the smallest QR symbol, drawn for a scanner at arm's length."""

from io import BytesIO

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pil import PilImage

#: Any mask may be read; choosing the best of eight for each picture takes three times as long as drawing it.
MASK = 2
#: Pixels per module; the page enlarges the picture by whole pixels.
BOX_PIXELS = 8
#: The white around the symbol that the standard asks for, in modules.
QUIET_MODULES = 4


def png(text: str) -> bytes:
    """Return a QR code as a black-and-white PNG: 21 modules a side for the 20 digits of a voucher code, about
    33 for an address of ours."""
    symbol = qrcode.QRCode(
        error_correction=ERROR_CORRECT_M, box_size=BOX_PIXELS, border=QUIET_MODULES, mask_pattern=MASK
    )
    symbol.add_data(text)
    symbol.make()
    picture = BytesIO()
    symbol.make_image(image_factory=PilImage).save(picture, kind="PNG")
    return picture.getvalue()

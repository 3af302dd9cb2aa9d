"""A photo of a code, for tills whose browser cannot read it itself."""

import warnings
from typing import IO

import zxingcpp
from PIL import Image, UnidentifiedImageError

from foundation.errors import N_, Malformed

#: A phone's photo has about 12 million pixels; far more is an attack on our memory.
MOST_PIXELS = 40_000_000
#: A code that fills a tenth of the picture is still read at this width, and four times faster.
WIDEST_PIXELS = 2000


class PhotoUnreadable(Malformed):
    code = "photo_unreadable"
    message = N_("照片打不开")
    way_out = N_("请重新拍一张，或改用扫码、手工输入券码")
    field = "photo"


class PhotoWithoutCode(Malformed):
    code = "photo_without_code"
    message = N_("照片里没有找到二维码")
    way_out = N_("请让二维码占画面一半以上、避开反光再拍一张，或手工输入券码")
    field = "photo"


def code_in_photo(photo: IO[bytes]) -> str:
    """Return the text of the first QR code in a photo. Refuses PhotoUnreadable, PhotoWithoutCode."""
    try:
        with warnings.catch_warnings():
            # The size is judged below, by our own limit.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(photo, formats=("JPEG", "PNG", "WEBP")) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise PhotoUnreadable
                image.draft("L", (WIDEST_PIXELS, WIDEST_PIXELS))
                grey = image.convert("L")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as failure:
        raise PhotoUnreadable from failure
    grey.thumbnail((WIDEST_PIXELS, WIDEST_PIXELS))
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    text = next((each.text for each in found if each.text), None)
    if text is None:
        raise PhotoWithoutCode
    return str(text)

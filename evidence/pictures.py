"""From what somebody sends to pictures that are safe to show: every page is drawn anew.

Nothing of the sent bytes is shown to anybody: a photo's position, a camera's name, a script in a PDF stay behind.
"""

import io
from dataclasses import dataclass

import pypdfium2
from PIL import Image, ImageOps, UnidentifiedImageError

from evidence.errors import (
    FileEmpty,
    FileNotReadable,
    FileTooLarge,
    PdfLocked,
    PdfTooLong,
    PictureTooLarge,
    PictureTooSmall,
)

MOST_BYTES = 6 * 1024 * 1024
MOST_PIXELS = 50_000_000
MOST_PAGES = 10
#: Shorter than that no document can be read.
LEAST_SIDE = 200
#: Longer than that a page is made smaller: enough to read small print on A4.
LONGEST_SIDE = 2200
_QUALITY = 82
_POINTS_PER_INCH = 72
_RENDERED_DPI = 150


@dataclass(frozen=True)
class PagePicture:
    """A page as JPEG. likeness: 16 hexadecimal digits, near to those of a picture that looks alike."""

    jpeg: bytes
    width: int
    height: int
    likeness: str


@dataclass(frozen=True)
class Pictures:
    """media_type: what was sent. pages: at least one."""

    media_type: str
    pages: tuple[PagePicture, ...]


def draw(sent: bytes) -> Pictures:
    """Read a JPEG, a PNG or a PDF and draw its pages.

    Refuses FileEmpty, FileTooLarge, FileNotReadable, PictureTooLarge, PictureTooSmall, PdfTooLong, PdfLocked.
    """
    if not sent:
        raise FileEmpty
    if len(sent) > MOST_BYTES:
        raise FileTooLarge(megabytes=f"{len(sent) / 1024 / 1024:.1f}", most=MOST_BYTES // 1024 // 1024)
    if sent[:1024].lstrip().startswith(b"%PDF-"):
        return Pictures("application/pdf", _pages_of_pdf(sent))
    picture, media_type = _open_picture(sent)
    return Pictures(media_type, (_page(picture),))


def _open_picture(sent: bytes) -> tuple[Image.Image, str]:
    try:
        picture = Image.open(io.BytesIO(sent), formats=("JPEG", "PNG"))
        if picture.width * picture.height > MOST_PIXELS:
            raise PictureTooLarge(most=MOST_PIXELS // 10_000)
        if min(picture.size) < LEAST_SIDE:
            raise PictureTooSmall(least=LEAST_SIDE)
        media_type = "image/jpeg" if picture.format == "JPEG" else "image/png"
        if media_type == "image/jpeg":
            # Lets the decoder skip detail that would be thrown away.
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        picture.load()
        return ImageOps.exif_transpose(picture), media_type
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as failure:
        raise FileNotReadable from failure


def _pages_of_pdf(sent: bytes) -> tuple[PagePicture, ...]:
    try:
        document = pypdfium2.PdfDocument(sent)
    except pypdfium2.PdfiumError as failure:
        raise (PdfLocked if "password" in str(failure).lower() else FileNotReadable)() from failure
    try:
        if len(document) > MOST_PAGES:
            raise PdfTooLong(pages=len(document), most=MOST_PAGES)
        if len(document) == 0:
            raise FileNotReadable
        return tuple(_render(document, number) for number in range(len(document)))
    except pypdfium2.PdfiumError as failure:
        raise FileNotReadable from failure
    finally:
        document.close()


def _render(document: pypdfium2.PdfDocument, number: int) -> PagePicture:
    page = document[number]
    longest = max(page.get_size())
    scale = min(_RENDERED_DPI / _POINTS_PER_INCH, LONGEST_SIDE / max(longest, 1))
    return _page(page.render(scale=scale, may_draw_forms=False).to_pil())


def _page(picture: Image.Image) -> PagePicture:
    if picture.mode != "RGB":
        # What is transparent is paper.
        flat = Image.new("RGB", picture.size, "white")
        rgba = picture.convert("RGBA")
        flat.paste(rgba, mask=rgba.getchannel("A"))
        picture = flat
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    # A new picture with these pixels: nothing that came with the old one is written.
    Image.frombytes("RGB", picture.size, picture.tobytes()).save(out, "JPEG", quality=_QUALITY)
    return PagePicture(out.getvalue(), picture.width, picture.height, _likeness(picture))


def _likeness(picture: Image.Image) -> str:
    """Return a difference hash: for each of 8 × 8 places, whether it is darker than the one to its right."""
    grey = picture.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            bits = bits << 1 | (grey[row * 9 + column] < grey[row * 9 + column + 1])
    return f"{bits:016x}"


def differing_bits(one: str, other: str) -> int:
    """Return in how many of 64 places two likenesses differ; 6 or fewer is a suspicion (domain rule A07)."""
    return (int(one, 16) ^ int(other, 16)).bit_count()

"""Files that are handed in: what is kept of them, and what is refused."""

import io

import pytest
from PIL import Image, ImageDraw

from evidence import errors, files, pictures
from evidence.files import Handed
from foundation.db import db
from tests.world import done

PLACE = 0x8825


def photo(*, size=(1200, 900), kind="JPEG", color="white", located=False):
    picture = Image.new("RGB", size, color)
    ImageDraw.Draw(picture).rectangle((100, 100, 500, 300), fill="navy")
    options = {}
    if located:
        exif = Image.Exif()
        exif.get_ifd(PLACE)[1] = "N"
        exif[0x010F] = "SecretCamera"
        options["exif"] = exif
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def pdf(pages=1, **options):
    out = io.BytesIO()
    sheets = [Image.new("RGB", (600, 800), "white") for _ in range(pages)]
    sheets[0].save(out, "PDF", save_all=True, append_images=sheets[1:], **options)
    return out.getvalue()


def keep(sent, *, slot="vehicle_invoice", name="发票.jpg"):
    return done(lambda: files.keep(Handed("application", "1", slot, name, sent)))


def test_a_photo_is_drawn_anew_without_what_its_camera_wrote(app):
    sent = photo(located=True)
    assert b"SecretCamera" in sent
    kept = keep(sent)
    shown = files.picture_of(kept.id)
    assert b"SecretCamera" not in shown
    assert not Image.open(io.BytesIO(shown)).getexif()
    assert (kept.media_type, kept.page_count, kept.byte_count) == ("image/jpeg", 1, len(sent))
    with pytest.raises(errors.FileUnknown):
        files.original_of(kept.id)


def test_a_photo_taken_sideways_stands_upright(app):
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "white").save(out, "JPEG", exif=exif)
    shown = Image.open(io.BytesIO(files.picture_of(keep(out.getvalue()).id)))
    assert shown.size == (600, 900)


def test_what_is_transparent_is_paper(app):
    out = io.BytesIO()
    Image.new("RGBA", (400, 400), (0, 0, 0, 0)).save(out, "PNG")
    shown = Image.open(io.BytesIO(files.picture_of(keep(out.getvalue()).id)))
    assert shown.getpixel((200, 200)) == (255, 255, 255)


def test_a_large_picture_is_made_smaller(app):
    shown = Image.open(io.BytesIO(files.picture_of(keep(photo(size=(5000, 3000))).id)))
    assert max(shown.size) == pictures.LONGEST_SIDE


def test_a_pdf_is_kept_as_it_came_and_shown_page_by_page(app):
    sent = pdf(pages=2)
    kept = keep(sent, name="发票.pdf")
    assert (kept.media_type, kept.page_count) == ("application/pdf", 2)
    assert files.original_of(kept.id) == sent
    assert files.picture_of(kept.id, 2).startswith(b"\xff\xd8")
    with pytest.raises(errors.FileUnknown):
        files.picture_of(kept.id, 3)


def test_bytes_lie_encrypted(app):
    kept = keep(pdf())
    [stored] = db.session.execute(db.text("SELECT original FROM evidence_file")).one()
    assert b"%PDF" not in bytes(stored)
    assert files.find(kept.id) == kept


def locked_pdf():
    """A PDF that says it is encrypted, with a password that nobody has."""
    body = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
        b"3 0 obj<</Filter/Standard/V 1/R 2/P -4/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>endobj\n"
    )
    return body + b"trailer<</Root 1 0 R/Encrypt 3 0 R/ID[<41><41>]/Size 4>>\n%%EOF"


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (b"", errors.FileEmpty),
        (b"\xff\xd8" + bytes(pictures.MOST_BYTES), errors.FileTooLarge),
        (b"<script>alert(1)</script>", errors.FileNotReadable),
        (b"%PDF-1.7 and nothing that follows", errors.FileNotReadable),
        (photo()[:400], errors.FileNotReadable),
        (photo(kind="GIF"), errors.FileNotReadable),
        (photo(size=(300, 120)), errors.PictureTooSmall),
        (pdf(pages=11), errors.PdfTooLong),
        (locked_pdf(), errors.PdfLocked),
    ],
    ids=["empty", "too many bytes", "a page", "torn PDF", "torn photo", "GIF", "too small", "many pages", "locked"],
)
def test_what_cannot_be_evidence_is_refused_and_nothing_is_kept(app, sent, refusal):
    with pytest.raises(refusal):
        keep(sent)
    assert files.files_of("application", "1") == []


def test_a_picture_of_too_many_points_is_refused_before_it_is_unpacked(app, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 1_000_000)
    with pytest.raises(errors.PictureTooLarge):
        keep(photo())


def test_a_decision_says_for_ever_what_it_was_made_on(app):
    first = keep(photo())
    before = files.digest_of("application", "1")
    assert files.digest_of("application", "1") == before
    second = keep(photo(color="grey"), slot="bank_card")
    assert files.digest_of("application", "1") != before
    done(lambda: files.drop([second.id]))
    assert files.digest_of("application", "1") == before
    assert [kept.id for kept in files.files_of("application", "1")] == [first.id]


def test_pictures_that_look_alike_have_likenesses_that_differ_little():
    one = pictures.draw(photo()).pages[0].likeness
    smaller = pictures.draw(photo(size=(800, 600), kind="PNG")).pages[0].likeness
    noise = Image.effect_noise((900, 900), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "PNG")
    other = pictures.draw(out.getvalue()).pages[0].likeness
    again = pictures.draw(photo(kind="PNG")).pages[0].likeness
    assert pictures.differing_bits(one, again) <= 6
    assert pictures.differing_bits(one, other) > 6
    assert len(smaller) == 16

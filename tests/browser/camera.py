"""A camera that films a still: frames of a picture as the raw video file that Chromium takes for a camera."""

import io
from pathlib import Path

from PIL import Image

WIDTH, HEIGHT, FRAMES_PER_SECOND = 640, 480, 15
#: The till sees an empty counter before the phone is held up.
EMPTY_FRAMES, FILMED_FRAMES = 8, 60
_GREY = 120


def film(screenshot: bytes, target: Path) -> Path:
    """Write a clip in which the picture lies on a grey counter, a little askew, and return its path."""
    picture = Image.open(io.BytesIO(screenshot)).convert("RGB")
    picture.thumbnail((400, 400))
    counter = Image.new("RGB", (WIDTH, HEIGHT), (_GREY, _GREY, _GREY))
    turned = picture.rotate(4, expand=True, fillcolor=(_GREY, _GREY, _GREY))
    with target.open("wb") as clip:
        clip.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        empty = _frame(counter)
        counter.paste(turned, ((WIDTH - turned.width) // 2, (HEIGHT - turned.height) // 2))
        filmed = _frame(counter)
        clip.write(empty * EMPTY_FRAMES + filmed * FILMED_FRAMES)
    return target


def _frame(image: Image.Image) -> bytes:
    luma, blue, red = image.convert("YCbCr").split()
    half = (WIDTH // 2, HEIGHT // 2)
    return b"FRAME\n" + luma.tobytes() + blue.resize(half).tobytes() + red.resize(half).tobytes()

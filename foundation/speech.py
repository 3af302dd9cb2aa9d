"""Speech: words and refusals said in the reader's language, for doors. Apart from ``words.py``, so that what only has
something to say needs no request and no web framework."""

from collections.abc import Mapping
from typing import NamedTuple

from flask_babel import gettext

from foundation.errors import Refusal
from foundation.words import Words


class Told(NamedTuple):
    """A refusal in the reader's language."""

    message: str
    way_out: str


def spoken(words: Words | str) -> str:
    """Return the words in the reader's language; a plain text is somebody's own and stays as it is."""
    return gettext(words.msgid, **_spoken(words.values)) if isinstance(words, Words) else words


def translate(refusal: Refusal) -> Told:
    """Return why, and what can be done, in the reader's language."""
    values = _spoken(refusal.params)
    way_out = gettext(refusal.way_out, **values) if refusal.way_out else ""
    return Told(gettext(refusal.message, **values), way_out)


def _spoken(values: Mapping[str, object]) -> dict[str, object]:
    return {name: spoken(value) if isinstance(value, Words) else value for name, value in values.items()}

"""Words: what a lower floor has to say, in the reader's language once somebody reads it.

Below the doors no reader is known, so a text is kept as its gettext msgid and what fills its ``%(name)s`` places.
``str`` of it is the msgid's own Chinese: for files, logs and the terminal.
"""

from collections.abc import Mapping
from typing import NamedTuple

from flask_babel import gettext

from foundation.errors import Refusal


class Words:
    """A msgid, marked by ``N_`` where it is written, and its values; a value may be Words itself."""

    def __init__(self, msgid: str, **values: object) -> None:
        self.msgid = msgid
        self.values = values

    def __str__(self) -> str:
        return self.msgid % self.values if self.values else self.msgid

    def __repr__(self) -> str:
        return f"Words({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and (self.msgid, self.values) == (other.msgid, other.values)

    def __hash__(self) -> int:
        return hash(self.msgid)


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

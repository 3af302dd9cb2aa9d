"""Words: what a lower floor has to say, in the reader's language once somebody reads it.

Below the doors no reader is known, so a text is kept as its gettext msgid and what fills its ``%(name)s`` places.
``str`` of it is the msgid's own Chinese: for files, logs and the terminal. ``foundation/speech.py`` says it.
"""


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

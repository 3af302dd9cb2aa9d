"""Where to go after signing in: a page of ours, never another site."""

from urllib.parse import urlsplit

LONGEST = 500


def safe_next(text: str | None, default: str) -> str:
    """Return ``text`` if it is a path on this site, else ``default``.

    Browsers read "//host", "/\\host" and a tab or newline inside them as another site, so nothing with a
    backslash, a control character or a second leading slash passes.
    """
    if not text or len(text) > LONGEST or not text.startswith("/") or text.startswith("//"):
        return default
    if "\\" in text or any(not sign.isprintable() for sign in text):
        return default
    parts = urlsplit(text)
    return text if not parts.scheme and not parts.netloc else default

"""Refusals: every "no" of the product is a class with a stable code, a reason and a way out.

A refusal carries no HTTP. The doors and ``webapp/error_pages.py`` turn its family (the base class below)
into a status, and its texts into the reader's language: ``message`` and ``way_out`` are gettext msgids
with ``%(name)s`` places, filled from the keyword arguments given when it is raised.
"""

from typing import Any


def N_(text: str) -> str:
    """Mark ``text`` for translation where no request (and so no language) is known yet."""
    return text


class Refusal(Exception):
    """The operation is not done and nothing has changed.

    code: stable, snake_case, for machines. message: why. way_out: what the person can do next (at the till:
    what to tell the customer). field: the input that is at fault, where there is one. retryable: nothing has been
    decided, and the same request may be answered otherwise when it is sent again.
    """

    code = "refused"
    message = N_("无法办理")
    way_out = ""
    field: str | None = None
    retryable = False

    def __init__(self, *, field: str | None = None, **params: Any) -> None:
        self.params = params
        if field is not None:
            self.field = field
        super().__init__(f"{self.code}: {self.message % params if params else self.message}")


class Malformed(Refusal):
    """The input cannot be read as what it should be."""


class NotFound(Refusal):
    """What was named does not exist, or not for this person."""


class Forbidden(Refusal):
    """The person is known but may not do this."""


class SignInNeeded(Refusal):
    """Nobody is signed in, or the sign-in has ended."""

    code = "sign_in_needed"
    message = N_("请先登录")


class Conflict(Refusal):
    """The state of things does not allow it (any more, or yet)."""


class TooMany(Refusal):
    """Asked too often; ``retry_after_seconds`` says when it may be tried again."""

    retryable = True
    retry_after_seconds = 60


class Unavailable(Refusal):
    """We cannot answer now; nothing has changed, and the same request may be sent again."""

    code = "service_unavailable"
    message = N_("系统暂时忙，您的操作没有生效")
    way_out = N_("请稍等几秒再试一次，不会重复办理")
    retryable = True
    retry_after_seconds = 3

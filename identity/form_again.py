"""Showing a form again, of any audience, with what was wrong in it."""

from http import HTTPStatus

from flask import Response, make_response, render_template

from foundation.errors import Refusal, TooMany, Unavailable


def form_again(template: str, refusal: Refusal, **context: object) -> Response:
    """Return the form with the refusal in it, and a status that a machine can tell from success."""
    response = make_response(render_template(template, refusal=refusal, **context))
    response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    if isinstance(refusal, TooMany | Unavailable):
        busy = isinstance(refusal, Unavailable)
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE if busy else HTTPStatus.TOO_MANY_REQUESTS
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response

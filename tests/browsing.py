"""The test client: each request in a context of its own, as a server would run it, with our pages' CSRF token."""

import contextvars
import secrets
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from foundation.db import db


class Browser(FlaskClient):
    """A browser. A POST carries the CSRF token of its session unless the test gives an ``X-CSRF-Token`` itself.

    The test's own database session is ended before and after each request, so that neither sees an old
    snapshot of what the other did; rows that a test wants to keep must be committed by ``transaction()``.
    """

    def open(self, *args: Any, csrf: bool = True, **kwargs: Any) -> TestResponse:
        uncommitted = [*db.session.new, *db.session.dirty]
        assert not uncommitted, "the test has uncommitted rows: use transaction()"
        db.session.rollback()
        method = kwargs.get("method", "GET")
        headers = dict(kwargs.pop("headers", None) or {})
        if csrf and method not in ("GET", "HEAD", "OPTIONS") and "X-CSRF-Token" not in headers:
            headers["X-CSRF-Token"] = self.csrf_token()
        # Flask would reuse the context that the test has pushed, and ``g`` would leak from request to request.
        response: TestResponse = contextvars.Context().run(super().open, *args, headers=headers, **kwargs)
        db.session.rollback()
        return response

    def csrf_token(self) -> str:
        """Return a token that fits this browser's session."""
        with self.session_transaction() as session:
            known = session.setdefault("csrf_token", secrets.token_hex(20))
        return str(self._serializer(self.application).dumps(known))

    @staticmethod
    def _serializer(app: Flask) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(app.secret_key or "", salt="wtf-csrf-token")

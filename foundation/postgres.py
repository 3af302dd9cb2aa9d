"""The link to PostgreSQL: every wait for its answer has an end, also where the link is there and nobody answers."""

import time
from typing import Any

import psycopg

#: The server's own limit on a statement (``foundation.db.engine_options``) comes first. What has not answered a little
#: later never will: a frozen server, a proxy that has lost its other end. TCP sees nothing wrong with those.
ANSWER_SECONDS = 33.0


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is given up when the server has been silent for ANSWER_SECONDS."""

    #: another limit while somebody takes longer (``foundation.db.take_longer``)
    answer_seconds: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        limit = timeout
        if limit is None:
            limit = ANSWER_SECONDS if self.answer_seconds is None else self.answer_seconds
        began = time.monotonic()
        try:
            return super().wait(gen, interval, limit)
        except psycopg.OperationalError:
            if timeout is None and time.monotonic() - began >= limit:
                # Its answer may still come, and must not be taken for that of the next question.
                self.pgconn.finish()
            raise

"""How long a transaction of a request may be open before PostgreSQL ends it.

A process that freezes inside one keeps its locks; the server's limit on idle transactions misses what froze right after
a pipelined batch (``docs/faults.md``). ``transaction_timeout`` misses nothing, but it would end long jobs as well: so
connections have it once they serve a request, and jobs and commands, which serve none, never do. Servers older than 17
do not know it and go without.
"""

from typing import Any

from flask import Flask, has_request_context, request
from sqlalchemy import Connection, event

from foundation.db import db

#: Longer than any one statement may take (``foundation.db.engine_options``), shorter than gunicorn waits for a worker
#: that does not move. What citizens and tills do takes a hundredth of it.
SECONDS = 45
#: Of pages that read or write files of rows, or settle a month.
AT_LEISURE_SECONDS = 600
AT_LEISURE = ("/bureau/", "/till/sales", "/till/after-sales")

_KNOWN_FROM = 170_000
#: in a connection's own notes: whether it has the limit
_LIMITED = "transaction_limited"


def init_transaction_limits(app: Flask) -> None:
    """Limit the transactions of requests, on PostgreSQL."""
    with app.app_context():
        if db.engine.dialect.name == "postgresql":
            event.listen(db.engine, "checkout", _limit)
            event.listen(db.engine, "begin", _give_leisure)


def _limit(connection: Any, record: Any, _proxy: Any) -> None:
    """Limit a connection when the first request takes it."""
    if _LIMITED in record.info or not has_request_context():
        return
    record.info[_LIMITED] = connection.info.server_version >= _KNOWN_FROM
    if record.info[_LIMITED]:
        # Alone: in a transaction it would be undone with it.
        connection.autocommit = True
        connection.execute(f"SET transaction_timeout = '{SECONDS}s'")
        connection.autocommit = False


def _give_leisure(connection: Connection) -> None:
    if has_request_context() and request.path.startswith(AT_LEISURE) and connection.info.get(_LIMITED):
        # Only from none to some does the server set its timer anew.
        connection.exec_driver_sql(
            f"SET LOCAL transaction_timeout = 0; SET LOCAL transaction_timeout = '{AT_LEISURE_SECONDS}s'"
        )

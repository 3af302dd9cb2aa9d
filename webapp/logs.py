"""Structured logs: one JSON line per request on standard error, and none with personal data in it.

A line says which rule was asked (``/vouchers/<uuid:entitlement_id>``), never the address itself, its query, a
phone number, a code or a name.
"""

import logging
import re
import sys
import time
from typing import Any
from uuid import uuid4

import orjson
import structlog
from flask import Flask, Response, g, has_request_context, request

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
log = structlog.get_logger("voucher")


def init_logs(app: Flask) -> None:
    """Set up structlog and the standard library's logging alike, and time every request."""
    configure_logging()
    app.before_request(_begin)
    app.after_request(_end)


def configure_logging() -> None:
    """Write every record of this process as one JSON line to standard error."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_to_json)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_StderrFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(_to_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


class _StderrFactory:
    """Looks standard error up at each line, so that a replaced stream is followed."""

    def __call__(self, *_: object) -> structlog.PrintLogger:
        return structlog.PrintLogger(sys.stderr)


def _to_json(event: dict[str, Any], **_: object) -> str:
    return orjson.dumps(event, default=str).decode()


def _add_request_id(_logger: object, _method: str, event: Any) -> Any:
    if has_request_context():
        event.setdefault("request_id", request_id())
    return event


def request_id() -> str:
    """Return the id of this request: the caller's X-Request-Id if it is well formed, else a new one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
    known: str = g.request_id
    return known


def rule() -> str:
    """Return the rule of the address asked for, which carries no one's data."""
    return request.url_rule.rule if request.url_rule else "(none)"


def seconds_taken() -> float:
    return time.perf_counter() - float(g.get("began", time.perf_counter()))


def _begin() -> None:
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    who = g.get("principal")
    log.info(
        "request",
        method=request.method,
        rule=rule(),
        status=response.status_code,
        milliseconds=round(seconds_taken() * 1000, 1),
        audience=who.audience if who else "nobody",
        refusal=g.get("refusal_code", ""),
    )
    return response

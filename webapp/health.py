"""Is it up, is it ready, and how is it doing."""

import hmac
import os
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client import REGISTRY as PROCESS_REGISTRY
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy.exc import SQLAlchemyError

from foundation.config import Settings
from webapp.logs import rule, seconds_taken
from webapp.migrations import is_current

blueprint = Blueprint("health", __name__)

REQUESTS = Counter("voucher_requests_total", "Requests answered.", ("method", "rule", "status"))
SECONDS = Histogram(
    "voucher_request_seconds",
    "Time to answer.",
    ("rule",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
REFUSALS = Counter("voucher_refusals_total", "Operations refused, by reason.", ("code",))
JOB_RUNS = Counter("voucher_job_runs_total", "Runs of the scheduler's jobs.", ("job", "outcome"))


def init_health(app: Flask, settings: Settings) -> None:
    app.config["METRICS_TOKEN"] = settings.metrics_token
    app.after_request(_count)


def forget_gauges() -> None:
    """Give up the live gauges of this process, which is about to end; what it has counted stays.

    gunicorn does it for its workers (``gunicorn.conf.py``), also for those that were killed.
    """
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


def _count(response: Response) -> Response:
    REQUESTS.labels(request.method, rule(), response.status_code).inc()
    SECONDS.labels(rule()).observe(seconds_taken())
    if g.get("refusal_code"):
        REFUSALS.labels(g.refusal_code).inc()
    return response


@blueprint.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers; nothing else is looked at, so that a lost database does not restart it."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def ready() -> tuple[dict[str, Any], int]:
    """The database answers and has had every migration."""
    reasons = []
    try:
        if not is_current():
            reasons.append("migrations are pending: run flask db upgrade")
    except SQLAlchemyError:
        reasons.append("the database does not answer")
    return {"status": "unready" if reasons else "ok", "reasons": reasons}, 503 if reasons else 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text, to whoever has the token or asks from this machine."""
    if not _may_see_metrics():
        abort(404)
    registry = PROCESS_REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_see_metrics() -> bool:
    token = current_app.config["METRICS_TOKEN"]
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    try:
        # Behind a proxy on this machine every caller would look local.
        return ip_address(request.remote_addr or "").is_loopback and "X-Forwarded-For" not in request.headers
    except ValueError:
        return False

"""The one place where a refusal becomes an HTTP answer.

API paths get problem+json (RFC 9457), htmx gets a fragment, everyone else a page in the layout of their
audience. Nothing here asks the database: these answers must be possible when it is down.
"""

import dataclasses
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, g, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from foundation import idempotency
from foundation.db import DatabaseBusy, engine_refusal
from foundation.errors import (
    N_,
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    Refusal,
    SignInNeeded,
    TooMany,
    Unavailable,
)
from foundation.speech import translate
from identity.errors import AudienceSignInNeeded
from webapp.logs import log, request_id

#: The first family that fits gives the status.
STATUSES: tuple[tuple[type[Refusal], HTTPStatus], ...] = (
    (idempotency.KeyMissing, HTTPStatus.BAD_REQUEST),
    (Malformed, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (SignInNeeded, HTTPStatus.UNAUTHORIZED),
    (Conflict, HTTPStatus.CONFLICT),
    (TooMany, HTTPStatus.TOO_MANY_REQUESTS),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)

#: What the framework refuses by itself: code, why, way out.
_HTTP_TEXTS: dict[int, tuple[str, str, str]] = {
    400: ("bad_request", N_("请求无法识别"), N_("请返回上一页重新操作")),
    401: ("sign_in_needed", N_("请先登录"), ""),
    403: ("forbidden", N_("没有权限查看此页"), N_("请使用有权限的账号登录")),
    404: ("not_found", N_("没有找到这个页面"), N_("请核对网址，或返回首页")),
    405: ("method_not_allowed", N_("此地址不支持这种操作"), N_("请返回上一页重新操作")),
    413: ("too_large", N_("提交的内容太大"), N_("单次提交请不要超过 8 MB")),
    414: ("address_too_long", N_("网址太长"), N_("请返回首页重新操作")),
    415: ("media_type", N_("内容类型不支持"), N_("请使用 application/json")),
    422: ("malformed", N_("内容格式不正确"), N_("请核对后重新提交")),
    429: ("too_many_requests", N_("操作过于频繁"), N_("请稍后再试")),
}
_CSRF = ("form_expired", N_("页面已过期，您的操作没有生效"), N_("请刷新页面后再操作一次"))
_BROKEN = ("internal_error", N_("系统出了点问题，您的操作没有生效"), N_("请稍后再试；如仍不行，请把下面的编号告诉客服"))

_SIGN_IN = {
    "citizen": lambda next_page: url_for("sign_in.phone", next=next_page),
    "cashier": lambda next_page: url_for("staff_sign_in.sign_in", **{"as": "cashier", "next": next_page}),
    "officer": lambda next_page: url_for("staff_sign_in.sign_in", **{"as": "officer", "next": next_page}),
}
_LAYOUTS = (("/bureau", "bureau"), ("/staff", "bureau"), ("/till", "merchant"))


@dataclass(frozen=True)
class Problem:
    """What the caller is told."""

    status: int
    code: str
    message: str
    way_out: str
    field: str | None = None
    retryable: bool = False
    retry_after_seconds: int | None = None
    errors: Any = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the members of an RFC 9457 problem; ``code`` and what follows it are our extensions."""
        document = {
            "type": f"urn:voucher:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.message,
            "instance": request.path,
            "code": self.code,
            "field": self.field,
            "way_out": self.way_out,
            "retryable": self.retryable,
            "request_id": request_id(),
        }
        return document if self.errors is None else {**document, "errors": self.errors}


def init_error_pages(app: Flask) -> None:
    # An API door that stores its answers asks here how a refusal is told, since it may not import the roof.
    app.extensions["tell_refusal"] = tell_refusal
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(HTTPException, refused_by_framework)
    app.register_error_handler(DBAPIError, engine_failed)
    app.register_error_handler(PoolTimeout, pool_exhausted)
    app.register_error_handler(Exception, broken)


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status of a refusal's family."""
    return next((int(status) for family, status in STATUSES if isinstance(refusal, family)), 409)


def problem_of(refusal: Refusal) -> Problem:
    """Return what to tell about a refusal, in the reader's language."""
    told = translate(refusal)
    wait = refusal.retry_after_seconds if isinstance(refusal, TooMany | Unavailable) else None
    return Problem(
        status=status_of(refusal),
        code=refusal.code,
        message=told.message,
        way_out=told.way_out,
        field=refusal.field,
        retryable=refusal.retryable,
        retry_after_seconds=wait,
    )


def tell_refusal(refusal: Refusal) -> tuple[int, dict[str, Any]]:
    """Return status and problem document of a refusal that a door answers itself, and count it."""
    g.refusal_code = refusal.code
    problem = problem_of(refusal)
    return problem.status, problem.document()


def refused(refusal: Refusal) -> Response:
    g.refusal_code = refusal.code
    if isinstance(refusal, AudienceSignInNeeded) and not for_machine():
        return _to_sign_in(refusal)
    return answer(problem_of(refusal))


def refused_by_framework(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        response = error.get_response()
        assert isinstance(response, Response)
        return response
    code, message, way_out = _HTTP_TEXTS.get(error.code, _HTTP_TEXTS[400] if error.code < 500 else _BROKEN)
    if isinstance(error, CSRFError):
        code, message, way_out = _CSRF
    kept = ("Allow", "Retry-After", "WWW-Authenticate")
    headers = {name: value for name, value in error.get_headers() if name in kept}
    errors = (getattr(error, "data", None) or {}).get("messages")
    g.refusal_code = code
    return answer(
        Problem(
            status=error.code,
            code=code,
            message=gettext(message),
            way_out=gettext(way_out) if way_out else "",
            field=_first_field(errors),
            errors=errors,
            headers=headers,
        )
    )


def _first_field(errors: Any) -> str | None:
    """Return the first input at fault in {"json": {"bill_fen": […]}}."""
    for by_field in (errors or {}).values():
        if isinstance(by_field, dict):
            return next((str(name) for name in by_field), None)
    return None


def engine_failed(failure: DBAPIError) -> Response:
    refusal = engine_refusal(failure)
    return broken(failure) if refusal is None else refused(refusal)


def pool_exhausted(_failure: PoolTimeout) -> Response:
    return refused(DatabaseBusy())


def broken(failure: Exception) -> Response:
    """Write the failure down under the request's id, and tell the caller only that id."""
    log.error("unexpected", exc_info=failure)
    code, message, way_out = _BROKEN
    g.refusal_code = code
    return answer(Problem(500, code, gettext(message), gettext(way_out)))


def for_machine() -> bool:
    """Return whether the caller reads JSON rather than pages."""
    return request.path.startswith("/api/") or request.path in ("/healthz", "/readyz", "/metrics")


def answer(problem: Problem) -> Response:
    """Return the problem in the form that this caller reads."""
    if for_machine():
        response = Response(
            orjson.dumps(problem.document(), option=orjson.OPT_NON_STR_KEYS), content_type="application/problem+json"
        )
    else:
        response = Response(_page(problem))
    response.status_code = problem.status
    response.headers.extend(problem.headers)
    if problem.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(problem.retry_after_seconds)
    return response


def _page(problem: Problem) -> str:
    fragment = request.headers.get("HX-Request") == "true"
    layout = next((layout for prefix, layout in _LAYOUTS if request.path.startswith(prefix)), "citizen")
    template = "errors/fragment.html" if fragment else f"errors/{layout}.html"
    try:
        return render_template(template, problem=problem, request_id=request_id())
    except Exception as failure:  # the layout itself is broken, or needs what is down
        log.error("error_page_failed", exc_info=failure)
        return render_template("errors/bare.html", problem=problem, request_id=request_id())


def _to_sign_in(refusal: AudienceSignInNeeded) -> Response:
    g.refusal_code = refusal.code
    address = _SIGN_IN[refusal.audience](_page_asked_for())
    if request.headers.get("HX-Request") == "true":
        return Response(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": address})
    response = redirect(address, code=HTTPStatus.SEE_OTHER)
    assert isinstance(response, Response)
    return response


def _page_asked_for() -> str | None:
    """Return the page to come back to: a form's answer cannot be asked for again, so its own page is."""
    if request.headers.get("HX-Request") == "true" or request.method not in ("GET", "HEAD"):
        came_from = request.headers.get("HX-Current-URL") or request.referrer or ""
        own = request.host_url
        return f"/{came_from.removeprefix(own)}" if came_from.startswith(own) else None
    return request.full_path.removesuffix("?")

"""What every answer and every request is held to, whichever door it uses."""

from datetime import timedelta

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from foundation.config import Settings
from foundation.errors import N_, Malformed

csrf = CSRFProtect()

LARGEST_BODY_BYTES = 8 * 1024 * 1024
LARGEST_FORM_PART_BYTES = 1024 * 1024
MOST_FORM_PARTS = 500
SESSION_LIVES_FOR = timedelta(days=30)

#: 'wasm-unsafe-eval' lets the QR decoder be compiled; it allows no script. blob: shows a photo before it is sent.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(self)",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TWO_YEARS_SECONDS = 2 * 365 * 24 * 3600


class NulByte(Malformed):
    code = "nul_byte"
    message = N_("内容里有不能使用的字符")
    way_out = N_("请删除特殊字符后重新填写")


def init_security(app: Flask, settings: Settings) -> None:
    """Set cookie flags, body limits, CSRF protection and the headers."""
    app.config.update(
        SESSION_COOKIE_NAME="voucher",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=SESSION_LIVES_FOR,
        MAX_CONTENT_LENGTH=LARGEST_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM_PART_BYTES,
        MAX_FORM_PARTS=MOST_FORM_PARTS,
        # A till's page stays open all day; the token lives as long as the session it is tied to.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_HEADERS=["X-CSRF-Token"],
    )
    proxies = settings.trusted_proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.before_request(_refuse_nul_bytes)
    csrf.init_app(app)

    always = dict(HEADERS)
    if settings.secure_cookies:
        always["Strict-Transport-Security"] = f"max-age={TWO_YEARS_SECONDS}; includeSubDomains"

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.extend(always)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _refuse_nul_bytes() -> None:
    # PostgreSQL cannot store one and would fail in the middle of an operation.
    if "\x00" in request.path or b"%00" in request.query_string or _form_has_nul():
        raise NulByte


def _form_has_nul() -> bool:
    if request.mimetype not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return False
    return any("\x00" in name or "\x00" in text for name, text in request.form.items(multi=True))

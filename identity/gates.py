"""Gates: every door has one, and it runs before each request of that door.

A gate either lets the caller in, and then ``principal()`` says who it is, or raises a refusal. The roof turns
the refusal into a redirect to the right sign-in page, or into problem+json for the API.
"""

import secrets
from collections.abc import Callable

from flask import Response, after_this_request, current_app, g, request, session
from itsdangerous import BadSignature, URLSafeSerializer

from foundation.crypto import keyed_hash
from identity.accounts import KnownKey, check_api_key, recall_api_key
from identity.errors import ApiKeyRefused, AudienceSignInNeeded, RoleForbidden
from identity.principals import Audience, Principal
from identity.sessions import account_principal, close_session, find_session, open_session

Gate = Callable[[], None]

DEVICE_COOKIE = "device"
DEVICE_COOKIE_SECONDS = 400 * 24 * 3600
#: Requests that only look.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def open_to_all() -> None:
    """Let everyone in; a page that greets who is signed in asks ``signed_in``."""


def citizen() -> None:
    """Let in a signed-in citizen."""
    _let_in("citizen")


def citizen_with_token() -> None:
    """Let on whoever brings a citizen's token; the door looks it up itself (``holders_of``), for many at once.

    Until then ``principal`` does not know them.
    """
    if citizen_token() is None:
        raise AudienceSignInNeeded("citizen")


def citizen_token() -> str | None:
    """Return the citizen's token of this browser, unchecked, or None."""
    token = session.get("citizen")
    return token if isinstance(token, str) else None


def cashier() -> None:
    """Let in a signed-in cashier."""
    _let_in("cashier")


def officer(*roles: str) -> Gate:
    """Return a gate for officers: every role may look, and only ``roles`` (none given: any) may change things."""

    def officer_gate() -> None:
        _let_in("officer")
        if roles and request.method not in SAFE_METHODS:
            require_role(*roles)

    return officer_gate


def till_key() -> None:
    """Let in a till by its X-Api-Key header."""
    key = request.headers.get("X-Api-Key", "")
    if not key:
        raise ApiKeyRefused
    g.principal = account_principal(check_api_key(key, address=request.remote_addr or ""))


def till_key_but(*endpoints: str) -> Gate:
    """Return the gate of ``till_key`` that lets a key which was found right lately on to ``endpoints`` unasked: those
    doors take it (``known_key``) and ask whether it still stands (``accounts.standing``), for many tills at once."""

    def gate() -> None:
        known = recall_api_key(request.headers.get("X-Api-Key", "")) if request.endpoint in endpoints else None
        if known is None:
            till_key()
        else:
            g.known_key, g.principal = known, known.principal

    return gate


def known_key() -> KnownKey | None:
    """Return the key that the gate let on unasked, if it did."""
    found: KnownKey | None = g.get("known_key")
    return found


def _let_in(audience: Audience) -> None:
    who = signed_in(audience)
    if who is None:
        raise AudienceSignInNeeded(audience)
    g.principal = who


def signed_in(audience: Audience) -> Principal | None:
    """Return who of this audience is signed in in this browser, or None; looked up once per request."""
    found: dict[str, Principal | None] = g.setdefault("signed_in", {})
    if audience not in found:
        token = session.get(audience)
        found[audience] = find_session(audience, token) if isinstance(token, str) else None
    return found[audience]


def principal() -> Principal:
    """Return who passed the gate of this request; only behind a gate other than ``open_to_all``."""
    who: Principal = g.principal
    return who


def has_passed(who: Principal) -> None:
    """Say who it is, for a door that looked them up itself."""
    g.principal = who


def require_role(*roles: str) -> None:
    """Let on only an officer of one of ``roles``, or the chief. Refuses RoleForbidden."""
    if principal().role not in (*roles, "chief"):
        raise RoleForbidden


def sign_in(who: Principal) -> None:
    """Sign ``who`` in in this browser under a new token; the old token of this audience ends. Inside a transaction."""
    old = session.get(who.audience)
    if isinstance(old, str):
        close_session(old)
    session.permanent = True
    session[who.audience] = open_session(who, device_hash=device_hash())
    g.pop("signed_in", None)


def sign_out(audience: Audience) -> None:
    """Sign this audience out in this browser. Inside a transaction."""
    token = session.pop(audience, None)
    if isinstance(token, str):
        close_session(token)
    g.pop("signed_in", None)


def device_hash() -> bytes:
    """Return the keyed hash (32 bytes) of this browser's device cookie, which is set on first use."""
    if "device" not in g:
        g.device = _read_device() or _give_device()
    return keyed_hash("device", g.device)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="device")


def _read_device() -> str | None:
    try:
        device = _signer().loads(request.cookies.get(DEVICE_COOKIE, ""))
    except BadSignature:
        return None
    return device if isinstance(device, str) else None


def _give_device() -> str:
    device = secrets.token_urlsafe(16)

    @after_this_request
    def keep(response: Response) -> Response:
        response.set_cookie(
            DEVICE_COOKIE,
            _signer().dumps(device),
            max_age=DEVICE_COOKIE_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        )
        return response

    return device

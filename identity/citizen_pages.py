"""The citizens' sign-in: phone, code, in. And, for who wishes, the real name."""

import base64
import binascii
from uuid import UUID

from cryptography.exceptions import InvalidTag
from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, session, url_for
from sqlalchemy import select

from foundation.crypto import decrypt, encrypt
from foundation.db import db, transaction
from foundation.errors import Refusal
from identity import gates
from identity.citizens import RESEND_AFTER, confirm_sign_in_code, request_sign_in_code, save_real_name
from identity.form_again import form_again
from identity.models import Citizen, OutboxMessage
from identity.next_page import safe_next
from identity.phones import read_phone
from identity.sessions import citizen_principal

blueprint = Blueprint("sign_in", __name__, template_folder="templates")

#: Whose code is awaited; the browser keeps it between two pages, encrypted.
_WAITING = "signing_in"
_PLACE = "session.signing_in"
OUTBOX_LINES = 20


@blueprint.get("")
def phone() -> str:
    """Ask for the phone number."""
    return render_template("identity/phone.html", next_page=_next(), typed="", refusal=None)


@blueprint.post("")
def send_code() -> Response:
    """Send a code and go on to its page."""
    typed = request.form.get("phone", "")
    try:
        number = read_phone(typed)
        _send(number)
    except Refusal as refusal:
        return form_again("identity/phone.html", refusal, next_page=_next(), typed=typed)
    session[_WAITING] = base64.b64encode(encrypt(number, place=_PLACE)).decode()
    return _go(url_for("sign_in.code", next=_next()))


@blueprint.post("/code/again")
def send_code_again() -> Response:
    """Send another code to the same phone."""
    number = _waiting_phone()
    if number is None:
        return _go(url_for("sign_in.phone", next=_next()))
    try:
        _send(number)
    except Refusal as refusal:
        return form_again("identity/code.html", refusal, **_code_page(number))
    return _go(url_for("sign_in.code", next=_next()))


@blueprint.get("/code")
def code() -> Response | str:
    """Ask for the code."""
    number = _waiting_phone()
    if number is None:
        return _go(url_for("sign_in.phone", next=_next()))
    return render_template("identity/code.html", refusal=None, **_code_page(number))


@blueprint.post("/code")
def confirm() -> Response:
    """Check the code and sign in."""
    number = _waiting_phone()
    if number is None:
        return _go(url_for("sign_in.phone", next=_next()))
    try:
        person = confirm_sign_in_code(number, request.form.get("code", ""), device_hash=gates.device_hash())
    except Refusal as refusal:
        return form_again("identity/code.html", refusal, **_code_page(number))
    who = citizen_principal(person)
    with transaction():
        gates.sign_in(who)
    session.pop(_WAITING, None)
    return _go(_next())


@blueprint.post("/out")
def out() -> Response:
    """Sign out in this browser."""
    with transaction():
        gates.sign_out("citizen")
    return _go("/")


@blueprint.get("/real-name")
def real_name() -> str:
    """Show the real name on file, masked, or the form for it."""
    gates.citizen()
    return render_template("identity/real_name.html", refusal=None, **_real_name_page())


@blueprint.post("/real-name")
def keep_real_name() -> Response:
    """Keep the name and the identity number."""
    gates.citizen()
    name, id_number = request.form.get("name", ""), request.form.get("id_number", "")
    try:
        with transaction():
            save_real_name(UUID(gates.principal().id), name=name, id_number=id_number)
    except Refusal as refusal:
        return form_again("identity/real_name.html", refusal, **_real_name_page(typed=name))
    return _go(url_for("sign_in.real_name", next=request.args.get("next")))


@blueprint.get("/outbox")
def outbox() -> str:
    """In the demo, show what would have been sent to the phones; elsewhere there is no such page."""
    if not current_app.config["DEMO"]:
        abort(404)
    statement = select(OutboxMessage).order_by(OutboxMessage.created_at.desc()).limit(OUTBOX_LINES)
    return render_template("identity/outbox.html", messages=db.session.scalars(statement).all())


def _send(number: str) -> None:
    request_sign_in_code(number, device_hash=gates.device_hash(), address=request.remote_addr or "")


def _next() -> str:
    return safe_next(request.args.get("next"), "/")


def _go(address: str) -> Response:
    response = redirect(address, code=303)
    assert isinstance(response, Response)
    return response


def _code_page(number: str) -> dict[str, object]:
    return {
        "phone": number,
        "next_page": _next(),
        "resend_seconds": int(RESEND_AFTER.total_seconds()),
    }


def _real_name_page(typed: str = "") -> dict[str, object]:
    person = db.session.get_one(Citizen, UUID(gates.principal().id))
    return {"person": person, "typed": typed, "next_page": _next()}


def _waiting_phone() -> str | None:
    try:
        return decrypt(base64.b64decode(session.get(_WAITING, ""), validate=True), place=_PLACE)
    except (InvalidTag, ValueError, TypeError, binascii.Error):
        return None

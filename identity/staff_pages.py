"""The sign-in of officers and cashiers: login and password."""

from typing import Literal

from flask import Blueprint, Response, abort, redirect, render_template, request

from foundation.db import transaction
from foundation.errors import Refusal
from identity import gates
from identity.accounts import check_password
from identity.form_again import form_again
from identity.next_page import safe_next
from identity.sessions import account_principal

blueprint = Blueprint("staff_sign_in", __name__, template_folder="templates")

#: Where each kind of account begins its day.
HOME: dict[str, str] = {"officer": "/bureau/", "cashier": "/till/"}


@blueprint.get("")
def sign_in() -> str:
    """Ask for login and password: ``?as=officer`` (the default) or ``?as=cashier``."""
    kind = _kind()
    return render_template(_template(kind), kind=kind, next_page=_next(kind), typed="", refusal=None)


@blueprint.post("")
def check() -> Response:
    """Check the password and sign in."""
    kind = _kind()
    login = request.form.get("login", "")
    try:
        account = check_password(kind, login, request.form.get("password", ""))
    except Refusal as refusal:
        return form_again(_template(kind), refusal, kind=kind, next_page=_next(kind), typed=login)
    with transaction():
        gates.sign_in(account_principal(account))
    return _go(_next(kind))


@blueprint.post("/out")
def out() -> Response:
    """Sign this kind of account out in this browser."""
    kind = _kind()
    with transaction():
        gates.sign_out(kind)
    return _go(f"/staff?as={kind}")


def _kind() -> Literal["officer", "cashier"]:
    kind = request.args.get("as", "officer")
    if kind == "officer":
        return "officer"
    if kind != "cashier":
        abort(404)
    return "cashier"


def _template(kind: str) -> str:
    return f"identity/{kind}_sign_in.html"


def _next(kind: str) -> str:
    return safe_next(request.args.get("next"), HOME[kind])


def _go(address: str) -> Response:
    response = redirect(address, code=303)
    assert isinstance(response, Response)
    return response

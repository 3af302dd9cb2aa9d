"""The bureau's desk for people without a smartphone: claim for them, print, and print again."""

import base64
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import gettext as _

from foundation.db import transaction
from foundation.errors import Refusal
from identity import gates
from identity.form_again import form_again
from voucher import assisted, qr
from voucher.assisted import AssistedLine, Printed
from voucher.errors import ReleaseUnknown
from voucher.holdings import voucher_of

blueprint = Blueprint("assisted_desk", __name__, template_folder="templates")


@blueprint.get("")
def desk() -> str:
    """Show the form and what was claimed lately."""
    return render_template("voucher/bureau_assisted.html", refusal=None, typed={}, found=None, **_page())


@blueprint.post("")
def claim() -> Response:
    """Claim for somebody and show what to print; the code is shown this once."""
    gates.require_role("editor")
    typed = {name: request.form.get(name, "") for name in ("release_id", "name", "id_number", "phone")}
    try:
        with transaction():
            printed = assisted.claim_for(
                _release_id(typed["release_id"]),
                name=typed["name"],
                id_number=typed["id_number"],
                phone=typed["phone"],
                by=gates.principal().actor,
            )
    except Refusal as refusal:
        return form_again("voucher/bureau_assisted.html", refusal, typed=typed, found=None, **_page())
    return _paper(printed)


@blueprint.post("/find")
def find() -> Response:
    """Find what was claimed for somebody by their identity number, which stays out of the address."""
    typed = {"find": request.form.get("find", "")}
    try:
        found = assisted.lines_of(typed["find"])
    except Refusal as refusal:
        return form_again("voucher/bureau_assisted.html", refusal, typed=typed, found=None, **_page())
    page = render_template("voucher/bureau_assisted.html", refusal=None, typed=typed, found=found, **_page())
    return make_response(page)


@blueprint.post("/<uuid:entitlement_id>/print")
def print_again(entitlement_id: UUID) -> Response:
    """Print a voucher again; the earlier paper is no good from now on."""
    gates.require_role("editor")
    try:
        with transaction():
            printed = assisted.print_again(entitlement_id, by=gates.principal().actor)
    except Refusal as refusal:
        return form_again("voucher/bureau_assisted.html", refusal, typed={}, found=None, **_page())
    return _paper([printed])


def _paper(printed: list[Printed]) -> Response:
    lines = assisted.lines_for_print([paper.entitlement_id for paper in printed])
    page = render_template(
        "voucher/bureau_paper.html", papers=[_sheet(paper, lines[paper.entitlement_id]) for paper in printed]
    )
    response = make_response(page)
    # It holds codes that are worth money, so no cache keeps it.
    response.headers["Cache-Control"] = "no-store"
    return response


def _sheet(paper: Printed, line: AssistedLine) -> dict[str, object]:
    picture = base64.b64encode(qr.png(paper.digits)).decode()
    return {
        "voucher": voucher_of(paper.entitlement_id, line.citizen.id),
        "citizen": line.citizen,
        "number": paper.number,
        "groups": [paper.digits[place : place + 4] for place in range(0, len(paper.digits), 4)],
        "picture": f"data:image/png;base64,{picture}",
        "printed_at": paper.printed_at,
    }


def _page() -> dict[str, object]:
    return {
        "releases": assisted.open_releases(),
        "lines": assisted.latest_lines(),
        "states": {
            "claimed": (_("未使用"), "open"),
            "redeemed": (_("已使用"), "good"),
            "expired": (_("已过期"), ""),
        },
    }


def _release_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ReleaseUnknown
    return int(text)

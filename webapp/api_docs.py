"""The API's description (OpenAPI 3.1) and the page that shows it."""

from typing import Any

from flask import Blueprint, Flask, current_app, render_template
from flask_smorest import Api
from flask_smorest import Blueprint as ApiBlueprint

blueprint = Blueprint("api_docs", __name__)

API_VERSION = "1.0.0"
DESCRIPTION = """\
For cash registers of merchants that take part in a campaign.

**Key.** Each till has a key, given out once by the bureau, and sends it in the header `X-Api-Key`.

**Amounts** are whole numbers of fen (1 yuan = 100 fen).

**Repeating a request.** Redeeming and voiding need an `Idempotency-Key`. After a time-out or a lost connection
send the same request with the same key: it is done once, and answered alike, for 48 hours.

**Scanning.** Some vouchers show no code: their holders scan the till. Create a payment request, show its address as a
QR code, renew it each minute, and poll it until it is redeemed.

**Refusals** are problem documents (RFC 9457). `code` is stable; `detail` says why and `way_out` what to tell
the customer; `retryable` says whether sending the same request again can help.
"""

TILL_KEY = {
    "type": "apiKey",
    "in": "header",
    "name": "X-Api-Key",
    "description": "A till's key, as the bureau gave it out.",
}


class _Api(Api):
    """flask-smorest without its own error answers and its own documentation pages."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """Leave every error to webapp/error_pages.py."""

    def _register_doc_blueprint(self) -> None:
        """Leave the pages to the door below, which a strict content security policy allows."""


def describe(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document of every API door of ``app``; built once, when it is first asked for."""
    known: dict[str, Any] | None = app.extensions.get("openapi")
    if known is None:
        known = app.extensions["openapi"] = _build(app)
    return known


def _build(app: Flask) -> dict[str, Any]:
    api = _Api()
    app.config.update(API_TITLE="Voucher POS API", API_VERSION=API_VERSION, OPENAPI_VERSION="3.1.0")
    api.init_app(app, spec_kwargs={"info": {"description": DESCRIPTION}})
    api.spec.components.security_scheme("tillKey", TILL_KEY)
    for door in app.blueprints.values():
        if isinstance(door, ApiBlueprint):
            door.register_views_in_doc(api, app, api.spec, name=door.name, parameters=None)
            api.spec.tag({"name": door.name, "description": door.description})
    document: dict[str, Any] = api.spec.to_dict()
    for unused in ("Error", "PaginationMetadata"):
        document["components"]["schemas"].pop(unused, None)
    document["components"].pop("responses", None)
    return document


@blueprint.get("")
def page() -> str:
    """Show the description to people."""
    return render_template("api_docs.html")


@blueprint.get("/openapi.json")
def description() -> dict[str, Any]:
    """Give the description to programs."""
    return describe(current_app)

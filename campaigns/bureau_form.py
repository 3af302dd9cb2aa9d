"""The bureau's form of a campaign file: filled, looked at while it is typed, and kept as a draft."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from campaigns import drafting, notice, reading
from campaigns.campaign_file import DefinitionFaulty
from campaigns.definition import Definition
from campaigns.form.draft import ORIGINAL, Draft, example, examples
from campaigns.form.typed import TICKED
from campaigns.notice_parts import numerals
from foundation.db import transaction
from foundation.errors import N_, Malformed, Refusal
from identity import gates
from identity.form_again import form_again

blueprint = Blueprint("form_desk", __name__, template_folder="templates")

PAGE = "campaigns/bureau_form.html"


class FormIncomplete(Malformed):
    code = "campaign_form_incomplete"
    message = N_("还有 %(count)s 处需要填写或修改")
    way_out = N_("点下面的每一条可以到相应的位置；已填的内容都还在")


@blueprint.get("/form")
def start() -> str:
    """Show an empty form, or one filled from an example."""
    text = example(request.args.get("example", ""))
    return _page(Draft.of(text) if text else Draft.blank(), starting=not text)


@blueprint.get("/<int:campaign_id>/versions/<int:number>/form")
def of_version(campaign_id: int, number: int) -> str:
    """Show the form filled from a version; saving makes a new one."""
    found = reading.version(campaign_id, number)
    draft = Draft.of(found.document)
    definition, faults = draft.check()
    return _page(draft, definition=definition, faults=faults, version=found)


def form_of(text: str) -> str:
    """Return the form filled from a text that is not kept yet. Refuses DefinitionFaulty for what is no TOML."""
    return _page(Draft.of(text))


@blueprint.post("/form")
def send() -> Response | str:
    """Do what was pressed: change rows, check, go to the text, or keep a draft. What was typed always stays."""
    gates.require_role("editor")
    draft = _posted()
    pressed = request.form.get("do", "again")
    if pressed == "text":
        return render_template("campaigns/bureau_import.html", text=draft.text, faults=(), refusal=None, checked=None)
    if pressed not in ("save", "check"):
        return _page(draft, touched=draft.change(pressed), unsaved=True)
    definition, faults = draft.check()
    if faults:
        return _again(FormIncomplete(count=len(faults)), draft, faults=faults)
    if pressed == "check":
        return _page(draft, definition=definition, checked=True)
    try:
        with transaction():
            version = drafting.import_draft(draft.text, by=gates.principal().actor)
            campaign_id, number = version.campaign_id, version.number
            address = url_for("campaigns_desk.version", campaign_id=campaign_id, number=number, kept=1)
    except DefinitionFaulty as refusal:
        return _again(refusal, draft, definition=definition, faults=refusal.faults)
    except Refusal as refusal:
        return _again(refusal, draft, definition=definition)
    flash(_("已存为草稿，请另一位同事核对后发布。"))
    response = redirect(address, code=303)
    assert isinstance(response, Response)
    return response


@blueprint.post("/form/preview")
def preview() -> str:
    """Return what the citizen would see and what the notice would say, of a form that may be unfinished."""
    gates.require_role("editor")
    draft = _posted()
    definition, faults = draft.check()
    return render_template("campaigns/_form_preview.html", live=True, **_seen(draft, definition, faults))


def _posted() -> Draft:
    return Draft.posted({name: request.form.getlist(name) for name in request.form})


def _seen(draft: Draft, definition: Definition | None, faults: Any) -> dict[str, Any]:
    """Return what previews show: cards of every offer that is whole, the notice only of a whole file."""
    return {
        "draft": draft,
        "definition": definition,
        "offers": definition.offers if definition else draft.offers(),
        "fault_count": len(faults),
        "codes": draft.codes(),
        "notice": notice.notice(definition) if definition else None,
        "numerals": numerals,
    }


def _context(
    draft: Draft, *, definition: Definition | None = None, faults: Any = (), touched: str = "", **more: Any
) -> dict[str, Any]:
    if definition is None and not faults:
        # Looked at, not yet sent: what is missing is counted beside the preview, but nothing is marked red.
        definition, unsaid = draft.check()
    else:
        unsaid = faults
    return {
        "form": draft.form(faults),
        "touched": touched,
        "examples": examples(),
        "original": ORIGINAL,
        "ticked": TICKED,
        "version": None,
        "starting": False,
        "checked": False,
        "unsaved": False,
        **more,
        **_seen(draft, definition, unsaid),
    }


def _page(draft: Draft, **more: Any) -> str:
    return render_template(PAGE, refusal=None, **_context(draft, **more))


def _again(refusal: Refusal, draft: Draft, **more: Any) -> Response:
    return form_again(PAGE, refusal, **_context(draft, **more))

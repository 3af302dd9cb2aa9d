"""The bureau's page of the seals: the newest to be printed, who has verified them when, and the file for an auditor."""

from pathlib import Path

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from foundation.db import transaction
from foundation.ids import LARGEST_ROW_ID
from identity import gates
from identity.directory import officer_names
from ledger import seal_checks, seal_export, sealing, words
from ledger.seal_checks import SealMalformed, Verdict

blueprint = Blueprint("seals_desk", __name__, template_folder="templates")

SCRIPT = Path(__file__).parent.parent / "docs" / "verify_seals.py"
#: Whose work it is to look at every row; the chief may as well.
READERS = ("auditor", "finance")
#: Rows that are recomputed while somebody waits: some ten seconds. More are for the command and the nightly job.
AT_ONCE = 2_000_000


@blueprint.get("")
def seals() -> str:
    """Show the newest seal, the verifications and the history."""
    return _page()


@blueprint.post("")
def verify() -> str:
    """Recompute the whole chain now, and write down who asked."""
    _seals, rows = seal_checks.size()
    if rows > AT_ONCE:
        return _page()
    typed = request.form.get("expect", "").strip()
    try:
        verdict = seal_checks.verify([seal_checks.expected(typed)] if typed else [])
    except SealMalformed as refusal:
        return _page(refusal=refusal)
    with transaction():
        seal_checks.record(verdict, gates.principal().actor)
    return _page(verdict)


@blueprint.get("/seals.tsv")
def file() -> Response:
    """Download every seal and the rows under it, as they are read: nothing of it is held here."""
    gates.require_role(*READERS)
    response = Response(seal_export.chunks(), content_type="text/tab-separated-values")
    response.headers.set("Content-Disposition", "attachment", filename=seal_export.FILE_NAME)
    return response


@blueprint.get("/verify_seals.py")
def script() -> Response:
    """Download the script that recomputes the file with nothing but Python."""
    response = Response(SCRIPT.read_text(encoding="utf-8"), content_type="text/x-python; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename="verify_seals.py")
    return response


def _page(verdict: Verdict | None = None, refusal: SealMalformed | None = None) -> str:
    count, rows = seal_checks.size()
    checks = seal_checks.last_checks()
    names = officer_names(check.checked_by for check in checks)
    own = {"job": _("系统自动"), "terminal": _("命令行")}
    return render_template(
        "settlement/seals.html",
        newest=sealing.newest_seal(),
        short=sealing.short,
        count=count,
        rows=rows,
        page=seal_checks.history(request.args.get("page", 1, type=_row_id)),
        checks=checks,
        who={each.checked_by: names.get(each.checked_by) or _who(each.checked_by, own) for each in checks},
        verdict=verdict,
        refusal=refusal,
        typed=request.form.get("expect", ""),
        kinds=seal_checks.KINDS,
        tables=words.SEALED,
        may_read=gates.principal().role in (*READERS, "chief"),
        too_many=rows > AT_ONCE,
    )


def _who(actor: str, own: dict[str, str]) -> str:
    """Return a name for who verified without being an officer: the nightly job, or somebody at a terminal."""
    kind, _colon, name = actor.partition(":")
    if kind == "terminal":
        return f"{own[kind]} {name}"
    return own.get(kind, actor)


def _row_id(text: str) -> int:
    number = int(text)
    if not 0 < number <= LARGEST_ROW_ID:
        raise ValueError(text)
    return number

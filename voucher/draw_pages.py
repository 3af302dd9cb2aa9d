"""The public page of a draw: what it is bound to, its files, and the citizen's own entry."""

from pathlib import Path
from uuid import UUID

from flask import Blueprint, Response, render_template

from identity import gates
from voucher import draws

#: Anyone may look at a draw and recompute it.
draw_pages = Blueprint("draw_pages", __name__, template_folder="templates")

SCRIPT = Path(__file__).parent.parent / "docs" / "verify_draw.py"


@draw_pages.get("/draws/<int:draw_id>")
def draw(draw_id: int) -> str:
    """Show one draw."""
    view = draws.draw_view(draw_id)
    citizen = gates.signed_in("citizen")
    mine = draws.entries_of(UUID(citizen.id), [view.id]) if citizen else []
    return render_template("voucher/draw.html", draw=view, mine=mine, citizen=citizen)


@draw_pages.get("/draws/<int:draw_id>/entries.txt")
def entries(draw_id: int) -> Response:
    """Download the list of entries."""
    return _file(draws.entries_file(draw_id), "text/plain", "entries.txt")


@draw_pages.get("/draws/<int:draw_id>/draw.json")
def draw_document(draw_id: int) -> Response:
    """Download commitment, seed and list's hash."""
    return _file(draws.draw_file(draw_id), "application/json", "draw.json")


@draw_pages.get("/draws/<int:draw_id>/result.csv")
def result(draw_id: int) -> Response:
    """Download who was considered, in order, and what became of it."""
    return _file(draws.result_file(draw_id), "text/csv", "result.csv")


@draw_pages.get("/draws/<int:draw_id>/verify_draw.py")
def script(draw_id: int) -> Response:
    """Download the script that recomputes a draw."""
    draws.draw_view(draw_id)
    return _file(SCRIPT.read_text(encoding="utf-8"), "text/x-python", "verify_draw.py")


def _file(text: str, kind: str, name: str) -> Response:
    response = Response(text, content_type=f"{kind}; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response

"""The bureau's pages of draws: what was committed to, how far each is, and who won, masked."""

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from voucher import draws

blueprint = Blueprint("draws_desk", __name__, template_folder="templates")

WINNERS_PER_PAGE = 100


@blueprint.get("")
def all_draws() -> str:
    """List every draw."""
    return render_template("voucher/bureau_draws.html", draws=draws.all_draws(), states=_states())


@blueprint.get("/<int:draw_id>")
def draw(draw_id: int) -> str:
    """Show one draw."""
    view = draws.draw_view(draw_id)
    text = request.args.get("page", "1")
    page = int(text) if text.isascii() and text.isdigit() and 0 < len(text) <= 6 else 1
    considered = sum(count for state, count in view.counts.items() if state != "entered")
    return render_template(
        "voucher/bureau_draw.html",
        draw=view,
        states=_states(),
        entry_states=_entry_states(),
        winners=draws.winners_of(draw_id, page=max(page, 1), per_page=WINNERS_PER_PAGE),
        page=max(page, 1),
        page_count=-(-considered // WINNERS_PER_PAGE),
        considered=considered,
        page_address=lambda number: url_for("draws_desk.draw", draw_id=draw_id, page=number),
    )


def _states() -> dict[str, tuple[str, str]]:
    """Return state → (word, tone of the badge)."""
    return {
        "committed": (_("等待报名截止"), "open"),
        "listed": (_("名单已公布，等待开奖"), "soon"),
        "drawn": (_("已开奖"), "good"),
        "finished": (_("已结束"), ""),
    }


def _entry_states() -> dict[str, tuple[str, str]]:
    return {
        "won": (_("中签，待领取"), "soon"),
        "granted": (_("已到账"), "good"),
        "lapsed": (_("逾期未领，已递补"), ""),
        "passed_over": (_("已达领取上限，顺延"), ""),
    }

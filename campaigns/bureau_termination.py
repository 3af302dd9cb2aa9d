"""The bureau's forms for ending a campaign early: one person proposes, another approves."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _

from campaigns import termination
from foundation.db import transaction
from identity import gates

blueprint = Blueprint("termination_desk", __name__, template_folder="templates")


@blueprint.post("/<int:campaign_id>/termination")
def propose(campaign_id: int) -> Response:
    """Propose that a campaign ends now."""
    gates.require_role("editor")
    with transaction():
        termination.propose(campaign_id, request.form.get("reason", ""), by=gates.principal().actor)
    flash(_("已提交，请另一位同事审定。审定前活动照常进行。"))
    return _back(campaign_id)


@blueprint.post("/<int:campaign_id>/termination/approve")
def approve(campaign_id: int) -> Response:
    """End a campaign at once."""
    gates.require_role("editor")
    with transaction():
        termination.approve(campaign_id, by=gates.principal().actor)
    flash(_("活动已提前终止：各轮已关闭，未领的资金已退回资金池；市民已领的券不变。"))
    return _back(campaign_id)


@blueprint.post("/<int:campaign_id>/termination/withdraw")
def withdraw(campaign_id: int) -> Response:
    """Take a proposal back."""
    gates.require_role("editor")
    with transaction():
        termination.withdraw(campaign_id)
    flash(_("已撤回，活动照常进行。"))
    return _back(campaign_id)


def _back(campaign_id: int) -> Response:
    response = redirect(url_for("campaigns_desk.campaign", campaign_id=campaign_id), code=303)
    assert isinstance(response, Response)
    return response

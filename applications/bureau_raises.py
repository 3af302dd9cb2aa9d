"""The bureau's page of raised awards: whom a version would touch and what that costs, and afterwards how far it is."""

from flask import Blueprint, render_template
from flask_babel import gettext as _

from applications import repricing
from campaigns import award_tables, reading
from campaigns.models import CampaignVersion
from foundation.db import db
from identity import gates
from ledger import accounts
from ledger.posting import balance_fen

blueprint = Blueprint("raises_desk", __name__, template_folder="templates")


@blueprint.get("/<int:campaign_id>/<int:number>")
def version(campaign_id: int, number: int) -> str:
    """Show what a version that raises awards does to the applications that there are."""
    gates.principal()
    found = reading.version(campaign_id, number)
    is_amendment = found.amends_id is not None
    in_force = found.status == "published" and found.campaign.version_id is not None and _in_force(found)
    upcoming = is_amendment and found.status != "discarded" and not in_force
    outdated = upcoming and found.amends_id != found.campaign.version_id
    return render_template(
        "applications/bureau_raises.html",
        version=found,
        campaign=found.campaign,
        since=award_tables.since_of(found) if is_amendment else None,
        raises=is_amendment and bool(award_tables.raises_of(found)),
        groups=repricing.preview(found.id) if upcoming and not outdated and award_tables.raises_of(found) else None,
        outdated=outdated,
        progress=repricing.progress(found.id) if in_force else None,
        pool_fen=_pool_fen(found),
        names=_names(),
    )


def _in_force(version: CampaignVersion) -> bool:
    """Whether a version is, or once was, the one in force: a later one amends it, directly or not."""
    campaign = version.campaign
    current: int | None = campaign.version_id
    while current is not None:
        if current == version.id:
            return True
        current = db.session.get_one(CampaignVersion, current).amends_id
    return False


def _pool_fen(version: CampaignVersion) -> int:
    """Return what the campaign's pools hold now, all sources together."""
    return sum(balance_fen(accounts.budget(version.campaign_id, source)) for source in award_tables.sources_of(version))


def _names() -> dict[str, tuple[str, str]]:
    """Return group or state → (word, what happens to it)."""
    return {
        "reviewing": (_("审核和公示中"), _("按新标准重新核定，加占差额")),
        "approved": (_("已批准"), _("补发差额：与原来的补贴同样兑付")),
        "waiting": (_("候补中"), _("转为受理时按新标准")),
        "draft": (_("因没有合适的档次没能提交的"), _("发短信告知可以提交；金额在提交时才占用")),
        "added": (_("已重新核定"), _("差额已加占")),
        "granted": (_("已补发"), _("差额已发放或待拨付")),
        "lapsed": (_("不再补差"), _("申请已结束、已退车，或补正时已按新标准核定")),
        "owed": (_("等候资金"), _("资金池有钱时，按受理序号依次补")),
    }

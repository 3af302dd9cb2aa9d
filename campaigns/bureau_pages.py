"""The bureau's pages of campaigns: the list, a campaign and its money, drafts and their publication."""

import difflib
from collections.abc import Collection, Sequence
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from campaigns import award_tables, drafting, notice, reading, termination
from campaigns.bureau_form import form_of
from campaigns.campaign_file import DefinitionFaulty, Fault, check
from campaigns.comparison import WORDS, Change, compare, words_of
from campaigns.definition import KINDS, LEVELS, Definition
from campaigns.models import Campaign, CampaignRound, CampaignVersion, Offer, Release
from campaigns.notice_parts import numerals
from campaigns.places import city_name, county_name, industry_name
from foundation import clock
from foundation.db import db, transaction
from foundation.errors import Refusal
from identity import gates
from identity.directory import officer_names
from identity.form_again import form_again
from ledger import naming, words
from ledger.accounts import AccountKind
from ledger.reading import money_by_source

blueprint = Blueprint("campaigns_desk", __name__, template_folder="templates")

#: Kinds of account that most campaigns do not need.
_SELDOM = (AccountKind.PLEDGED, AccountKind.RETURNED, AccountKind.BORNE, AccountKind.RESERVED, AccountKind.DUE)


@blueprint.get("")
def campaigns() -> str:
    """List every campaign."""
    return render_template("campaigns/bureau_list.html", lines=reading.all_campaigns(), phases=_phases())


@blueprint.get("/import")
def import_form() -> str:
    """Show where a campaign file is put in."""
    return render_template("campaigns/bureau_import.html", text="", faults=(), refusal=None, checked=None)


@blueprint.post("/import")
def import_file() -> Response | str:
    """Check a campaign file, and keep it as a draft when that was asked for; the text is never lost."""
    gates.require_role("editor")
    text = ""
    try:
        text = _given_text()
        if request.form.get("do") == "form":
            return form_of(text)
        definition = check(text)
        if request.form.get("do") != "import":
            return _import_page(text, checked=definition)
        with transaction():
            version = drafting.import_draft(text, by=gates.principal().actor)
            address = _version_address(version)
    except DefinitionFaulty as faulty:
        return _import_page(text, refusal=faulty, faults=faulty.faults)
    except Refusal as refusal:
        return _import_page(text, refusal=refusal)
    flash(_("已存为草稿，请另一位同事核对后发布。"))
    return _go(address)


@blueprint.get("/<int:campaign_id>")
def campaign(campaign_id: int) -> str:
    """Show a campaign: its money, its rounds, its offers and its versions."""
    found = reading.campaign(campaign_id)
    versions = drafting.versions_of(found.id)
    money = money_by_source(found.id)
    return render_template(
        "campaigns/bureau_campaign.html",
        campaign=found,
        phase=reading.phase_of(found, clock.now()),
        phases=_phases(),
        kinds=KINDS,
        city=city_name(found.city),
        money=money,
        # Most campaigns have no merchant's share, and need no column for it.
        kinds_of_money=[
            kind for kind in words.CAMPAIGN_KINDS if kind not in _SELDOM or any(row.fen(kind) for row in money)
        ],
        money_words=words.KINDS,
        sources=reading.source_names([row.fund_source_id for row in money]),
        rounds=reading.rounds_of(found.id),
        round_phases=round_phases(),
        **_termination(found.id),
        versions=versions,
        version_states=_version_states(),
        names=_names(versions),
        definition=_definition_in_force(versions, found.version_id),
        county_name=county_name,
        industry_name=industry_name,
    )


@blueprint.get("/<int:campaign_id>/versions/<int:number>")
def version(campaign_id: int, number: int) -> str:
    """Show one version: what it says, what the citizen will see, and what changed since the one before."""
    found = reading.version(campaign_id, number)
    definition, faults = _read(found)
    me = gates.principal().actor
    return render_template(
        "campaigns/bureau_version.html",
        version=found,
        campaign=found.campaign,
        definition=definition,
        faults=faults,
        version_states=_version_states(),
        names=_names([found]),
        levels=LEVELS,
        county_name=county_name,
        industry_name=industry_name,
        notice=notice.notice(definition) if definition else None,
        numerals=numerals,
        changes=_changes(found),
        meant=_meant_changes(found, definition),
        change_words=WORDS,
        words_of=words_of,
        raises=definition is not None and bool(award_tables.raises_of(found)),
        why_not_publish=_why_not_publish(own=found.drafted_by == me),
    )


def _why_not_publish(*, own: bool) -> str:
    return _("不能发布自己拟的稿，请另一位同事发布") if own else ""


@blueprint.post("/<int:campaign_id>/versions/<int:number>/publish")
def publish(campaign_id: int, number: int) -> Response:
    """Put a draft in force, by another person than its drafter."""
    gates.require_role("editor")
    with transaction():
        drafting.publish(reading.version(campaign_id, number).id, by=gates.principal().actor)
    flash(_("已发布。各轮会按时开放，预算已记入总账。"))
    return _go(url_for("campaigns_desk.campaign", campaign_id=campaign_id))


@blueprint.post("/<int:campaign_id>/versions/<int:number>/discard")
def discard(campaign_id: int, number: int) -> Response:
    """Put a draft aside for good."""
    gates.require_role("editor")
    with transaction():
        drafting.discard(reading.version(campaign_id, number).id, by=gates.principal().actor)
    flash(_("草稿已作废，文本仍可查看。"))
    return _go(url_for("campaigns_desk.campaign", campaign_id=campaign_id))


@blueprint.get("/<int:campaign_id>/versions/<int:number>/document")
def document(campaign_id: int, number: int) -> Response:
    """Download the campaign file of a version."""
    found = reading.version(campaign_id, number)
    response = Response(found.document, content_type="application/toml; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=f"{found.campaign.code}-v{found.number}.toml")
    return response


@blueprint.get("/<int:campaign_id>/versions/<int:number>/notice")
def public_notice(campaign_id: int, number: int) -> Response:
    """Download the public notice that a version says, as text."""
    found = reading.version(campaign_id, number)
    text = notice.as_text(notice.notice(check(found.document)))
    response = Response(text, content_type="text/plain; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=f"{found.campaign.code}-v{found.number}.txt")
    return response


def _import_page(
    text: str,
    *,
    refusal: Refusal | None = None,
    faults: Sequence[Fault] = (),
    checked: Definition | None = None,
) -> Response | str:
    page: dict[str, Any] = {"text": text, "faults": faults, "checked": checked}
    if refusal is None:
        return render_template("campaigns/bureau_import.html", refusal=None, **page)
    return form_again("campaigns/bureau_import.html", refusal, **page)


def _given_text() -> str:
    """Return the uploaded file's text, or what was typed when there is no file. Refuses DefinitionFaulty."""
    uploaded = request.files.get("file")
    if uploaded is None or not uploaded.filename:
        # Browsers send a text area's lines with carriage returns.
        return request.form.get("text", "").replace("\r\n", "\n")
    try:
        return uploaded.read().decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        raise DefinitionFaulty([Fault(_("全文"), _("不是 UTF-8 编码的文本，请另存为 UTF-8 后再试"))]) from failure


def _read(found: CampaignVersion) -> tuple[Definition | None, Sequence[Fault]]:
    # The rules of campaign files may have grown since an old draft was imported.
    try:
        return check(found.document), ()
    except DefinitionFaulty as faulty:
        return None, faulty.faults


def _definition_in_force(versions: Sequence[CampaignVersion], version_id: int | None) -> Definition | None:
    shown = next((found for found in versions if found.id == version_id), versions[0] if versions else None)
    return _read(shown)[0] if shown else None


def _changes(found: CampaignVersion) -> list[tuple[str, str]]:
    """Return (kind, line) for each changed line since the version before: kind is "add", "gone" or "same"."""
    before = _version_before(found)
    if before is None:
        return []
    kinds = {"+": "add", "-": "gone", " ": "same"}
    lines = difflib.unified_diff(before.document.splitlines(), found.document.splitlines(), n=2, lineterm="")
    return [(kinds[line[0]], line[1:]) for line in list(lines)[2:] if line[0] in kinds]


def _meant_changes(found: CampaignVersion, definition: Definition | None) -> list[Change]:
    """Return what changed by meaning since the version before, where both can be read."""
    before = _version_before(found)
    earlier = _read(before)[0] if before else None
    return compare(earlier, definition) if earlier and definition else []


def _version_before(found: CampaignVersion) -> CampaignVersion | None:
    if found.amends_id is not None:
        return db.session.get(CampaignVersion, found.amends_id)
    return db.session.scalar(
        select(CampaignVersion).where(
            CampaignVersion.campaign_id == found.campaign_id, CampaignVersion.number == found.number - 1
        )
    )


def _termination(campaign_id: int) -> dict[str, Any]:
    """Return what the page says of a campaign's early end."""
    ending = termination.of_campaign(campaign_id)
    people = officer_names([ending.proposed_by, ending.approved_by] if ending else [])
    return {"termination": ending, "termination_names": people, "me": gates.principal().actor}


def _names(versions: Sequence[CampaignVersion]) -> dict[str, str]:
    return officer_names(actor for found in versions for actor in (found.drafted_by, found.published_by))


def _version_address(found: CampaignVersion) -> str:
    return url_for("campaigns_desk.version", campaign_id=found.campaign_id, number=found.number)


def _go(address: str) -> Response:
    response = redirect(address, code=303)
    assert isinstance(response, Response)
    return response


def _phases() -> dict[str, tuple[str, str]]:
    """Return phase → (word, tone of the badge)."""
    return {
        "draft": (_("未发布"), ""),
        "upcoming": (_("待开始"), "soon"),
        "running": (_("进行中"), "open"),
        "ended": (_("已结束"), ""),
    }


def round_phases() -> dict[str, tuple[str, str]]:
    """Return phase → (word, tone of the badge)."""
    return {
        "upcoming": (_("待开放"), "soon"),
        "open": (_("领取中"), "open"),
        "sold_out": (_("已领完"), "good"),
        "closed": (_("已截止"), ""),
    }


def _version_states() -> dict[str, tuple[str, str]]:
    return {
        "draft": (_("草稿"), "soon"),
        "published": (_("已发布"), "good"),
        "discarded": (_("已作废"), ""),
    }


# The ledger shows accounts of campaigns, offers and releases by these names, and links to their documents.


def _campaign_names(ids: Collection[int]) -> dict[int, str]:
    return dict(db.session.execute(select(Campaign.id, Campaign.name).where(Campaign.id.in_(ids))).all())


def _offer_names(ids: Collection[int]) -> dict[int, str]:
    return dict(db.session.execute(select(Offer.id, Offer.name).where(Offer.id.in_(ids))).all())


def _release_names(ids: Collection[int]) -> dict[int, str]:
    return dict(
        db.session.execute(
            select(Release.id, CampaignRound.name)
            .join(CampaignRound, CampaignRound.id == Release.round_id)
            .where(Release.id.in_(ids))
        ).all()
    )


def _version_page(document_id: str) -> str | None:
    found = db.session.get(CampaignVersion, int(document_id))
    return _version_address(found) if found else None


def _release_page(document_id: str) -> str | None:
    campaign_id = db.session.scalar(
        select(CampaignRound.campaign_id)
        .join(Release, Release.round_id == CampaignRound.id)
        .where(Release.id == int(document_id))
    )
    return url_for("campaigns_desk.campaign", campaign_id=campaign_id, _anchor="rounds") if campaign_id else None


naming.register_names("campaign", _campaign_names)
naming.register_names("fund_source", reading.source_names)
naming.register_names("offer", _offer_names)
naming.register_names("release", _release_names)
naming.register_page("campaign_version", _version_page)
naming.register_page("release", _release_page)

import hashlib

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from campaigns import drafting
from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.errors import (
    CampaignAlreadyPublished,
    CampaignUnknown,
    FourEyesNeeded,
    FundSourceDiffers,
    KindNotOpenYet,
    VersionNotDraft,
    VersionUnknown,
)
from campaigns.models import Campaign, CampaignRound, CampaignVersion, FundSource, Offer, Release
from foundation.db import db, transaction
from foundation.states import StateChange
from ledger import accounts
from ledger.posting import balance_fen
from tests.world import DRAFTER, PUBLISHER, done, everything, offer, published, spring, subsidy, toml


def draft(document=None, by=DRAFTER):
    return done(lambda: drafting.import_draft(toml(document or spring()), by=by).id)


def publish(version_id, by=PUBLISHER):
    return done(lambda: drafting.publish(version_id, by=by).id)


def refused(refusal, work):
    """Do what must be refused, and see that nothing has changed."""
    before = everything()
    with pytest.raises(refusal) as raised:
        done(work)
    assert everything() == before
    return raised.value


def renamed(code):
    document = spring()
    document["campaign"]["code"] = code
    return document


def test_a_draft_keeps_the_text_as_it_was_written(clock, app):
    written = "# 第一稿\n" + toml(spring())
    version_id = done(lambda: drafting.import_draft(written, by=DRAFTER).id)
    version = db.session.get_one(CampaignVersion, version_id)
    assert (version.document, version.status, version.number) == (written, "draft", 1)
    assert version.sha256 == hashlib.sha256(written.encode()).hexdigest()
    assert (version.drafted_by, version.published_by) == (DRAFTER, None)
    assert drafting.export("spring") == written


def test_what_was_exported_can_be_imported_again(clock, app):
    campaign = published()
    exported = drafting.export("spring")
    again = exported.replace('"spring"', '"summer"')
    done(lambda: drafting.import_draft(again, by=DRAFTER))
    assert check(drafting.export("summer")).offers == check(exported).offers
    assert drafting.export("spring") == exported
    assert campaign.version_id


def test_a_faulty_file_makes_no_draft(clock, app):
    refused(DefinitionFaulty, lambda: drafting.import_draft("", by=DRAFTER))


def test_a_second_draft_is_a_version_of_its_own(clock, app):
    first = draft()
    document = spring()
    document["campaign"]["name"] = "春季消费券（修订）"
    second = draft(document)
    campaign = db.session.scalar(select(Campaign))
    assert [(v.id, v.number) for v in drafting.versions_of(campaign.id)] == [(second, 2), (first, 1)]
    assert (campaign.name, campaign.version_id) == ("春季消费券（修订）", None)


def test_publishing_makes_offers_rounds_and_budgets(clock, app):
    campaign = published()
    row = db.session.get_one(Campaign, campaign.id)
    assert (row.version_id, row.city, row.name) == (campaign.version_id, "4417", "春季消费券")
    an_offer = db.session.scalar(select(Offer))
    assert (an_offer.face_value_fen, an_offer.threshold_fen) == (5_000, 20_000)
    assert (an_offer.county, an_offer.industry) == ("441702", "catering")
    assert db.session.scalar(select(CampaignRound)).status == "scheduled"
    release = db.session.scalar(select(Release))
    assert (release.stock, release.released, release.remaining) == (10, 0, 0)
    assert (campaign.pool_fen("city"), campaign.pool_fen("jiangcheng")) == (10_000_000, 10_000_000)
    assert balance_fen(accounts.treasury(campaign.sources["city"])) == -10_000_000


def test_an_offer_for_several_places_is_reported_under_none(clock, app):
    published(spring(offers=[offer(scope={"counties": ["441702", "441704"]})]))
    an_offer = db.session.scalar(select(Offer))
    assert (an_offer.county, an_offer.industry) == ("", "")


def test_publishing_is_on_the_history_with_who_and_under_which_version(clock, app):
    campaign = published()
    steps = db.session.execute(
        select(StateChange.machine, StateChange.event, StateChange.actor, StateChange.campaign_version_id).order_by(
            StateChange.id
        )
    ).all()
    assert [tuple(step) for step in steps] == [
        ("campaign_version", "draft", DRAFTER, campaign.version_id),
        ("campaign_version", "publish", PUBLISHER, campaign.version_id),
        ("campaign_round", "schedule", PUBLISHER, campaign.version_id),
    ]


def test_nobody_publishes_what_they_drafted(clock, app):
    version_id = draft()
    refused(FourEyesNeeded, lambda: drafting.publish(version_id, by=DRAFTER))


def test_the_database_itself_keeps_two_people_apart(clock, app):
    version_id = draft()
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(
            text("UPDATE campaign_version SET status = 'published', published_by = drafted_by WHERE id = :id"),
            {"id": version_id},
        )


@pytest.mark.parametrize(("kind", "name"), [("car_subsidy", "购车补贴")])
def test_a_kind_whose_doors_are_not_there_is_kept_as_a_draft_and_not_published(clock, app, kind, name):
    version_id = draft(subsidy(kind))
    refusal = refused(KindNotOpenYet, lambda: drafting.publish(version_id, by=PUBLISHER))
    assert (refusal.code, refusal.params) == ("kind_not_open_yet", {"kind": name})
    assert "还不能发布" in refusal.message % refusal.params


def test_a_version_is_published_once(clock, app):
    version_id = draft()
    publish(version_id)
    refused(VersionNotDraft, lambda: drafting.publish(version_id, by=PUBLISHER))


def test_of_two_drafts_one_is_published(clock, app):
    first, second = draft(), draft()
    publish(second)
    refused(CampaignAlreadyPublished, lambda: drafting.publish(first, by=PUBLISHER))


def test_a_published_campaign_takes_no_new_draft(clock, app):
    published()
    refusal = refused(CampaignAlreadyPublished, lambda: drafting.import_draft(toml(spring()), by=DRAFTER))
    assert refusal.params == {"campaign": "spring"}


def test_the_draft_that_is_published_describes_the_campaign(clock, app):
    first = draft()
    document = spring()
    document["campaign"]["name"] = "后来的稿子"
    draft(document)
    publish(first)
    db.session.expire_all()
    assert db.session.scalar(select(Campaign.name)) == "春季消费券"


def test_a_version_that_does_not_exist_is_not_published(clock, app):
    refused(VersionUnknown, lambda: drafting.publish(99, by=PUBLISHER))


def test_a_discarded_draft_is_gone_for_good(clock, app):
    version_id = draft()
    done(lambda: drafting.discard(version_id, by=DRAFTER))
    refused(VersionNotDraft, lambda: drafting.publish(version_id, by=PUBLISHER))
    refused(VersionNotDraft, lambda: drafting.discard(version_id, by=DRAFTER))


def test_what_is_published_is_not_discarded(clock, app):
    campaign = published()
    refused(VersionNotDraft, lambda: drafting.discard(campaign.version_id, by=PUBLISHER))


def test_an_unknown_campaign_is_not_exported(app):
    with pytest.raises(CampaignUnknown):
        drafting.export("spring")


def test_a_source_that_funds_a_second_campaign_is_the_same_source(clock, app):
    first = published()
    second = published(renamed("summer"))
    assert first.sources == second.sources
    assert balance_fen(accounts.treasury(first.sources["city"])) == -20_000_000
    assert (first.pool_fen("city"), second.pool_fen("city")) == (10_000_000, 10_000_000)


@pytest.mark.parametrize(("key", "value"), [("name", "另一个财政局"), ("level", "province"), ("county", "441704")])
def test_a_registered_source_is_not_redefined_by_a_file(clock, app, key, value):
    published()
    document = renamed("summer")
    document["sources"][0][key] = value
    version_id = draft(document)
    refusal = refused(FundSourceDiffers, lambda: drafting.publish(version_id, by=PUBLISHER))
    assert refusal.params["source"] == "city"
    assert db.session.scalar(select(FundSource.name).where(FundSource.code == "city")) == "市财政"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE campaign_version SET document = 'x'",
        "UPDATE campaign_version SET published_by = 'officer:9'",
        "DELETE FROM campaign_version",
    ],
)
def test_the_database_keeps_what_is_published(clock, app, statement):
    published()
    with pytest.raises(DBAPIError, match="campaign_version"), transaction():
        db.session.execute(text(statement))
    assert drafting.export("spring") == toml(spring())

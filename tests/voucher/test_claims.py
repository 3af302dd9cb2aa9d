from uuid import UUID

import pytest
from sqlalchemy import func, select

from campaigns.rounds import close_due_rounds, release_due_rounds
from campaigns.terms.sale import NotYetValid
from foundation.clock import TICK
from foundation.db import db
from foundation.errors import Refusal
from foundation.ids import text_id
from foundation.states import StateChange
from identity import persons
from tests.world import (
    CLOSES,
    JOB,
    OPENS,
    a_round,
    at,
    citizens,
    claim,
    claim_and_show,
    done,
    everything,
    offer,
    opened,
    published,
    redeem,
    release_row,
    shop,
    show,
    spring,
)
from voucher import claims, quotas
from voucher.claims import ClaimRequest, Granted
from voucher.errors import LimitReached, NotOpenYet, ReleaseUnknown, RoundClosed, SoldOut
from voucher.models import ClaimBatch, Entitlement, PersonQuota

JUNE, JULY = at("2023-06-01 10:00"), at("2023-06-10 10:00")


def stocked(stock, **changed):
    return a_round(releases=[{"offer": "meal", "stock": stock}], **changed)


def refused(refusal, citizen, release):
    """Claim what must be refused, and see that nothing has changed."""
    before = everything()
    with pytest.raises(refusal) as raised:
        claim(citizen, release)
    assert everything() == before
    return raised.value


def claim_all(*pairs):
    """Claim (citizen, release) pairs in one batch; return granted or the refusal's code for each."""
    outcomes = done(lambda: claims.claim_batch([ClaimRequest(citizen, release) for citizen, release in pairs]))
    return ["granted" if isinstance(outcome, Granted) else outcome.code for outcome in outcomes]


def held():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Entitlement))


def test_a_claim_grants_a_voucher_with_its_money_set_aside(clock, app):
    campaign = opened()
    [lin] = citizens(1)
    granted = done(lambda: claims.claim(lin, campaign.release))
    voucher = db.session.get_one(Entitlement, granted.entitlement_id)
    assert (voucher.citizen_id, voucher.status, voucher.face_value_fen) == (lin, "claimed", 5_000)
    assert (voucher.claimed_at, voucher.valid_from) == (OPENS, OPENS)
    assert voucher.expires_at == granted.expires_at == at("2023-05-15 00:00")
    assert voucher.campaign_version_id == campaign.version_id
    assert release_row(campaign.release).remaining == 9
    assert (campaign.outstanding_fen("city"), campaign.outstanding_fen("jiangcheng")) == (1_000, 4_000)


def test_a_claim_is_on_the_history_with_who_and_under_which_version(clock, app):
    campaign = opened()
    [lin] = citizens(1)
    voucher = claim(lin, campaign.release)
    step = db.session.scalar(select(StateChange).where(StateChange.thing_id == text_id(voucher)))
    assert (step.machine, step.event, step.from_state, step.to_state) == ("entitlement", "claim", "", "claimed")
    assert (step.actor, step.at, step.campaign_version_id) == (f"citizen:{lin}", OPENS, campaign.version_id)


@pytest.mark.parametrize(
    ("moment", "refusal"),
    [(JUNE - TICK, NotOpenYet), (JUNE, None), (JULY - TICK, None), (JULY, RoundClosed)],
    ids=["a microsecond early", "in the opening second", "in the last microsecond", "at closing"],
)
def test_claims_are_taken_from_the_opening_to_the_closing_instant(clock, app, moment, refusal):
    campaign = published(spring(rounds=[stocked(10, opens_at=JUNE, closes_at=JULY)]))
    [lin] = citizens(1)
    clock.move_to(min(moment, JUNE - TICK))
    done(lambda: release_due_rounds(actor=JOB))
    clock.move_to(moment)
    if refusal is None:
        assert claim(lin, campaign.release)
    else:
        refused(refusal, lin, campaign.release)


def test_a_voucher_may_be_claimed_today_and_used_from_tomorrow(clock, app):
    validity = {"kind": "same_day", "usable_after_days": 1}
    campaign = opened(spring(offers=[offer(validity=validity)]))
    a_shop, [citizen] = shop(campaign), citizens(1)
    entitlement, digits = claim_and_show(citizen, campaign.release)
    held = db.session.get_one(Entitlement, entitlement)
    assert (held.valid_from, held.expires_at) == (at("2023-05-09 00:00"), at("2023-05-10 00:00"))
    with pytest.raises(NotYetValid) as refused_today:
        redeem(a_shop.till, digits)
    assert refused_today.value.params["moment"] == "2023-05-09 00:00"
    clock.move_to(at("2023-05-09 00:00"))
    assert redeem(a_shop.till, show(entitlement, citizen)).discount_fen == 5_000


def test_an_early_claim_is_told_when_it_opens(clock, app):
    campaign = published(spring(rounds=[stocked(10, opens_at=JUNE, closes_at=JULY)]))
    [lin] = citizens(1)
    refusal = refused(NotOpenYet, lin, campaign.release)
    assert refusal.message % refusal.params == "还没有开始领取，06月01日 10:00 开抢"


def test_an_open_round_without_money_on_release_is_not_open_yet(clock, app):
    campaign = published()
    [lin] = citizens(1)
    refused(NotOpenYet, lin, campaign.release)


def test_a_round_that_was_closed_stays_closed(clock, app):
    campaign = opened()
    [lin] = citizens(1)
    clock.move_to(CLOSES)
    done(lambda: close_due_rounds(actor=JOB))
    refused(RoundClosed, lin, campaign.release)


@pytest.mark.parametrize("release_id", [99, 0, -1])
def test_a_release_that_does_not_exist_is_refused(clock, app, release_id):
    opened()
    [lin] = citizens(1)
    refused(ReleaseUnknown, lin, release_id)


def test_a_second_claim_in_the_round_is_refused(clock, app):
    campaign = opened()
    [lin] = citizens(1)
    claim(lin, campaign.release)
    refusal = refused(LimitReached, lin, campaign.release)
    assert refusal.params == {"most": 1}


def test_the_last_voucher_goes_and_the_next_claim_is_sold_out(clock, app):
    campaign = opened(spring(rounds=[stocked(1)]))
    lin, chen = citizens(2)
    claim(lin, campaign.release)
    refused(SoldOut, chen, campaign.release)
    # Who has one already hears that, also when there is nothing left for anybody.
    assert claim_all((lin, campaign.release)) == ["sold_out"]


@pytest.mark.parametrize(
    ("limits", "same_offer", "other_offer", "next_round"),
    [
        ([{"count": 1, "within": "offer"}], False, True, True),
        ([{"count": 1, "within": "round"}], False, False, True),
        ([{"count": 1, "within": "campaign"}], False, False, False),
        ([{"count": 2, "within": "offer"}], True, True, True),
        ([{"count": 2, "within": "round"}, {"count": 1, "within": "offer"}], False, True, True),
        ([{"count": 5, "within": "round"}, {"count": 1, "within": "campaign"}], False, False, False),
    ],
)
def test_a_limit_holds_within_its_scope(clock, app, limits, same_offer, other_offer, next_round):
    releases = [{"offer": "meal", "stock": 10}, {"offer": "tea", "stock": 10}]
    rounds = [
        a_round(limits=limits, releases=releases),
        a_round("r2", limits=limits, releases=releases, opens_at=JUNE, closes_at=JULY),
    ]
    campaign = opened(spring(offers=[offer(), offer("tea")], rounds=rounds))
    [lin] = citizens(1)
    claim(lin, campaign.releases["r1", "meal"])

    def may(release):
        try:
            claim(lin, campaign.releases[release])
        except LimitReached:
            return False
        return True

    assert may(("r1", "meal")) is same_offer
    # A second meal that was granted has used the limit up for what follows; only the first case counts then.
    if not same_offer:
        assert may(("r1", "tea")) is other_offer
    clock.move_to(JUNE)
    done(lambda: release_due_rounds(actor=JOB))
    assert may(("r2", "meal")) is next_round


def test_a_claim_over_one_of_several_limits_counts_under_none(clock, app):
    limits = [{"count": 1, "within": "round"}, {"count": 2, "within": "campaign"}]
    rounds = [
        stocked(10, limits=limits),
        a_round("r2", limits=limits, opens_at=JUNE, closes_at=JULY),
    ]
    campaign = opened(spring(rounds=rounds))
    [lin] = citizens(1)
    claim(lin, campaign.releases["r1", "meal"])
    for _ in range(3):
        refused(LimitReached, lin, campaign.releases["r1", "meal"])
    clock.move_to(JUNE)
    done(lambda: release_due_rounds(actor=JOB))
    assert claim(lin, campaign.releases["r2", "meal"])


def test_who_was_told_sold_out_may_claim_when_there_is_stock_again(clock, app):
    limits = [{"count": 1, "within": "campaign"}]
    rounds = [stocked(1, limits=limits), a_round("r2", limits=limits, opens_at=JUNE, closes_at=JULY)]
    campaign = opened(spring(rounds=rounds))
    lin, chen = citizens(2)
    first = campaign.releases["r1", "meal"]
    # Both are in one batch, so that Chen is counted before the stock turns out to be gone.
    assert claim_all((lin, first), (chen, first)) == ["granted", "sold_out"]
    clock.move_to(JUNE)
    done(lambda: release_due_rounds(actor=JOB))
    assert claim_all((lin, campaign.releases["r2", "meal"]), (chen, campaign.releases["r2", "meal"])) == [
        "limit_reached",
        "granted",
    ]


# --- batches ------------------------------------------------------------------------------------------------


def test_a_batch_serves_in_the_order_given(clock, app):
    campaign = opened(spring(rounds=[stocked(2)]))
    people = citizens(4)
    got = claim_all(*((person, campaign.release) for person in reversed(people)))
    assert got == ["granted", "granted", "sold_out", "sold_out"]
    holders = set(db.session.scalars(select(Entitlement.citizen_id)))
    assert holders == {people[3], people[2]}


@pytest.mark.parametrize(
    ("most", "stock", "got"),
    [
        (1, 10, ["granted", "granted", "limit_reached", "limit_reached"]),
        (2, 10, ["granted", "granted", "granted", "limit_reached"]),
        (3, 10, ["granted"] * 4),
        (3, 3, ["granted", "granted", "granted", "sold_out"]),
        (3, 2, ["granted", "granted", "sold_out", "sold_out"]),
    ],
)
def test_the_same_person_in_one_batch_is_limited_like_in_several(clock, app, most, stock, got):
    campaign = opened(spring(rounds=[stocked(stock, limits=[{"count": most, "within": "round"}])]))
    lin, chen = citizens(2)
    assert claim_all(*((person, campaign.release) for person in (lin, chen, lin, lin))) == got


def test_one_bad_claim_never_fails_its_neighbours(clock, app):
    rounds = [stocked(10), a_round("r2", opens_at=JUNE, closes_at=JULY)]
    campaign = opened(spring(rounds=rounds))
    lin, chen, liang = citizens(3)
    claim(chen, campaign.release)
    got = claim_all(
        (lin, campaign.release),
        (chen, campaign.release),
        (lin, 99),
        (lin, campaign.releases["r2", "meal"]),
        (liang, campaign.release),
    )
    assert got == ["granted", "limit_reached", "release_unknown", "round_not_open_yet", "granted"]
    assert held() == 3


def test_a_batch_is_one_document_with_one_posting(clock, app):
    campaign = opened()
    claim_all(*((person, campaign.release) for person in citizens(4)))
    [batch] = db.session.scalars(select(ClaimBatch)).all()
    assert (batch.count, batch.release_id) == (4, campaign.release)
    assert {voucher.claim_batch_id for voucher in db.session.scalars(select(Entitlement))} == {batch.id}


def test_a_batch_of_refusals_leaves_nothing(clock, app):
    campaign = opened(spring(rounds=[stocked(1)]))
    lin, chen = citizens(2)
    claim(lin, campaign.release)
    before = everything()
    assert claim_all((lin, campaign.release), (chen, campaign.release), (chen, 99)) == [
        "sold_out",
        "sold_out",
        "release_unknown",
    ]
    assert everything() == before


def test_an_empty_batch_is_nothing(clock, app):
    assert claim_all() == []


def test_a_batch_over_several_releases_takes_from_each(clock, app):
    releases = [{"offer": "meal", "stock": 2}, {"offer": "tea", "stock": 1}]
    tea = offer("tea", funding={"shares": {"city": "100%"}})
    campaign = opened(spring(offers=[offer(), tea], rounds=[a_round(releases=releases)]))
    people = citizens(4)
    meal, cup = campaign.releases["r1", "meal"], campaign.releases["r1", "tea"]
    got = claim_all((people[0], cup), (people[1], meal), (people[2], cup), (people[3], meal))
    assert got == ["granted", "granted", "sold_out", "granted"]
    assert (campaign.outstanding_fen("city", "tea"), campaign.outstanding_fen("city")) == (5_000, 2_000)


# --- quotas -------------------------------------------------------------------------------------------------


def used(scope):
    db.session.rollback()
    return dict(
        db.session.execute(select(PersonQuota.person_id, PersonQuota.used).where(PersonQuota.scope == scope)).all()
    )


def test_an_amount_is_counted_whole_or_not_at_all(app):
    known = citizens(2)
    lin, chen = done(lambda: [persons.persons_of(persons.DEFAULT_KINDS, known)[who] for who in known])
    assert done(lambda: quotas.take_amounts("round:1", {lin: 60, chen: 101}, most=100)) == {lin}
    assert done(lambda: quotas.take_amounts("round:1", {lin: 41, chen: 100}, most=100)) == {chen}
    assert done(lambda: quotas.take_amounts("round:1", {lin: 40}, most=100)) == {lin}
    done(lambda: quotas.give_back("round:1", [lin], amount=70))
    assert used("round:1") == {lin: 30, chen: 100}


def test_a_quota_counts_up_to_its_limit_and_back(app):
    known = citizens(2)
    lin, chen = done(lambda: [persons.persons_of(persons.DEFAULT_KINDS, known)[who] for who in known])
    assert done(lambda: quotas.take("round:1", [lin, chen], most=2)) == {lin, chen}
    assert done(lambda: quotas.take("round:1", [lin], most=2)) == {lin}
    assert done(lambda: quotas.take("round:1", [lin, chen], most=2)) == {chen}
    assert used("round:1") == {lin: 2, chen: 2}
    done(lambda: quotas.give_back("round:1", [chen]))
    assert used("round:1") == {lin: 2, chen: 1}


def test_a_quota_of_nobody_is_nothing(app):
    assert done(lambda: quotas.take("round:1", [], most=1)) == set()
    done(lambda: quotas.give_back("round:1", []))
    assert used("round:1") == {}


def test_a_refused_claim_is_a_refusal_with_a_way_out(clock, app):
    campaign = opened(spring(rounds=[stocked(1)]))
    lin, chen = citizens(2)
    claim(lin, campaign.release)
    [outcome] = done(lambda: claims.claim_batch([ClaimRequest(chen, campaign.release)]))
    assert isinstance(outcome, Refusal)
    assert outcome.way_out
    assert isinstance(lin, UUID)

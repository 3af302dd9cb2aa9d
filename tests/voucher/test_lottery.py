"""Lotteries: one entry per person, a draw that anyone can recompute, prizes by the same path as claims."""

import json
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.models import CampaignRound
from campaigns.rounds import close_due_rounds
from foundation.db import db
from foundation.ids import new_id
from foundation.prepared import insert_rows
from identity import persons
from identity.citizens import save_real_name
from identity.models import OutboxMessage
from tests import people
from tests.people import LIN, WEI
from tests.world import CLOSES, JOB, OPENS, a_round, citizens, done, everything, offer, opened, spring, toml
from tests.world import claim as claim_first_come
from voucher import draws, jobs, lottery, lottery_order
from voucher.errors import (
    AlreadyEntered,
    ByLottery,
    NotByLottery,
    NothingToTakeUp,
    NotYetPublished,
    RealNameNeeded,
    RegistrationOver,
    ReleaseUnknown,
)
from voucher.models import Entitlement, LotteryDraw, LotteryEntry

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_draw.py"
UNTIL, DRAW_AT = OPENS + timedelta(hours=4), OPENS + timedelta(hours=5)


def by_lottery(stock=3, *, take_up_hours=0, **changed):
    issuance = {"kind": "lottery", "register_until": UNTIL, "draw_at": DRAW_AT}
    if take_up_hours:
        issuance["take_up_hours"] = take_up_hours
    a = a_round(issuance=issuance, releases=[{"offer": "meal", "stock": stock}])
    return spring(rounds=[a], **changed)


def begun(document):
    campaign = opened(document)
    assert jobs.run_lotteries().startswith("1 draws committed")
    return campaign


def enter_all(campaign, count):
    entered = citizens(count)
    for citizen in entered:
        done(lambda citizen=citizen: lottery.enter(citizen, campaign.release))
    return entered


def listed(clock):
    clock.move_to(UNTIL)
    jobs.run_lotteries()


def drawn(clock):
    listed(clock)
    clock.move_to(DRAW_AT)
    jobs.run_lotteries()


def the_draw():
    db.session.rollback()
    return db.session.scalars(select(LotteryDraw)).one()


def outcomes():
    db.session.rollback()
    return Counter(db.session.scalars(select(LotteryEntry.status)))


def verify(tmp_path, **changed):
    """Run the stand-alone script on the published files, some of them changed."""
    draw_id = the_draw().id
    files = {
        "draw.json": draws.draw_file(draw_id),
        "entries.txt": draws.entries_file(draw_id),
        "result.csv": draws.result_file(draw_id),
    }
    for name, change in changed.items():
        key = {"draw": "draw.json", "entries": "entries.txt", "result": "result.csv"}[name]
        files[key] = change(files[key])
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8", newline="")
    names = [str(tmp_path / name) for name in files]
    return subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), *names], capture_output=True, text=True, check=False
    )


def test_prizes_are_granted_like_claims_and_anyone_can_recompute_who_won(clock, app, tmp_path):
    campaign = begun(by_lottery(3))
    enter_all(campaign, 10)
    drawn(clock)
    assert outcomes() == {"granted": 3, "entered": 7}
    assert campaign.outstanding_fen("city") == 3 * 1_000
    holders = set(db.session.scalars(select(Entitlement.citizen_id)))
    winners = set(db.session.scalars(select(LotteryEntry.citizen_id).where(LotteryEntry.status == "granted")))
    assert holders == winners
    checked = verify(tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "3 of 3 prizes, 3 of 10 entries" in checked.stdout


def test_what_is_published_when(clock, app):
    campaign = begun(by_lottery())
    draw = the_draw()
    first = draws.draw_view(draw.id)
    enter_all(campaign, 4)
    assert draws.draw_view(draw.id).commitment == first.commitment == lottery_order.commitment(draw.seed)
    for file in (draws.entries_file, draws.draw_file, draws.result_file):
        with pytest.raises(NotYetPublished):
            file(draw.id)
    listed(clock)
    entries = draws.entries_file(draw.id)
    assert entries.count("\n") == 4
    assert draws.draw_view(draw.id).list_sha256 == lottery_order.list_sha256(entries)
    assert draws.draw_view(draw.id).seed == ""
    for file in (draws.draw_file, draws.result_file):
        with pytest.raises(NotYetPublished):
            file(draw.id)
    clock.move_to(DRAW_AT)
    jobs.run_lotteries()
    assert draws.entries_file(draw.id) == entries
    assert json.loads(draws.draw_file(draw.id))["seed"] == draw.seed
    assert draw.seed not in str(everything()["lottery_draw"])


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"draw": lambda text: text.replace('"seed": "', '"seed": "0')}, "not the one that was committed"),
        ({"entries": lambda text: text[65:]}, "not the one that was drawn from"),
        ({"entries": lambda text: "0" * 64 + "\n" + text}, "not the one that was drawn from"),
        ({"result": lambda text: "".join(swapped(text.splitlines(keepends=True)))}, "does not follow the order"),
        ({"result": lambda text: "\n".join(text.split("\n")[:2] + text.split("\n")[3:])}, "ranks are missing"),
        ({"draw": lambda text: text.replace('"prizes": 3', '"prizes": 2')}, "more winners than prizes"),
    ],
)
def test_tampering_is_found(clock, sqlite_app, tmp_path, changed, found):
    campaign = begun(by_lottery(3))
    enter_all(campaign, 10)
    drawn(clock)
    checked = verify(tmp_path, **changed)
    assert checked.returncode == 1
    assert found in checked.stderr


def swapped(lines):
    """Let two winners change their places."""
    first, second = (line.split(",") for line in lines[1:3])
    first[1], second[1] = second[1], first[1]
    return [lines[0], ",".join(first), ",".join(second), *lines[3:]]


def test_one_entry_per_person_and_round(clock, app):
    document = by_lottery()
    document["offers"].append(offer("tea"))
    document["rounds"][0]["releases"].append({"offer": "tea", "stock": 1})
    campaign = opened(document)
    jobs.run_lotteries()
    lin, also_lin = citizens(2)
    done(lambda: lottery.enter(lin, campaign.release))
    for release in campaign.releases.values():
        with pytest.raises(AlreadyEntered):
            done(lambda release=release: lottery.enter(lin, release))
    for citizen in (lin, also_lin):
        done(lambda citizen=citizen: save_real_name(citizen, name="林小满", id_number="11010519491231002X"))
    with pytest.raises(AlreadyEntered):
        done(lambda: lottery.enter(also_lin, campaign.release))


def test_who_turn_out_to_be_one_person_keep_the_first_entry(clock, app):
    campaign = begun(by_lottery())
    lin, chen = enter_all(campaign, 2)
    for citizen in (chen, lin):
        done(lambda citizen=citizen: persons.note(citizen, "id_number", b"n" * 32))
    assert db.session.scalars(select(LotteryEntry.citizen_id)).all() == [lin]


def test_who_turn_out_to_be_one_person_after_the_list_get_one_prize(clock, app, tmp_path):
    campaign = begun(by_lottery(3))
    lin, chen, *_ = enter_all(campaign, 3)
    listed(clock)
    for citizen in (chen, lin):
        done(lambda citizen=citizen: persons.note(citizen, "id_number", b"n" * 32))
    clock.move_to(DRAW_AT)
    jobs.run_lotteries()
    assert outcomes() == {"granted": 2, "passed_over": 1}
    assert verify(tmp_path).returncode == 0


def test_what_is_refused(clock, app):
    campaign = begun(by_lottery(people={"real_name": True}))
    (lin,) = citizens(1)
    for refusal, work in (
        (ByLottery, lambda: claim_first_come(lin, campaign.release)),
        (RealNameNeeded, lambda: done(lambda: lottery.enter(lin, campaign.release))),
        (ReleaseUnknown, lambda: done(lambda: lottery.enter(lin, 999))),
    ):
        before = everything()
        with pytest.raises(refusal):
            work()
        assert everything() == before
    clock.move_to(UNTIL)
    with pytest.raises(RegistrationOver):
        done(lambda: lottery.enter(lin, campaign.release))


def test_first_come_takes_no_entries(clock, app):
    campaign = opened()
    with pytest.raises(NotByLottery):
        done(lambda: lottery.enter(citizens(1)[0], campaign.release))


# --- taking up ------------------------------------------------------------------------------------------------


def test_prizes_that_nobody_takes_up_go_to_the_next_in_the_same_order(clock, app, tmp_path):
    campaign = begun(by_lottery(2, take_up_hours=24))
    enter_all(campaign, 5)
    drawn(clock)
    assert outcomes() == {"won": 2, "entered": 3}
    assert campaign.outstanding_fen("city") == 0
    won = db.session.scalars(select(LotteryEntry).where(LotteryEntry.status == "won").order_by(LotteryEntry.rank)).all()
    first, second = [(entry.id, entry.citizen_id) for entry in won]
    granted = done(lambda: lottery.take_up(*first))
    assert granted.entitlement_id
    for entry in (first, (second[0], first[1]), (new_id(), first[1])):
        with pytest.raises(NothingToTakeUp):
            done(lambda entry=entry: lottery.take_up(*entry))
    clock.move_to(DRAW_AT + timedelta(hours=24))
    with pytest.raises(NothingToTakeUp):
        done(lambda: lottery.take_up(*second))
    jobs.run_lotteries()
    assert outcomes() == {"granted": 1, "lapsed": 1, "won": 1, "entered": 2}
    assert "2 of 2 prizes, 3 of 5 entries" in verify(tmp_path).stdout
    clock.move_to(CLOSES)
    done(lambda: close_due_rounds(actor=JOB))
    jobs.run_lotteries()
    assert outcomes() == {"granted": 1, "lapsed": 2, "entered": 2}
    assert the_draw().status == "finished"
    assert campaign.pool_fen("city") == 10_000_000 - 1_000
    assert verify(tmp_path).returncode == 0


def test_fewer_entries_than_prizes_and_none_at_all(clock, app):
    campaign = begun(by_lottery(5))
    enter_all(campaign, 2)
    drawn(clock)
    assert outcomes() == {"granted": 2}
    clock.move_to(CLOSES)
    done(lambda: close_due_rounds(actor=JOB))
    assert campaign.pool_fen("city") == 10_000_000 - 2_000


def test_more_prizes_than_one_round_of_statements_takes(clock, app, monkeypatch, tmp_path):
    monkeypatch.setattr(lottery, "PRIZES_AT_ONCE", 4)
    campaign = begun(by_lottery(10))
    enter_all(campaign, 14)
    drawn(clock)
    assert outcomes() == {"granted": 10, "entered": 4}
    assert verify(tmp_path).returncode == 0


def test_a_draw_without_entries_is_a_draw(clock, app, tmp_path):
    begun(by_lottery(5))
    drawn(clock)
    assert the_draw().status == "drawn"
    assert "0 of 5 prizes, 0 of 0 entries" in verify(tmp_path).stdout


def test_winners_are_told_once(clock, app):
    campaign = begun(by_lottery(2))
    enter_all(campaign, 4)
    drawn(clock)
    assert jobs.notify_winners() == "told 2 winners"
    assert jobs.notify_winners() == "told 0 winners"
    bodies = db.session.scalars(select(OutboxMessage.body)).all()
    assert len(bodies) == 2
    assert all("已中签" in body for body in bodies)


# --- size -----------------------------------------------------------------------------------------------------


def test_a_list_of_many_is_drawn_whole(clock, sqlite_app):
    begun(by_lottery(2_000, take_up_hours=24))
    (lin,) = citizens(1)
    draw = the_draw()
    round_id = db.session.scalars(select(CampaignRound.id)).one()
    with_hashes = [
        {
            "id": new_id(),
            "draw_id": draw.id,
            "round_id": round_id,
            "citizen_id": lin,
            "person_id": new_id(),
            "entry_hash": lottery_order.commitment(str(place)),
            "status": "entered",
            "entered_at": OPENS,
        }
        for place in range(20_000)
    ]
    done(lambda: insert_rows(LotteryEntry, with_hashes))
    clock.move_to(UNTIL)
    jobs.run_lotteries()
    clock.move_to(DRAW_AT)
    jobs.run_lotteries()
    assert outcomes() == {"won": 2_000, "entered": 18_000}
    assert the_draw().considered == 2_000


# --- the file and the pages -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"register_until": OPENS}, "rounds[1].issuance.register_until"),
        ({"draw_at": UNTIL}, "rounds[1].issuance.draw_at"),
        ({"draw_at": CLOSES}, "rounds[1].issuance.draw_at"),
        ({"take_up_hours": 700}, "rounds[1].issuance.draw_at"),
        ({"take_up_hours": 721}, "rounds[1].issuance.take_up_hours"),
    ],
)
def test_faults_of_lotteries_have_their_place(changed, place):
    document = by_lottery()
    document["rounds"][0]["issuance"] |= changed
    with pytest.raises(DefinitionFaulty) as faulty:
        check(toml(document))
    assert place in {fault.place for fault in faulty.value.faults}


def test_a_citizen_registers_sees_the_draw_and_takes_up_the_prize(clock, sqlite_app):
    campaign = begun(by_lottery(1, take_up_hours=24))
    client = people.browser_of(sqlite_app, LIN)
    page = client.get("/campaigns/spring").text
    assert "报名摇号" in page
    answer = client.post("/campaigns/spring/claims", data={"release_id": campaign.release})
    draw = the_draw()
    assert (answer.status_code, answer.location) == (303, f"/draws/{draw.id}")
    page = client.get(answer.location).text
    assert draw.commitment in page
    mine = db.session.scalar(select(LotteryEntry.entry_hash))
    assert mine in page
    assert "已报名" in client.get("/campaigns/spring").text
    assert client.get(f"/draws/{draw.id}/entries.txt").status_code == 404
    assert client.post("/campaigns/spring/claims", data={"release_id": campaign.release}).status_code == 409
    listed(clock)
    assert "等待开奖" in client.get("/campaigns/spring").text
    assert client.get(f"/draws/{draw.id}/entries.txt").text == f"{mine}\n"
    clock.move_to(DRAW_AT)
    jobs.run_lotteries()
    page = client.get(f"/draws/{draw.id}").text
    assert "已中签" in page
    assert draw.seed in page
    assert "领取" in client.get("/vouchers").text
    entry_id = db.session.scalar(select(LotteryEntry.id))
    answer = client.post(f"/entries/{entry_id}/take-up")
    assert answer.status_code == 303
    assert client.get(answer.location).status_code == 200
    assert client.post(f"/entries/{entry_id}/take-up").status_code == 409
    for file in ("draw.json", "result.csv", "verify_draw.py"):
        assert people.browser_of(sqlite_app).get(f"/draws/{draw.id}/{file}").status_code == 200


def test_the_bureau_sees_the_draw_with_winners_masked(clock, sqlite_app):
    campaign = begun(by_lottery(2))
    lin = people.citizen(LIN)
    done(lambda: lottery.enter(lin, campaign.release))
    enter_all(campaign, 1)
    client = people.browser_of(sqlite_app, WEI)
    assert "等待报名截止" in client.get("/bureau/draws").text
    drawn(clock)
    page = client.get(f"/bureau/draws/{the_draw().id}").text
    assert the_draw().commitment in page
    assert "138****8001" in page
    assert LIN.phone not in page
    assert LIN.name not in page
    assert client.get("/bureau/draws/999").status_code == 404

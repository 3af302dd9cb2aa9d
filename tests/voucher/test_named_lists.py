"""Named lists: a file is read whole or its wrong cells are named; only who is listed claims, once for each line."""

import io

import openpyxl
import pytest
from sqlalchemy import func, select

from foundation.db import db
from identity.citizens import save_real_name
from tests import people
from tests.people import CHEN, LIN, SONG, WEI
from tests.world import a_round, citizens, claim, done, everything, opened, spring
from voucher import named_lists
from voucher.claims import ClaimRequest, claim_batch
from voucher.errors import (
    LimitReached,
    ListedOnce,
    ListNotDraft,
    ListUnreadable,
    NoSuchListRelease,
    NotListed,
    SoldOut,
)
from voucher.list_file import read_list
from voucher.models import NamedList, NamedPerson

LIN_ID, CHEN_ID = "11010519491231002X", "11010119900307109X"
HEAD = "姓名,手机号,身份证号\n"
EDITOR = "officer:1"


def by_list(stock=10, **changed):
    releases = [{"offer": "meal", "stock": stock}]
    return spring(rounds=[a_round(issuance={"kind": "named_list"}, releases=releases, **changed)])


def listed(campaign, text, *, file_name="名单.csv"):
    data = text.encode()
    draft = done(
        lambda: (
            named_lists.import_list(
                campaign.release, read_list(data, file_name), data=data, file_name=file_name, by=EDITOR
            ).id
        )
    )
    return draft, done(lambda: named_lists.confirm(draft, by=EDITOR))


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- the file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        (HEAD + f"林小满,13800138001,{LIN_ID}\n").encode(),
        (HEAD + f"林小满,13800138001,{LIN_ID}\n").encode("utf-8-sig"),
        (HEAD + f"林小满,13800138001,{LIN_ID}\n").encode("gb18030"),
        (HEAD + f"林小满,13800138001,{LIN_ID}\n").encode("utf-16"),
        (HEAD + f"林小满,13800138001,{LIN_ID}\r\n\r\n,,\r\n").encode(),
        f"身份证号码;联系电话;姓名\n{LIN_ID.lower()};+86 138-0013-8001;林小满\n".encode(),
        f"序号\t姓名（必填）\t手机号码\t身份证\n1\t林小满\t'13800138001\t{LIN_ID}\n".encode(),
        "姓名,手机号,身份证号\n林小满,１３８００１３８００１,１１０１０５１９４９１２３１００２Ｘ\n".encode(),
        workbook(["姓名", "手机号", "身份证号"], ["林小满", 13800138001, LIN_ID]),
        workbook(["名单"][:0], ["姓名", "手机号", "身份证号"], ["林小满", "13800138001", LIN_ID]),
    ],
)
def test_the_same_person_is_read_from_whatever_program_wrote_it(data):
    read = read_list(data, "名单.xlsx" if data[:2] == b"PK" else "名单.csv")
    assert (read.errors, read.warnings) == ([], [])
    (line,) = read.lines
    assert (line.name, line.phone, line.id_number) == ("林小满", "13800138001", LIN_ID)


@pytest.mark.parametrize(
    ("row", "column", "why"),
    [
        ("林小满,1380013800,", "手机号", "11"),
        ("林小满,,110105194912310021", "身份证号", "身份证号码不正确"),
        ("林小满,,1.10105E+17", "身份证号", "科学计数法"),
        ("L,13800138001,", "姓名", "汉字"),
        ("林小满,,", "", "至少要有一个"),
    ],
)
def test_a_wrong_cell_is_named_by_row_column_and_reason(row, column, why):
    read = read_list(f"{HEAD}陈大勇,13800138002,\n{row}\n".encode(), "a.csv")
    (error,) = read.errors
    assert (error.row, error.column) == (3, column)
    assert why in error.why or why == "11"


def test_an_identity_number_that_became_a_number_has_lost_its_end():
    read = read_list(workbook(["姓名", "身份证号"], ["林小满", 440524188001010014]), "a.xlsx")
    assert [(error.row, error.column) for error in read.errors] == [(2, "身份证号")]
    assert "末几位已经丢失" in read.errors[0].why


def test_all_errors_are_named_at_once():
    read = read_list(f"{HEAD}L,138,1\n林小满,13800138001,\nX,,\n".encode(), "a.csv")
    assert [(error.row, error.column) for error in read.errors] == [
        (2, "姓名"), (2, "手机号"), (2, "身份证号"), (4, "姓名"),
    ]  # fmt: skip


def test_a_line_that_is_there_twice_is_a_warning_and_counts_once():
    read = read_list(f"{HEAD}林小满,13800138001,\n林小蛮,13800138001,\n陈大勇,,{CHEN_ID}\n".encode(), "a.csv")
    assert [line.row for line in read.lines] == [2, 4]
    assert [(warning.row, warning.column, "第 2 行" in warning.why) for warning in read.warnings] == [
        (3, "手机号", True)
    ]


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", "姓名\n林小满\n".encode(), HEAD.encode(), b"PK\x03\x04broken", b"\xff\xfe\x00", b"\x00\x01\x02",
     "手机号,手机\n1,2\n".encode()],
)  # fmt: skip
def test_what_is_no_list_is_refused(data):
    with pytest.raises(ListUnreadable):
        read_list(data, "a.csv")


# --- who may claim --------------------------------------------------------------------------------------------


def test_who_is_listed_claims_once_by_phone_or_number(clock, app):
    campaign = opened(by_list())
    lin, chen, other = people.citizen(LIN), people.citizen(CHEN), citizens(1)[0]
    _, count = listed(campaign, f"{HEAD}林小满,{LIN.phone},\n陈大勇,,{CHEN_ID}\n")
    assert count == 2
    claim(lin, campaign.release)
    for citizen, refusal in ((lin, ListedOnce), (chen, NotListed), (other, NotListed)):
        before = everything()
        with pytest.raises(refusal):
            claim(citizen, campaign.release)
        assert everything() == before
    done(lambda: save_real_name(chen, name="陈大勇", id_number=CHEN_ID))
    claim(chen, campaign.release)
    assert campaign.outstanding_fen("city") == 2_000


def test_in_one_batch_each_line_is_used_up_by_the_first_who_stands_on_it(clock, app):
    campaign = opened(by_list(limits=[{"count": 2, "within": "offer"}]))
    lin, chen, other = people.citizen(LIN), people.citizen(CHEN), citizens(1)[0]
    done(lambda: save_real_name(lin, name="林小满", id_number=LIN_ID))
    done(lambda: save_real_name(chen, name="陈大勇", id_number=CHEN_ID))
    listed(campaign, f"{HEAD}林小满,{LIN.phone},{CHEN_ID}\n林小满,,{LIN_ID}\n")
    asked = (lin, chen, lin, other, lin)
    outcomes = done(lambda: claim_batch([ClaimRequest(who, campaign.release) for who in asked]))
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Granted", "ListedOnce", "Granted", "NotListed", "ListedOnce",
    ]  # fmt: skip
    assert db.session.scalars(select(NamedPerson.taken_by)).all() == [lin, lin]


def test_limits_and_stock_hold_and_leave_the_line_free(clock, app):
    campaign = opened(by_list(stock=1))
    lin, chen = people.citizen(LIN), people.citizen(CHEN)
    listed(campaign, f"{HEAD}林小满,{LIN.phone},\n林小满,,{LIN_ID}\n陈大勇,{CHEN.phone},\n")
    done(lambda: save_real_name(lin, name="林小满", id_number=LIN_ID))
    claim(lin, campaign.release)
    assert named_lists.listed_for(lin) == {campaign.release: 1}
    with pytest.raises(SoldOut):
        claim(chen, campaign.release)
    assert named_lists.listed_for(chen) == {campaign.release: 1}


def test_a_second_line_of_one_person_is_held_by_the_limit(clock, app):
    campaign = opened(by_list())
    lin = people.citizen(LIN)
    listed(campaign, f"{HEAD}林小满,{LIN.phone},\n林小满,,{LIN_ID}\n")
    done(lambda: save_real_name(lin, name="林小满", id_number=LIN_ID))
    claim(lin, campaign.release)
    with pytest.raises(LimitReached):
        claim(lin, campaign.release)
    assert db.session.scalar(select(func.count(NamedPerson.taken_by))) == 1


def test_a_draft_counts_for_nothing_and_an_earlier_list_goes_first(clock, app):
    campaign = opened(by_list())
    lin = people.citizen(LIN)
    data = f"{HEAD}林小满,{LIN.phone},\n".encode()
    draft = done(
        lambda: named_lists.import_list(campaign.release, read_list(data, "a"), data=data, file_name="a", by=EDITOR).id
    )
    with pytest.raises(NotListed):
        claim(lin, campaign.release)
    listed(campaign, f"{HEAD}林小满,{LIN.phone},\n")
    assert [remark.row for remark in named_lists.repeated(named_lists.named_list(draft))] == [2]
    assert done(lambda: named_lists.confirm(draft, by=EDITOR)) == 0
    with pytest.raises(ListNotDraft):
        done(lambda: named_lists.confirm(draft, by=EDITOR))
    with pytest.raises(ListNotDraft):
        done(lambda: named_lists.discard(draft, by=EDITOR))
    claim(lin, campaign.release)


def test_a_list_is_for_a_named_round_only(clock, app):
    campaign = opened()
    data = f"{HEAD}林小满,{LIN.phone},\n".encode()
    with pytest.raises(NoSuchListRelease):
        done(
            lambda: named_lists.import_list(campaign.release, read_list(data, "a"), data=data, file_name="a", by=EDITOR)
        )
    assert named_lists.open_releases() == []


# --- the pages ------------------------------------------------------------------------------------------------


def upload(client, campaign, text):
    form = {"release_id": campaign.release, "file": (io.BytesIO(text.encode()), "名单.csv")}
    return client.post("/bureau/lists", data=form, content_type="multipart/form-data")


def test_the_bureau_imports_looks_and_confirms(clock, sqlite_app):
    campaign = opened(by_list())
    client = people.browser_of(sqlite_app, WEI)
    before = everything(but=["attempt_window", "login_session"])
    wrong = upload(client, campaign, f"{HEAD}林小满,138,\n")
    assert wrong.status_code == 422
    assert "需要修改的地方" in wrong.text
    assert everything(but=["attempt_window", "login_session"]) == before
    answer = upload(client, campaign, f"{HEAD}林小满,{LIN.phone},\n陈大勇,,{CHEN_ID}\n陈大勇,,{CHEN_ID}\n")
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "138****8001" in page
    assert LIN.phone not in page
    assert "有 1 行与前面的行重复，只取前面的：第 4 行" in page
    assert "其中 2 人可以领取" in page
    assert client.post(f"{answer.location}/confirm").status_code == 303
    assert "已确认，2 人可以领取" in client.get(answer.location).text
    assert client.post(f"{answer.location}/confirm").status_code == 409
    assert client.get("/bureau/lists/999").status_code == 404
    assert people.browser_of(sqlite_app, SONG).post(f"{answer.location}/discard").status_code == 403
    assert db.session.scalar(select(NamedList.status)) == "confirmed"


def test_who_is_listed_finds_it_on_signing_in(clock, sqlite_app):
    campaign = opened(by_list())
    listed(campaign, f"{HEAD}林小满,{LIN.phone},\n")
    lin, chen = people.browser_of(sqlite_app, LIN), people.browser_of(sqlite_app, CHEN)
    assert "定向发放给您" in lin.get("/vouchers").text
    assert "定向发放给您" not in chen.get("/vouchers").text
    page = chen.get("/campaigns/spring").text
    assert "不在名单" in page
    assert "填写实名信息" in page
    assert lin.post("/campaigns/spring/claims", data={"release_id": campaign.release}).status_code == 303
    assert "定向发放给您" not in lin.get("/vouchers").text
    refused = chen.post("/campaigns/spring/claims", data={"release_id": campaign.release})
    assert refused.status_code == 409
    assert "不在名单上" in refused.text

"""The payment list that the bank gets, and the same file as the bank sends it back."""

import csv
import io

import openpyxl
import pytest

from foundation.db import db
from merchants.payout_models import Payout
from settlement.errors import BatchNotInState, PayoutBatchUnknown, ReplyUnreadable
from settlement.exports import to_csv, to_xlsx
from settlement.payout_list import payment_sheet, read_reply
from settlement.payouts import BankAnswer
from tests.cars import CARD, answered, apply, batched, bought, cars_opened, sent
from tests.world import citizens, shop


def owed(count=2):
    campaign = cars_opened()
    place = shop(campaign, industry="automobile")
    return campaign, [bought(apply(who, campaign.release), place) for who in citizens(count)]


def csv_rows(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def reply(*rows, heading=("序号", "金额", "结果", "银行流水号", "失败原因")):
    text = io.StringIO()
    csv.writer(text).writerows([heading, *rows])
    return text.getvalue().encode("gb18030")


def test_the_list_has_every_digit_of_an_account_in_csv_and_excel(clock, app):
    campaign, _ids = owed()
    batch = sent(campaign)
    head, first, *_rest = csv_rows(to_csv(payment_sheet(batch)))
    line = dict(zip(head, first, strict=True))
    # A tab before it, so that a spreadsheet keeps it as text.
    assert line["账号"] == f"\t{CARD}"
    assert (line["序号"], line["收款人"], line["金额"], line["其中：市财政"]) == ("1", "林小满", "4000.00", "800.00")
    page = openpyxl.load_workbook(io.BytesIO(to_xlsx(payment_sheet(batch)))).active
    [account] = [cell for cell in page[2] if cell.value == CARD]
    assert account.data_type in ("s", "inlineStr")


def test_the_list_is_there_once_the_batch_was_sent(clock, app):
    campaign, _ids = owed()
    batch = batched(campaign)
    with pytest.raises(BatchNotInState):
        payment_sheet(batch)
    with pytest.raises(PayoutBatchUnknown):
        payment_sheet(987)


@pytest.mark.parametrize("write", [to_csv, to_xlsx])
def test_the_list_filled_in_by_the_bank_is_read_again(clock, app, write):
    campaign, ids = owed(3)
    batch = sent(campaign)
    sheet = payment_sheet(batch)
    told = [("成功", "0123456789012345678", ""), ("失败", "", "户名不符"), ("", "", "")]
    filled = [[*row[:-3], *said] for row, said in zip(sheet.rows, told, strict=True)]
    file_name = "reply.csv" if write is to_csv else "reply.xlsx"
    answers = read_reply(write(type(sheet)(sheet.title, sheet.columns, filled, sheet.notes)), file_name)
    assert answers == [
        BankAnswer(1, is_paid=True, reference="0123456789012345678", amount_fen=400_000),
        BankAnswer(2, is_paid=False, reason="户名不符", amount_fen=400_000),
    ]
    answered(batch, *answers)
    db.session.expire_all()
    assert [db.session.get_one(Payout, one).status for one in ids] == ["paid", "failed", "cleared"]


@pytest.mark.parametrize(
    ("words", "is_paid"), [("成功", True), ("付款成功", True), ("退汇", False), (" 失败 ", False), ("退票", False)]
)
def test_banks_have_several_words(words, is_paid):
    [answer] = read_reply(reply(["7", "", words, "B-1", "x"]), "reply.csv")
    assert (answer.number, answer.is_paid, answer.amount_fen) == (7, is_paid, None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        reply(heading=("序号", "金额")),
        reply(["1", "4000", "", "", ""]),
        reply(["1", "4000", "处理中", "", ""]),
        reply(["x", "4000", "成功", "B-1", ""]),
        reply(["1", "四千", "成功", "B-1", ""]),
        reply(["1", "4000", "成功", "1.23E+18", ""]),
    ],
)
def test_a_reply_that_cannot_be_read_says_why(sqlite_app, data):
    with pytest.raises(ReplyUnreadable):
        read_reply(data, "reply.csv")

"""The payment list of a batch of payouts: what the bank is asked to pay, and the same file filled in by the bank.

The bank answers by line. It may fill in the last columns of the list and send it back, as Excel or CSV.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from campaigns.models import FundSource
from foundation.db import db
from foundation.errors import N_
from foundation.money import AmountMalformed, AmountOutOfRange, parse_yuan
from foundation.tables import TableUnreadable, clean_cell, read_rows
from foundation.words import Words
from identity.directory import officer_names
from merchants.payout_models import Payout
from settlement.errors import BatchNotInState, PayoutBatchUnknown, ReplyUnreadable
from settlement.exports import AMOUNTS_IN_YUAN, Column, Sheet
from settlement.payout_models import PayoutBatch, PayoutLine
from settlement.payouts import STATE_NAMES, BankAnswer, parts_of

NUMBER, AMOUNT, RESULT, REFERENCE, REASON = "序号", "金额", "结果", "银行流水号", "失败原因"
#: What a heading of the bank's reply may be called.
HEADINGS = {
    "number": (NUMBER, "编号", "行号"),
    "amount": (AMOUNT, "付款金额", "应付金额"),
    "result": (RESULT, "付款结果", "处理结果", "状态"),
    "reference": (REFERENCE, "流水号", "凭证号", "交易流水号"),
    "reason": (REASON, "原因", "失败说明", "备注"),
}
PAID_WORDS = ("成功", "付款成功", "交易成功", "已付", "已付款")
FAILED_WORDS = ("失败", "付款失败", "交易失败", "退汇", "退票")
MOST_ROWS = 50_000


def payment_sheet(batch_id: int) -> Sheet:
    """Return the payment list of a batch that was sent, one row per line, with full account numbers.

    Refuses PayoutBatchUnknown, and BatchNotInState before it was sent.
    """
    batch = db.session.get(PayoutBatch, batch_id, populate_existing=True)
    if batch is None:
        raise PayoutBatchUnknown
    if batch.status not in ("sent", "finished"):
        raise BatchNotInState(state=Words(STATE_NAMES[batch.status]))
    lines = db.session.execute(
        select(PayoutLine, Payout)
        .join(Payout, Payout.id == PayoutLine.payout_id)
        .where(PayoutLine.batch_id == batch_id, PayoutLine.status != "taken_off")
        .order_by(PayoutLine.number)
    ).all()
    parts: dict[Any, dict[int, int]] = defaultdict(dict)
    for payout_id, source, fen in parts_of([payout.id for _line, payout in lines]):
        parts[payout_id][source] = fen
    source_ids = sorted({source for found in parts.values() for source in found})
    names = dict(db.session.execute(select(FundSource.id, FundSource.name).where(FundSource.id.in_(source_ids))).all())
    columns = [
        Column(Words(N_("批次号")), "text"),
        Column(NUMBER, "text"),
        Column(Words(N_("收款人")), "text"),
        Column(Words(N_("开户行")), "text"),
        Column(Words(N_("账号")), "digits"),
        Column(AMOUNT, "fen"),
        *(Column(Words(N_("其中：%(source)s"), source=names[source]), "fen") for source in source_ids),
        Column(RESULT, "text"),
        Column(REFERENCE, "digits"),
        Column(REASON, "text"),
    ]
    results = {"paid": PAID_WORDS[0], "failed": FAILED_WORDS[0]}
    rows: list[list[object]] = [
        [
            str(batch.id),
            str(line.number),
            payout.payee_name,
            payout.bank_name,
            payout.bank_account,
            line.amount_fen,
            *(parts[payout.id].get(source, 0) for source in source_ids),
            results.get(line.status, ""),
            line.reference,
            line.reason,
        ]
        for line, payout in lines
    ]
    who = defaultdict(str, officer_names([batch.closed_by, batch.approved_by]))
    notes = [
        Words(N_("%(campaign)s，%(count)s 笔"), campaign=batch.campaign.name, count=len(rows)),
        Words(
            N_("制表：%(closed_by)s，审批：%(approved_by)s"),
            closed_by=who[batch.closed_by],
            approved_by=who[batch.approved_by or ""],
        ),
        Words(N_("请在“结果”一栏填写“成功”或“失败”，成功的写银行流水号，失败的写原因")),
        AMOUNTS_IN_YUAN,
    ]
    return Sheet(Words(N_("兑付清单%(number)s"), number=batch.id), columns, rows, notes)


def read_reply(data: bytes, file_name: str) -> list[BankAnswer]:
    """Read the bank's answers from its file; a line without a result is left open. Refuses ReplyUnreadable."""
    try:
        rows = read_rows(data, file_name)
    except TableUnreadable as failure:
        raise ReplyUnreadable(**failure.params) from failure
    heading_at = next((at for at, row in enumerate(rows) if {"number", "result"} <= set(_columns(row))), None)
    if heading_at is None:
        raise ReplyUnreadable(why=Words(N_("没有“序号”和“结果”两列")))
    columns = _columns(rows[heading_at])
    body = rows[heading_at + 1 :]
    if len(body) > MOST_ROWS:
        raise ReplyUnreadable(why=Words(N_("超过 %(most)s 行"), most=MOST_ROWS))
    answers = []
    for row_number, cells in enumerate(body, heading_at + 2):
        values = {key: clean_cell(cells[at] if at < len(cells) else "") for key, at in columns.items()}
        answer = _answer(row_number, values)
        if answer is not None:
            answers.append(answer)
    if not answers:
        raise ReplyUnreadable(why=Words(N_("没有一行写了结果")))
    return answers


def _answer(row: int, values: dict[str, tuple[str, str]]) -> BankAnswer | None:
    text = {key: value for key, (value, _fault) in values.items()}
    if not text["result"]:
        return None
    for key, (_value, fault) in values.items():
        if fault:
            raise ReplyUnreadable(
                why=Words(N_("第 %(row)s 行“%(column)s”%(fault)s"), row=row, column=HEADINGS[key][0], fault=fault)
            )
    if text["result"] not in (*PAID_WORDS, *FAILED_WORDS):
        raise ReplyUnreadable(why=Words(N_("第 %(row)s 行的结果“%(given)s”不认识"), row=row, given=text["result"][:20]))
    number = text["number"]
    if not (number.isascii() and number.isdigit() and len(number) <= 6):
        raise ReplyUnreadable(why=Words(N_("第 %(row)s 行的序号“%(given)s”不是数字"), row=row, given=number[:20]))
    return BankAnswer(
        int(number),
        is_paid=text["result"] in PAID_WORDS,
        reference=text.get("reference", ""),
        reason=text.get("reason", ""),
        amount_fen=_amount_fen(row, text.get("amount", "")),
    )


def _amount_fen(row: int, text: str) -> int | None:
    if not text:
        return None
    try:
        return parse_yuan(text.replace(",", ""), field="file")
    except (AmountMalformed, AmountOutOfRange) as failure:
        raise ReplyUnreadable(
            why=Words(N_("第 %(row)s 行的金额“%(given)s”不认识"), row=row, given=text[:20])
        ) from failure


def _columns(heading: Sequence[Any]) -> dict[str, int]:
    places: dict[str, int] = {}
    for at, cell in enumerate(heading):
        word = clean_cell(cell)[0]
        for key, words in HEADINGS.items():
            if word in words:
                places.setdefault(key, at)
    return places

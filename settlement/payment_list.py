"""The payment list: what the treasury or the bank is asked to pay, of one approved batch."""

from collections import defaultdict

from sqlalchemy import select

from campaigns.models import FundSource
from foundation.db import db
from foundation.errors import N_
from foundation.words import Words
from identity.directory import officer_names
from merchants.models import Merchant
from settlement.closing import STATE_NAMES, lines_of, statements_of
from settlement.errors import BatchNotInState, BatchUnknown
from settlement.exports import AMOUNTS_IN_YUAN, Column, Sheet
from settlement.models import SettlementBatch


def payment_sheet(batch_id: int) -> Sheet:
    """Return the payment list of an approved or paid batch, one row per merchant, with the full account numbers.

    Refuses BatchUnknown, and BatchNotInState before a second person has approved it.
    """
    batch = db.session.get(SettlementBatch, batch_id, populate_existing=True)
    if batch is None:
        raise BatchUnknown
    if batch.status not in ("approved", "paid"):
        raise BatchNotInState(state=Words(STATE_NAMES[batch.status]))
    statements = statements_of(batch_id)
    lines = lines_of(batch_id)
    merchants = {
        merchant.id: merchant
        for merchant in db.session.scalars(
            select(Merchant).where(Merchant.id.in_([statement.merchant_id for statement in statements]))
        )
    }
    source_ids = sorted({line.fund_source_id for found in lines.values() for line in found})
    names = dict(db.session.execute(select(FundSource.id, FundSource.name).where(FundSource.id.in_(source_ids))).all())
    columns = [
        Column(Words(N_("批次号")), "text"),
        Column(Words(N_("对账单号")), "text"),
        Column(Words(N_("收款单位")), "text"),
        Column(Words(N_("统一社会信用代码")), "text"),
        Column(Words(N_("开户行")), "text"),
        Column(Words(N_("账号")), "text"),
        Column(Words(N_("核销笔数")), "count"),
        Column(Words(N_("扣退款")), "fen", Words(N_("已退货的券面金额，已从应付中扣除"))),
        Column(Words(N_("应付")), "fen"),
        *(Column(Words(N_("其中：%(source)s"), source=names[source_id]), "fen") for source_id in source_ids),
    ]
    rows: list[list[object]] = []
    for statement in statements:
        if not statement.payable_fen:
            continue  # Everything came back: there is nothing to pay.
        merchant = merchants[statement.merchant_id]
        parts = {line.fund_source_id: line.amount_fen for line in lines.get(statement.id, [])}
        rows.append(
            [
                str(batch.id),
                str(statement.id),
                merchant.name,
                merchant.uscc,
                merchant.bank_name,
                merchant.bank_account,
                statement.redemption_count,
                statement.deducted_fen,
                statement.payable_fen,
                *(parts.get(source_id, 0) for source_id in source_ids),
            ]
        )
    who = defaultdict(str, officer_names([batch.closed_by, batch.approved_by]))
    notes = [
        Words(
            N_("%(campaign)s，%(first_day)s 至 %(last_day)s，%(state)s"),
            campaign=batch.campaign.name,
            first_day=batch.first_day,
            last_day=batch.last_day,
            state=Words(STATE_NAMES[batch.status]),
        ),
        Words(
            N_("制表：%(closed_by)s，审批：%(approved_by)s"),
            closed_by=who[batch.closed_by],
            approved_by=who[batch.approved_by or ""],
        ),
        AMOUNTS_IN_YUAN,
    ]
    return Sheet(Words(N_("拨付清单%(number)s"), number=batch.id), columns, rows, notes)

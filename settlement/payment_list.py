"""The payment list: what the treasury or the bank is asked to pay, of one approved batch."""

from collections import defaultdict

from sqlalchemy import select

from campaigns.models import FundSource
from foundation.db import db
from identity.directory import officer_names
from merchants.models import Merchant
from settlement.closing import STATE_NAMES, lines_of, statements_of
from settlement.errors import BatchNotInState, BatchUnknown
from settlement.exports import Column, Sheet
from settlement.models import SettlementBatch


def payment_sheet(batch_id: int) -> Sheet:
    """Return the payment list of an approved or paid batch, one row per merchant, with the full account numbers.

    Refuses BatchUnknown, and BatchNotInState before a second person has approved it.
    """
    batch = db.session.get(SettlementBatch, batch_id, populate_existing=True)
    if batch is None:
        raise BatchUnknown
    if batch.status not in ("approved", "paid"):
        raise BatchNotInState(state=STATE_NAMES[batch.status])
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
        Column("批次号", "text"),
        Column("对账单号", "text"),
        Column("收款单位", "text"),
        Column("统一社会信用代码", "text"),
        Column("开户行", "text"),
        Column("账号", "text"),
        Column("核销笔数", "count"),
        Column("扣退款", "fen", "已退货的券面金额，已从应付中扣除"),
        Column("应付", "fen"),
        *(Column(f"其中：{names[source_id]}", "fen") for source_id in source_ids),
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
        f"{batch.campaign.name}，{batch.first_day} 至 {batch.last_day}，{STATE_NAMES[batch.status]}",
        f"制表：{who[batch.closed_by]}，审批：{who[batch.approved_by or '']}",
        "金额单位：元",
    ]
    return Sheet(f"拨付清单{batch.id}", columns, rows, notes)

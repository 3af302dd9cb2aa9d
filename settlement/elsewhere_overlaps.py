"""查重: what was given or is under review here, and stands on a list of a subsidy paid elsewhere that came later.

Nothing is undone by itself: staff reject, or take back, in the ordinary ways, and the report shows what is at risk.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from applications import answers as answering
from applications.models import Application
from campaigns.models import Campaign
from foundation.db import db
from foundation.errors import N_
from foundation.words import Words
from identity.masking import mask_id_number, mask_name, mask_phone
from identity.models import Citizen
from merchants.models import Redemption
from merchants.payout_models import Payout
from settlement.exports import AMOUNTS_IN_YUAN, Column, Sheet
from voucher.elsewhere import KINDS
from voucher.elsewhere_models import ElsewhereLine, ElsewhereList, ElsewhereProgramme, ElsewhereWatch
from voucher.models import Entitlement

#: How a case stands → what is said of it. "ended": nothing is at risk any more.
STANDINGS = {
    "waiting": N_("候补中"),
    "reviewing": N_("审核或公示中，占用资金"),
    "granted": N_("已批准，未使用"),
    "owed": N_("待拨付"),
    "paid": N_("已拨付或已使用"),
    "reclaimed": N_("追回中"),
    "ended": N_("已取消、退回或过期"),
}


@dataclass(frozen=True)
class Overlap:
    """One case. kinds: what the list and the case share. at_risk_fen: what it holds, was paid or may still be paid.
    who, numbers: masked. document: what is rejected or taken back (kind and id, as for
    ``ledger.naming.page_of``), None where nothing can be done."""

    programme_name: str
    list_id: int
    row: int
    found_at: datetime
    campaign_name: str
    holder_kind: str
    kinds: tuple[str, ...]
    who: str
    numbers: str
    standing: str
    amount_fen: int
    at_risk_fen: int
    document: tuple[str, str] | None


def overlaps(list_id: int | None = None) -> list[Overlap]:
    """Return every case that a list has found, the newest list first; of one list, or of all."""
    statement = (
        select(ElsewhereWatch, ElsewhereProgramme.name, Campaign.name, ElsewhereLine.row)
        .join(ElsewhereProgramme, ElsewhereProgramme.code == ElsewhereWatch.programme)
        .join(ElsewhereList, ElsewhereList.id == ElsewhereWatch.found_in)
        .join(Campaign, Campaign.id == ElsewhereWatch.campaign_id)
        .join(
            ElsewhereLine,
            (ElsewhereLine.list_id == ElsewhereWatch.found_in)
            & (ElsewhereLine.kind == ElsewhereWatch.kind)
            & (ElsewhereLine.number_hash == ElsewhereWatch.number_hash),
        )
        .order_by(ElsewhereWatch.found_in.desc(), ElsewhereLine.row, ElsewhereWatch.holder_id)
    )
    if list_id is not None:
        statement = statement.where(ElsewhereWatch.found_in == list_id)
    cases: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in db.session.execute(statement):
        watch = row[0]
        cases[watch.found_in, watch.campaign_id, watch.holder_kind, watch.holder_id].append(row)
    found = [_application(rows) if rows[0][0].holder_kind == "application" else _claim(rows) for rows in cases.values()]
    return [each for each in found if each is not None]


def at_risk_fen(rows: Sequence[Overlap]) -> int:
    """Add up what is at risk."""
    return sum(row.at_risk_fen for row in rows)


def _application(rows: Sequence[Any]) -> Overlap | None:
    application_id = UUID(rows[0][0].holder_id)
    application = db.session.get(Application, application_id)
    if application is None:
        return None
    standing, at_risk, document = _standing(application)
    answers = answering.loads(application.answers)
    firm = answers.get("firm_name", "") if answers.get("buyer") == "firm" else ""
    numbers = answering.numbers_of(answers)
    shared = {row[0].kind for row in rows}
    kinds = tuple(kind for kind in KINDS if kind in shared)
    told = "、".join(mask_id_number(numbers[kind]) for kind in kinds if kind in numbers)
    who = mask_name(firm or answers.get("name", ""))
    return _overlap(rows, kinds, who, told, standing, application.award_fen or 0, at_risk, document)


def _standing(application: Application) -> tuple[str, int, tuple[str, str]]:
    """Return how an application stands, what is at risk, and what is decided about."""
    case = ("application", application.id.hex)
    award_fen = application.award_fen or 0
    if application.status == "waiting":
        return "waiting", 0, case
    if application.status != "approved":
        return "reviewing", award_fen, case
    payout = db.session.execute(
        select(Payout.id, Payout.status)
        .join(Redemption, Redemption.id == Payout.id)
        .where(Redemption.entitlement_id == application.id)
    ).one_or_none()
    if payout is not None:
        document = ("payout", payout.id.hex)
        if payout.status in ("taken_off", "repaid"):
            return "ended", 0, document
        words = {"paid": "paid", "reclaimed": "reclaimed"}.get(payout.status, "owed")
        return words, award_fen, document
    held = db.session.get_one(Entitlement, application.id)
    if held.status == "expired":
        # Of a gift some parts may have been handed out.
        return "ended", held.handed_fen, case
    return ("paid" if held.status == "redeemed" else "granted"), held.face_value_fen, case


def _claim(rows: Sequence[Any]) -> Overlap | None:
    citizen = db.session.get(Citizen, UUID(rows[0][0].holder_id))
    if citizen is None:
        return None
    held = db.session.scalars(
        select(Entitlement).where(
            Entitlement.citizen_id == citizen.id, Entitlement.campaign_id == rows[0][0].campaign_id
        )
    ).all()
    if not held:
        # Checked, and then refused for another reason: there is nothing.
        return None
    live = [each for each in held if each.status != "expired"]
    used = [each for each in live if each.status == "redeemed"]
    standing = "paid" if used else "granted" if live else "ended"
    risk = sum(each.redeemed_discount_fen or 0 for each in used)
    risk += sum(each.face_value_fen for each in live if each.status == "claimed")
    amount = sum(each.face_value_fen for each in held)
    who = mask_name(citizen.name) or mask_phone(citizen.phone)
    return _overlap(rows, ("id_number",), who, mask_id_number(citizen.id_number), standing, amount, risk, None)


def _overlap(
    rows: Sequence[Any],
    kinds: tuple[str, ...],
    who: str,
    numbers: str,
    standing: str,
    amount_fen: int,
    risk_fen: int,
    document: tuple[str, str] | None,
) -> Overlap:
    watch, programme_name, campaign_name, row = rows[0]
    return Overlap(
        programme_name,
        watch.found_in,
        row,
        watch.found_at,
        campaign_name,
        watch.holder_kind,
        kinds,
        who,
        numbers,
        standing,
        amount_fen,
        risk_fen,
        document,
    )


def sheet(rows: Sequence[Overlap]) -> Sheet:
    """Return cases and what is at risk in all as a sheet, masked as on the page."""
    columns = [
        Column(Words(N_("别处的项目")), "text"),
        Column(Words(N_("名单")), "count"),
        Column(Words(N_("行")), "count"),
        Column(Words(N_("本平台活动")), "text"),
        Column(Words(N_("重复的号码")), "text"),
        Column(Words(N_("当事人")), "text"),
        Column(Words(N_("号码（遮挡）")), "text"),
        Column(Words(N_("现状")), "text"),
        Column(Words(N_("金额")), "fen"),
        Column(Words(N_("涉及风险")), "fen"),
    ]
    cells: list[list[Any]] = [
        [
            each.programme_name,
            each.list_id,
            each.row,
            each.campaign_name,
            "、".join(KINDS[kind][0] for kind in each.kinds),
            each.who,
            each.numbers,
            Words(STANDINGS[each.standing]),
            each.amount_fen,
            each.at_risk_fen,
        ]
        for each in rows
    ]
    total = sum(each.amount_fen for each in rows)
    cells.append([Words(N_("合计")), None, None, "", "", "", "", "", total, at_risk_fen(rows)])
    return Sheet(Words(N_("查重")), columns, cells, [AMOUNTS_IN_YUAN])

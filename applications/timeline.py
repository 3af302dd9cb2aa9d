"""What happened to an application, as its applicant and its reviewers read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from applications.models import Application, ApplicationDecision
from applications.reviewing import REASONS, SYSTEM_REASONS
from foundation.db import db
from foundation.errors import N_
from foundation.ids import text_id
from foundation.money import format_yuan
from foundation.states import StateChange
from foundation.words import Words
from voucher import top_ups

#: (event, state afterwards) → what is said of it.
STEPS = {
    "start": N_("开始填写"),
    "submit": N_("提交申请，已占用名额"),
    "wait": N_("提交申请，进入候补"),
    "promote": N_("候补转正，已占用名额"),
    "lapse": N_("活动结束，候补未成"),
    "forward": N_("县区审核通过"),
    "pass": N_("审核通过"),
    "ask": N_("需要补正"),
    "resubmit": N_("已提交补正"),
    "reject": N_("审核未通过"),
    "overdue": N_("逾期未补正，审核未通过"),
    "publish": N_("开始公示"),
    "object": N_("公示期间收到异议，正在核实"),
    "dismiss": N_("异议不成立，继续公示"),
    "uphold": N_("异议成立，审核未通过"),
    "grant": N_("批准发放"),
    "withdraw": N_("申请人撤回"),
}
#: What is said of a top-up: event → words with the yuan that it is, or was expected to be.
TOP_UPS = {
    "owe": N_("补贴标准提高，应补 %(yuan)s 元"),
    "add": N_("按新标准重新核定，补贴增加 %(yuan)s 元"),
    "grant": N_("按新标准补发 %(yuan)s 元"),
    "lapse": N_("不再补差"),
}
WHO = {
    "citizen": N_("申请人"),
    "officer": N_("审核人员"),
    "job": N_("系统"),
    "public": N_("公众"),
}


@dataclass(frozen=True)
class Step:
    """One step: what happened, when, and by whom (a role, never a name). reasons and words: why, where there is one."""

    event: str
    what: Words
    at: datetime
    who: str
    reasons: Sequence[str] = ()
    words: str = ""
    fields: Sequence[str] = ()


def steps_of(application: Application) -> list[Step]:
    """Return every step, the latest first."""
    changes = db.session.scalars(
        select(StateChange)
        .where(StateChange.machine == "application", StateChange.thing_id == text_id(application.id))
        .order_by(StateChange.at, StateChange.id)
    )
    decisions = {
        (row.kind, row.decided_at): row
        for row in db.session.scalars(
            select(ApplicationDecision).where(ApplicationDecision.application_id == application.id)
        )
    }
    found = []
    for change in changes:
        kind = {"ask": "correct", "reject": "reject", "uphold": "uphold", "dismiss": "dismiss"}.get(change.event, "")
        row = decisions.get((kind, change.at)) or decisions.get(("correct", change.at))
        codes = [*(row.reasons if row else []), *change.reason.split(",")]
        reasons = [_reason(code) for code in dict.fromkeys(codes) if code in REASONS or code in SYSTEM_REASONS]
        found.append(
            Step(
                change.event,
                Words(STEPS[change.event]),
                change.at,
                WHO.get(change.actor.partition(":")[0], WHO["job"]),
                reasons,
                row.words if row else "",
                row.fields if row and row.kind == "correct" else (),
            )
        )
    return sorted((*found, *_top_up_steps(application)), key=lambda step: step.at)[::-1]


def _top_up_steps(application: Application) -> list[Step]:
    """Return what raised awards have brought, the earliest first."""
    had = {text_id(each.id): each for each in top_ups.of_applications([application.id]).get(application.id, ())}
    if not had:
        return []
    changes = db.session.scalars(
        select(StateChange)
        .where(StateChange.machine == "top_up", StateChange.thing_id.in_(had))
        .order_by(StateChange.at, StateChange.id)
    )
    return [
        Step(
            change.event,
            Words(TOP_UPS[change.event], yuan=format_yuan(had[change.thing_id].amount_fen)),
            change.at,
            WHO.get(change.actor.partition(":")[0], WHO["job"]),
        )
        for change in changes
    ]


def _reason(code: str) -> str:
    return REASONS.get(code) or SYSTEM_REASONS[code]


def decisions_of(application: Application) -> list[ApplicationDecision]:
    """Return what was decided, the latest first; that somebody only looked is left out."""
    statement = select(ApplicationDecision).where(
        ApplicationDecision.application_id == application.id, ApplicationDecision.kind != "open"
    )
    return list(db.session.scalars(statement.order_by(ApplicationDecision.decided_at.desc())))

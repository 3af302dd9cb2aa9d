"""What the applicants' screens say: tasks with what is missing, the award, and what comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from applications import answers as answering
from applications import dealers
from applications.answers import Answers, Field
from applications.awards import award_of
from applications.drafts import facts_of, may_change
from applications.models import Application
from applications.submission import waiting_before
from applications.tasks import TaskState
from campaigns.catalog import ReleaseFacts
from campaigns.terms.issuance.application import DOCUMENTS
from campaigns.terms.quote import Award
from foundation import clock
from foundation.errors import Refusal

TASK_STATES = {
    "todo": (lazy_gettext("未开始"), ""),
    "doing": (lazy_gettext("进行中"), "soon"),
    "done": (lazy_gettext("已完成"), "good"),
}
STATUSES = {
    "draft": (lazy_gettext("填写中"), "soon"),
    "waiting": (lazy_gettext("候补中"), "soon"),
    "reviewing": (lazy_gettext("审核中"), "open"),
    "correcting": (lazy_gettext("需要补正"), "bad"),
    "passed": (lazy_gettext("待公示"), "good"),
    "noticed": (lazy_gettext("公示中"), "good"),
    "held": (lazy_gettext("异议核实中"), "soon"),
    "approved": (lazy_gettext("已批准"), "good"),
    "rejected": (lazy_gettext("未通过"), "bad"),
    "withdrawn": (lazy_gettext("已撤回"), ""),
}


@dataclass(frozen=True)
class Worth:
    """What it may be worth: an award with its reasons, or why it is none, or neither yet."""

    award: Award | None = None
    refusal: Refusal | None = None


def worth_of(application: Application, answers: Answers) -> Worth:
    """Return the award as the rules quote it now."""
    facts = facts_of(application)
    dealer = dealers.find(facts.offer.campaign_id, answers.get("seller_uscc", ""))
    try:
        return Worth(award=award_of(facts, answers, dealer, clock.now(), apart_from=application))
    except Refusal as refusal:
        return Worth(refusal=refusal)


@dataclass(frozen=True)
class Control:
    """A field as a form shows it: what was typed or is known, what was refused, and whether it may be changed."""

    field: Field
    value: str
    refusal: Refusal | None
    options: Mapping[str, str]
    locked: bool
    #: the value is the applicant's own name, offered to be confirmed
    offered: bool = False


def controls(
    application: Application,
    task: str,
    answers: Answers,
    *,
    typed: Mapping[str, str] | None = None,
    refused: Mapping[str, Refusal] | None = None,
) -> list[Control]:
    """Return the fields of a task."""
    facts = facts_of(application)
    found = []
    for field in answering.fields_of(facts, application.buyer, task):
        known = answers.get(field.key, "")
        offered = not known and field.is_owner and not typed
        value = (typed or {}).get(field.key, known) or (answering.owner(answers) if offered else "")
        found.append(
            Control(
                field,
                value,
                (refused or {}).get(field.key),
                answering.options(field.key, facts),
                locked=not may_change(application, field.key),
                offered=offered and bool(value),
            )
        )
    return found


@dataclass(frozen=True)
class Button:
    """The page's one button; grey with a reason."""

    label: str
    why: str = ""

    @property
    def grey(self) -> bool:
        return bool(self.why)


def submit_button(application: Application, facts: ReleaseFacts, tasks: Sequence[TaskState]) -> Button:
    """Return the button that hands it in; it says what it waits for."""
    label = _("提交补正") if application.status == "correcting" else _("核对并提交")
    left = [str(_(answering.TASKS[state.task])) for state in tasks if state.state != "done"]
    if left:
        return Button(label, _("还差：%(tasks)s", tasks="、".join(left)))
    now = clock.now()
    if application.status == "draft" and now < facts.opens_at:
        there = clock.local(facts.opens_at)
        return Button(
            label, _("%(month)s月%(day)s日 %(time)s 开始受理", month=there.month, day=there.day, time=f"{there:%H:%M}")
        )
    if application.status == "draft" and now >= facts.closes_at:
        return Button(label, _("受理已经截止"))
    return Button(label)


def next_step(application: Application, facts: ReleaseFacts) -> str:
    """Return what comes next, in one sentence; empty where nothing does."""
    issuance = answering.issuance_of(facts)
    days = issuance.notice_days
    if application.status == "waiting":
        place = waiting_before(application.round_id, application.sequence) + 1
        return _("您在候补第 %(place)s 位。前面有申请退出时依次递补，递补成功会发短信；不需要重新提交。", place=place)
    told = {
        "draft": "",
        "reviewing": _("审核人员按受理序号办理。结果会发短信，也会显示在这里。"),
        "correcting": _("请只修改列出的内容，再提交补正。逾期没有提交的，审核不通过。"),
        "passed": _("下一步：公示 %(days)s 个工作日，无异议后兑现。", days=days),
        "noticed": _("公示期满无异议后兑现。"),
        "held": _("有人提出异议，核实清楚后会通知您。"),
        "approved": _("补贴会拨付到您登记的银行卡。")
        if answering.benefit_of(facts).given_as == "cash"
        else _("请在“我的券”里出示券码使用。"),
        "rejected": _("名额和占用的车架号、发票已经退回。对结果有疑问，请联系咨询电话。"),
        "withdrawn": _("名额和占用的车架号、发票已经退回，可以重新申请。"),
    }
    return told[application.status]


def names_of(keys: Sequence[str]) -> list[str]:
    """Return the names of fields and documents, for lists of what is to be corrected."""
    found = []
    for key in keys:
        if key in answering.BY_KEY:
            found.append(_(answering.BY_KEY[key].name))
        elif key in DOCUMENTS:
            found.append(_(DOCUMENTS[key].name))
    return found


def shown(field: Field, value: str, options: Mapping[str, str]) -> str:
    """Return an answer as people read it."""
    if options:
        return "、".join(_(options[one]) for one in value.split(",") if one in options)
    if field.key in ("bank_card", "bank_account"):
        return f"•••• {value[-4:]}"
    if field.key == "id_number":
        return f"{value[:4]}{'*' * 10}{value[-4:]}"
    if field.shape == "money":
        yuan, _dot, fen = value.partition(".")
        return f"{int(yuan):,}.{fen}"
    return value

"""Texts to applicants: written in the transaction that they tell of, sent afterwards by a job."""

from uuid import UUID

from sqlalchemy import select, update

from applications.models import ApplicantMessage, Application
from campaigns.models import Campaign
from foundation import clock
from foundation.db import db, transaction
from foundation.errors import N_
from foundation.ids import new_id
from foundation.prepared import insert_rows
from identity import sms
from identity.models import Citizen

MESSAGES_AT_ONCE = 200
TEXTS = {
    "submitted": N_("【漠阳品】您的“%(campaign)s”申请已提交，受理序号 %(number)s，将按提交的先后审核。"),
    "waiting": N_("【漠阳品】您的“%(campaign)s”申请已提交，受理序号 %(number)s。资金暂已用完，已进入候补，依次递补。"),
    "promoted": N_("【漠阳品】您的“%(campaign)s”申请已从候补转为受理，将按提交的先后审核。"),
    "correct": N_("【漠阳品】您的“%(campaign)s”申请需要补正，请在 %(until)s 前登录修改，逾期审核不通过。"),
    "raised": N_("【漠阳品】“%(campaign)s”提高了补贴标准，您的申请已按新标准核定为 %(yuan)s 元，不需要重新提交。"),
    "topped_up": N_("【漠阳品】“%(campaign)s”提高了补贴标准，您已获批准的补贴再补发 %(yuan)s 元，%(how)s。"),
    "may_apply": N_(
        "【漠阳品】“%(campaign)s”调整了补贴标准，您填写的申请现在可以补贴 %(yuan)s 元，请在 %(until)s 前登录提交。"
    ),
    "rejected": N_("【漠阳品】您的“%(campaign)s”申请审核未通过，理由请登录“我的申请”查看。"),
    "noticed": N_("【漠阳品】您的“%(campaign)s”申请已通过审核，正在公示。"),
    "approved": N_("【漠阳品】您的“%(campaign)s”申请已获批准，补贴 %(yuan)s 元，%(how)s。"),
}


def write(application_id: UUID, kind: str, **values: object) -> None:
    """Write a message of TEXTS to the applicant."""
    write_all({application_id: values}, kind)


def write_all(told: dict[UUID, dict[str, object]], kind: str) -> None:
    """Write a message of one kind to several applicants: application → values."""
    if not told:
        return
    names = dict(
        db.session.execute(
            select(Application.id, Campaign.name)
            .join(Campaign, Campaign.id == Application.campaign_id)
            .where(Application.id.in_(told))
        ).all()
    )
    now = clock.now()
    rows = [
        {
            "id": new_id(),
            "application_id": application_id,
            "body": TEXTS[kind] % {"campaign": names[application_id], **values},
            "written_at": now,
        }
        for application_id, values in told.items()
    ]
    insert_rows(ApplicantMessage, rows)


def send_due() -> int:
    """Send what is not sent yet and return how many were; one that fails is tried again with the next run."""
    sent = 0
    while True:
        with transaction():
            batch = db.session.execute(
                select(ApplicantMessage.id, ApplicantMessage.body, Citizen.phone)
                .join(Application, Application.id == ApplicantMessage.application_id)
                .join(Citizen, Citizen.id == Application.citizen_id)
                .where(ApplicantMessage.sent_at.is_(None), Citizen.phone_hash.is_not(None))
                .order_by(ApplicantMessage.written_at, ApplicantMessage.id)
                .limit(MESSAGES_AT_ONCE)
            ).all()
        told = []
        for message_id, body, phone in batch:
            try:
                sms.send(str(phone), body)
            except (sms.SmsFailed, OSError):
                continue
            told.append(message_id)
        with transaction():
            statement = update(ApplicantMessage).where(ApplicantMessage.id.in_(told)).values(sent_at=clock.now())
            db.session.execute(statement.execution_options(synchronize_session=False))
        sent += len(told)
        if len(told) < MESSAGES_AT_ONCE:
            return sent

"""Jobs of the voucher room."""

from sqlalchemy import select, update

from foundation import clock
from foundation.clock import local
from foundation.db import db, transaction
from foundation.errors import N_
from identity import sms
from identity.models import Citizen
from voucher import codes, expiry, lottery, payments, purchases, spares
from voucher.models import LotteryDraw, LotteryEntry
from voucher.payment_adapters import PaymentFailed

MESSAGES_AT_ONCE = 200
WON_TEXT = N_("【漠阳品】恭喜，您报名的“%(prize)s”已中签，券已到账，请在“我的券”里查看。")
TAKE_UP_TEXT = N_("【漠阳品】恭喜，您报名的“%(prize)s”已中签，请在 %(until)s 前登录领取，逾期由后面的号递补。")


def expire_vouchers() -> str:
    """Expire what has run out, batch by batch: each batch is a transaction of its own."""
    total = 0
    while True:
        with transaction():
            expired = expiry.expire_due(actor="job:expire_vouchers")
        total += expired
        if expired < expiry.BATCH:
            return f"expired {total} vouchers"


def lapse_purchases() -> str:
    """Give back what orders took that nobody has paid in time, batch by batch."""
    total = 0
    while True:
        with transaction():
            lapsed = purchases.lapse_due(actor="job:lapse_purchases")
        total += lapsed
        if not lapsed:
            return f"{total} unpaid orders lapsed"


def return_payments() -> str:
    """Give back the payments that came too late or twice, and the prices of vouchers that came back. What the payment
    service does not take is tried again with the next run, and shown to the bureau."""
    done = failed = 0
    with transaction():
        batch = payments.due_back()
    for due in batch:
        try:
            payments.send_back(due)
        except (PaymentFailed, OSError) as failure:
            with transaction():
                payments.note_problem(due.payment_id, str(failure) or type(failure).__name__)
            failed += 1
            continue
        with transaction():
            done += payments.returned(due.payment_id, actor="job:return_payments")
    return f"{done} payments given back, {failed} refused by the payment service"


def return_spares() -> str:
    """Return to the pools what used qualifications did not cost, batch by batch."""
    total = 0
    while True:
        with transaction():
            returned = spares.return_due()
        total += returned
        if returned < spares.BATCH:
            return f"returned the rest of {total} qualifications"


def forget_codes() -> str:
    """Delete codes nobody can ask about any more."""
    with transaction():
        return f"forgot {codes.forget_old_codes()} codes"


def run_lotteries() -> str:
    """Take every draw as far as its time has come: commit, list, draw, draw again what was not taken up."""
    actor = "job:run_lotteries"
    done = []
    for operation in (lottery.commit_due, lottery.list_due, lottery.draw_due, lottery.redraw_due):
        with transaction():
            done.append(operation(actor=actor))
    return "{} draws committed, {} listed, {} drawn; {} prizes lapsed".format(*done)


def notify_winners() -> str:
    """Send a text to each winner who has none yet. One that could not be sent is tried again with the next run."""
    sent = 0
    while True:
        batch = _winners_to_tell()
        told = []
        for entry_id, phone, text in batch:
            try:
                sms.send(phone, text)
            except (sms.SmsFailed, OSError):
                continue
            told.append(entry_id)
        with transaction():
            statement = update(LotteryEntry).where(LotteryEntry.id.in_(told)).values(notified_at=clock.now())
            db.session.execute(statement.execution_options(synchronize_session=False))
        sent += len(told)
        if len(told) < MESSAGES_AT_ONCE:
            return f"told {sent} winners"


def _winners_to_tell() -> list[tuple[object, str, str]]:
    with transaction():
        rows = db.session.execute(
            select(LotteryEntry, LotteryDraw, Citizen.phone)
            .join(LotteryDraw, LotteryDraw.id == LotteryEntry.draw_id)
            .join(Citizen, Citizen.id == LotteryEntry.citizen_id)
            .where(LotteryEntry.status.in_(("won", "granted")), LotteryEntry.notified_at.is_(None))
            .order_by(LotteryEntry.draw_id, LotteryEntry.rank)
            .limit(MESSAGES_AT_ONCE)
        )
        return [(entry.id, phone, _winners_text(entry, draw)) for entry, draw, phone in rows if phone]


def _winners_text(entry: LotteryEntry, draw: LotteryDraw) -> str:
    prize = lottery.facts_of(draw).name
    if entry.status == "won" and entry.take_up_until is not None:
        return TAKE_UP_TEXT % {"prize": prize, "until": f"{local(entry.take_up_until):%m月%d日 %H:%M}"}
    return WON_TEXT % {"prize": prize}

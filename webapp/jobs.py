"""Every job of the product in one table: what it is called, when it runs, and the room's function it calls."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import applications.jobs
import campaigns.jobs
import identity.jobs
import ledger.jobs
import merchants.jobs
import settlement.jobs
import voucher.jobs
from foundation import clock, idempotency, slots
from webapp.audit_checks import audit_ledger

Work = Callable[[], str]


@dataclass(frozen=True)
class Job:
    """``when``: a length of time (its slots begin at whole multiples of it) or a time of day in Shanghai.
    ``work`` does the work in its own transactions and returns one line that says what it did."""

    name: str
    when: timedelta | time
    work: Work

    def slot(self, moment: datetime) -> datetime:
        """Return the start of the latest slot at or before ``moment``."""
        if isinstance(self.when, timedelta):
            return slots.slot_start(moment, self.when)
        today = clock.bureau_day(moment)
        start = datetime.combine(today, self.when, clock.SHANGHAI)
        if start > moment:
            start = datetime.combine(today - timedelta(days=1), self.when, clock.SHANGHAI)
        return start.astimezone(moment.tzinfo)


def _forget_old_answers() -> str:
    return f"{idempotency.forget_old_answers()} stored answers forgotten"


def _forget_old_runs() -> str:
    return f"{slots.forget_old_runs()} job runs forgotten"


EVERY_MINUTE = timedelta(minutes=1)
EVERY_HOUR = timedelta(hours=1)

JOBS: tuple[Job, ...] = (
    Job("release_rounds", EVERY_MINUTE, campaigns.jobs.release_rounds),
    Job("release_portions", EVERY_MINUTE, campaigns.jobs.release_portions),
    Job("run_lotteries", EVERY_MINUTE, voucher.jobs.run_lotteries),
    Job("notify_winners", EVERY_MINUTE, voucher.jobs.notify_winners),
    Job("close_rounds", EVERY_MINUTE, campaigns.jobs.close_rounds),
    Job("expire_vouchers", EVERY_MINUTE, voucher.jobs.expire_vouchers),
    Job("lapse_purchases", EVERY_MINUTE, voucher.jobs.lapse_purchases),
    Job("return_payments", EVERY_MINUTE, voucher.jobs.return_payments),
    Job("return_spares", time(0, 5), voucher.jobs.return_spares),
    Job("end_overdue", EVERY_HOUR, applications.jobs.end_overdue),
    Job("promote_waiting", EVERY_HOUR, applications.jobs.promote_waiting),
    Job("raise_awards", EVERY_HOUR, applications.jobs.raise_awards),
    Job("open_notices", time(9, 0), applications.jobs.open_notices),
    Job("end_notices", EVERY_HOUR, applications.jobs.end_notices),
    Job("tell_applicants", EVERY_MINUTE, applications.jobs.tell_applicants),
    Job("close_day", time(0, 10), settlement.jobs.close_day),
    Job("keep_city_prices", EVERY_HOUR, merchants.jobs.keep_city_prices),
    Job("lapse_hand_ins", time(0, 30), merchants.jobs.lapse_hand_ins),
    Job("settle_due", time(0, 40), settlement.jobs.settle_due),
    Job("audit_ledger", EVERY_HOUR, audit_ledger),
    Job("seal_books", EVERY_HOUR, ledger.jobs.seal_books),
    Job("verify_seals", time(4, 0), ledger.jobs.verify_seals),
    Job("forget_codes", time(3, 10), voucher.jobs.forget_codes),
    Job("forget_payment_requests", time(3, 15), merchants.jobs.forget_payment_requests),
    Job("forget_sign_ins", time(3, 20), identity.jobs.forget_expired),
    Job("forget_old_answers", time(3, 30), _forget_old_answers),
    Job("forget_old_runs", time(3, 40), _forget_old_runs),
)

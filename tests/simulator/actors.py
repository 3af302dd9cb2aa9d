"""Who acts: citizens, tills on a bad network, jobs under schedulers, officers, and the clock."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from campaigns import rounds
from campaigns.catalog import release_facts
from foundation import slots
from foundation.clock import bureau_day
from foundation.db import db, transaction
from foundation.errors import Refusal
from ledger.sealed_tables import tables
from ledger.sealing import seal_all
from merchants import register
from merchants.models import Refund
from settlement import closing
from settlement.day_closing import close_days
from settlement.models import Statement
from tests.simulator.actor import Actor
from tests.simulator.faults import Killed, under
from tests.simulator.tills import Tills, parts_of
from voucher import claims, codes
from voucher.claims import ClaimRequest, Granted
from voucher.expiry import expire_due

if TYPE_CHECKING:
    from tests.simulator.life import Life

JOB = "job:simulator"
DEVICES = (b"a" * 32, b"b" * 32)
EXPIRED_AT_ONCE = 2
AT_ONCE, A_PORTION = timedelta(0), 10
OFFICERS = ("officer:7", "officer:8")


def all_of(life: "Life") -> list[tuple[int, Callable[[], None]]]:
    """Return everybody with how often they act."""
    citizens, tills, jobs, bureau = Citizens(life), Tills(life), Jobs(life), Bureau(life)
    return [
        (13, citizens.claim),
        (5, citizens.claim_together),
        (4, citizens.claim_slowly),
        (16, citizens.open),
        (16, tills.scan),
        (5, tills.scan_slowly),
        (5, tills.void),
        (5, tills.refund),
        (10, tills.deliver),
        (30, jobs.tick),
        (3, jobs.release),
        (3, jobs.close),
        (6, jobs.expire),
        (2, jobs.close_day),
        (2, jobs.seal),
        (3, bureau.close_period),
        (4, bureau.step),
        (1, bureau.suspend),
        (18, life.move_clock),
    ]


class Citizens(Actor):
    def claim(self) -> None:
        self._claim(self._release(), [self.rng.choice(self.stage.people)])

    def claim_together(self) -> None:
        """Several in one batch, as those who wait at the same moment."""
        self._claim(self._release(), self.rng.choices(self.stage.people, k=self.rng.randint(2, 6)))

    def claim_slowly(self) -> None:
        """Look whether it is open; others come in between."""
        if self.life.is_nested:
            return
        release_id = self._release()
        closed = self.model.closed(release_id, self.now)
        looked = claims.closed(release_facts(release_id), self.now)
        db.session.rollback()
        self.life.expect("a slow look", looked.code if looked else "", closed)
        self.life.meanwhile()
        with mock.patch.object(claims, "closed", return_value=looked):
            self._claim(release_id, [self.rng.choice(self.stage.people)], closed)

    def _release(self) -> int:
        """Mostly one that is open, sometimes another."""
        known = sorted(self.model.releases)
        open_now = [each for each in known if not self.model.closed(each, self.now)]
        if not open_now and self.rng.random() < 0.7:
            self.life.wait_for_a_round()
        return self.rng.choice(open_now if open_now and self.rng.random() < 0.8 else known)

    def _claim(self, release_id: int, people: Sequence[UUID], closed: str | None = None) -> None:
        if closed is None:
            closed = self.model.closed(release_id, self.now)
        requests = [ClaimRequest(citizen, release_id) for citizen in people]
        granted, stands = self.attempt(lambda: claims.claim_batch(requests), self.life.fault(1))
        if not stands:
            self.life.say(f"a claim of {len(people)} failed")
            return
        found = ["done" if isinstance(outcome, Granted) else outcome.code for outcome in granted]
        expected = self.model.claims(release_id, people, closed)
        self.life.expect(f"{len(people)} claim from {release_id}", found, expected)
        for outcome, citizen in zip(granted, people, strict=True):
            self.life.seen["granted" if isinstance(outcome, Granted) else outcome.code] += 1
            if isinstance(outcome, Granted):
                self.model.claimed(outcome.entitlement_id, citizen, release_id, self.now)

    def open(self) -> None:
        """Open a voucher on one of two phones, once in a while somebody else's."""
        if not self.model.vouchers:
            return
        usable = [key for key, voucher in self.model.vouchers.items() if voucher.state == "claimed"]
        voucher_id = self.rng.choice(usable or list(self.model.vouchers))
        holder = self.model.vouchers[voucher_id].citizen
        citizen = holder if self.rng.random() < 0.95 else self.rng.choice(self.stage.people)
        device = self.rng.choices(DEVICES, (3, 1))[0]
        shown, stands = self.attempt(lambda: codes.open_voucher(voucher_id, citizen, device), self.life.fault(1))
        if isinstance(shown, str):
            self.life.expect("a voucher is opened", shown, self.model.opened(voucher_id, citizen, device, self.now))
        elif stands:
            self.life.expect("a voucher is opened", "done", self.model.opened(voucher_id, citizen, device, self.now))
            self.model.shown(shown.digits, voucher_id, device, self.now)


class Jobs(Actor):
    """Schedulers: each run takes its slot, and may die anywhere on the way."""

    def __init__(self, life: "Life") -> None:
        super().__init__(life)
        #: (job, slot) → "done", "failed", or since when a dead run holds it
        self.slots: dict[tuple[str, datetime], str | datetime] = {}

    def tick(self) -> None:
        """What a scheduler does each minute, when there is something to do; otherwise nothing."""
        if self.model.release_due(self.now):
            self.release()
        elif len(self.model.due(self.now)) > 1:
            self.expire()

    def release(self) -> None:
        self._run("release", 1, _in_one(lambda: rounds.release_due_rounds(actor=JOB)), self.model.release_rounds)

    def close(self) -> None:
        self._run("close", 1, _in_one(lambda: rounds.close_due_rounds(actor=JOB)), self.model.close_rounds)

    def expire(self) -> None:
        commits = len(self.model.due(self.now)) // EXPIRED_AT_ONCE + 1
        self._run("expire", commits, _expire_all, lambda now: self.model.expire(now, EXPIRED_AT_ONCE))

    def close_day(self) -> None:
        over = bureau_day(self.now) - timedelta(days=1)

        def follow(_now: datetime) -> None:
            self.model.closed_to = max(self.model.closed_to, over)

        self._run("close_day", 2 if over > self.model.closed_to else 1, _close_all_days, follow)

    def seal(self) -> None:
        """Seal what there is; whatever strikes, the chain has every row once at the end of the life."""
        fault = self.life.fault(2 * len(tables()))
        try:
            with under(fault):
                seal_all(AT_ONCE, A_PORTION)
        except (Killed, Refusal, OperationalError):
            self.life.seen["sealing failed"] += 1
        self.life.say(f"job seal{' struck by ' + fault.kind if fault and fault.struck else ''}")

    def _run(self, job: str, commits: int, work: Callable[[], str], follow: Callable[[datetime], None]) -> None:
        now = self.now
        slot = slots.slot_start(now, timedelta(minutes=1))
        held = self.slots.get((job, slot))
        dead = isinstance(held, datetime) and held < now - slots.ABANDONED_AFTER
        free = held is None or held == "failed" or dead
        fault, ran = self.life.fault(commits + 2), False
        try:
            with under(fault):
                ran = slots.run_in_slot(job, slot, work)
        except (Killed, Refusal):
            pass
        if fault is None or not fault.struck:
            self.life.expect(f"job {job}", ran, free)
            if ran:
                self._follow(commits, follow)
                self.slots[job, slot] = "done"
            return
        durable = fault.durable or 0
        self.life.say(f"job {job} struck by {fault.kind} after {durable} commits")
        self.life.seen[f"fault {fault.kind}"] += 1
        if not free or not durable:
            return
        self._follow(min(durable - 1, commits), follow)
        lives_on = fault.kind in ("fail", "break") and durable <= commits
        self.slots[job, slot] = "failed" if lives_on else "done" if durable == commits + 2 else now

    def _follow(self, commits: int, follow: Callable[[datetime], None]) -> None:
        for _ in range(commits):
            follow(self.now)


def _in_one(operation: Callable[[], Any]) -> Callable[[], str]:
    def work() -> str:
        with transaction():
            operation()
        return ""

    return work


def _expire_all() -> str:
    while True:
        with transaction():
            expired = expire_due(actor=JOB, most=EXPIRED_AT_ONCE)
        if expired < EXPIRED_AT_ONCE:
            return ""


def _close_all_days() -> str:
    while True:
        with transaction():
            closed = close_days()
        if closed == 0:
            return ""


class Bureau(Actor):
    def close_period(self) -> None:
        last_day = bureau_day(self.now) - timedelta(days=self.rng.choice((0, 1, 1, 1, 2)))
        by = self.rng.choice(OFFICERS)
        campaign_id = self.stage.campaign.id
        found, stands = self.attempt(lambda: closing.close_period(campaign_id, last_day, by=by).id, self.life.fault(1))
        if isinstance(found, str) or stands:
            code = found if isinstance(found, str) else "done"
            self.life.expect("a period is closed", code, self.model.closed_period(last_day, self.now))
            if code == "done":
                self.model.settled(found, last_day, by)

    def step(self) -> None:
        """Approve, reject or pay one of the batches."""
        if not self.model.batches:
            return
        batch_id, by = self.rng.choice(sorted(self.model.batches)), self.rng.choice(OFFICERS)
        event = self.rng.choices(("approve", "reject", "pay"), (4, 1, 2))[0]
        operations: dict[str, Callable[[], None]] = {
            "approve": lambda: closing.approve(batch_id, by=by),
            "reject": lambda: closing.reject(batch_id, by=by, reason="金额不符"),
            "pay": lambda: closing.mark_paid(batch_id, by=by, payment_reference="2023-05"),
        }
        found, stands = self.attempt(operations[event], self.life.fault(1))
        if isinstance(found, str) or stands:
            code = found if isinstance(found, str) else "done"
            self.life.expect(f"{event} {batch_id}", code, self.model.stepped(batch_id, event, by))
            if code == "done" and event == "approve":
                self._recovered(batch_id)

    def _recovered(self, batch_id: int) -> None:
        """What a batch takes back of earlier refunds returns to the pools; which ones is the code's choice."""
        db.session.rollback()
        mine = select(Statement.id).where(Statement.batch_id == batch_id)
        late = db.session.scalars(
            select(Refund.id).where(Refund.recovery == "later", Refund.statement_id.in_(mine))
        ).all()
        for source, fen in parts_of(self.stage.campaign.sources, late).items():
            self.model.pools[source] += fen

    def suspend(self) -> None:
        """Suspend a merchant, or let one work again."""
        shop = self.rng.randrange(3)
        merchant_id = self.stage.shops[shop].merchant_id

        def operation() -> bool:
            if shop in self.model.suspended:
                return register.resume_merchant(merchant_id, by=OFFICERS[0])
            return register.suspend_merchant(merchant_id, by=OFFICERS[0], reason="核查")

        _, stands = self.attempt(operation, self.life.fault(1))
        if stands:
            self.model.suspended ^= {shop}
            self.life.say(f"merchant {shop} is suspended or resumed")

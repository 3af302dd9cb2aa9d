"""One life: actors chosen by a seed do something, something goes wrong, and the model must have foreseen it."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from campaigns.models import CampaignRound, Release
from foundation import clock as clocks
from foundation.clock import TICK, bureau_day, day_start
from foundation.db import db
from ledger import accounts, audit, seal_checks
from ledger.models import LedgerAccount
from ledger.sealing import seal_all
from merchants.models import Redemption
from tests.simulator import actors
from tests.simulator.faults import KINDS, Fault, injecting
from tests.simulator.model import Model
from tests.simulator.stage import BEGINS, OFFERS, ROUNDS, SOURCES, Clock, Stage, clock_at
from voucher.models import Entitlement

#: Steps of one life, and how often the database is compared in full.
STEPS, COMPARED_EVERY = 80, 20
FAULTS = 0.3


#: What is compared, written once: building a statement costs as much as asking it.
_VOUCHERS = select(Entitlement.id, Entitlement.status)
_STOCK = select(Release.__table__)
_ROUNDS = select(CampaignRound.code, CampaignRound.status)
_USES = select(Redemption.__table__)
_BALANCES = select(LedgerAccount.address, LedgerAccount.balance_fen)
_TWICE = (
    select(Redemption.entitlement_id)
    .where(Redemption.status.in_(("redeemed", "refunded")))
    .group_by(Redemption.entitlement_id)
    .having(func.count() > 1)
)


class Diverged(AssertionError):
    """The system did what the model did not foresee."""


class Life:
    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.seed = stage, seed
        self.rng = random.Random(seed)
        self.model = Model(stage)
        self.clock = Clock(BEGINS)
        self.trace: list[str] = []
        self.seen: Counter[str] = Counter()
        self.is_nested = False
        self.actors: list[tuple[int, Callable[[], None]]] = actors.all_of(self)
        campaign = stage.campaign
        self._pool_addresses = {
            source: accounts.budget(campaign.id, campaign.sources[source]).address for source in SOURCES
        }
        self._held_addresses = {
            (source, name): accounts.outstanding(
                campaign.id, campaign.sources[source], offer_id=campaign.offers[name]
            ).address
            for source in SOURCES
            for name in OFFERS
        }

    # --- living -------------------------------------------------------------------------------------------------

    def live(self, steps: int = STEPS) -> Counter[str]:
        """Live through ``steps`` steps and return what was seen. Raises Diverged, with the way to see it again."""
        self.stage.put_back()
        try:
            with self.stage.app.app_context(), clock_at(BEGINS) as self.clock, injecting():
                for number in range(steps):
                    self.step()
                    if number % COMPARED_EVERY == COMPARED_EVERY - 1:
                        self.compare()
                self.compare()
                self.prove()
        except Exception as failure:
            raise Diverged(self.tell(failure, steps)) from failure
        return self.seen

    def tell(self, failure: Exception, steps: int) -> str:
        life = "\n".join(f"  {number:3} {line}" for number, line in enumerate(self.trace[-25:], len(self.trace[:-25])))
        again = f"python -m tests.simulator --seed {self.seed}" + ("" if steps == STEPS else f" --steps {steps}")
        return f"seed {self.seed} diverged: {failure}\n{life}\nreplay: {again}"

    def step(self) -> None:
        """Let somebody do something."""
        weights = [weight for weight, _ in self.actors]
        [(_, act)] = self.rng.choices(self.actors, weights)
        act()

    def meanwhile(self) -> None:
        """Let others do something between an operation's look and its write, at the same moment."""
        self.is_nested = True
        for _ in range(self.rng.randint(1, 3)):
            self.step()
        self.is_nested = False

    def say(self, text: str) -> None:
        inset = "  " if self.is_nested else ""
        self.trace.append(f"{clocks.local(self.clock.now()):%d %H:%M:%S} {inset}{text}")

    def fault(self, commits: int) -> Fault | None:
        """Return what will go wrong with an operation of so many commits, if anything."""
        if self.rng.random() > FAULTS:
            return None
        kind = self.rng.choice(KINDS)
        return Fault(kind, self.rng.randint(1, 12) if kind == "break" else self.rng.randint(1, commits))

    def expect(self, what: str, found: Any, expected: Any) -> None:
        self.say(f"{what} → {found}")
        if found and isinstance(found, str):
            self.seen[found] += 1
        if found != expected:
            raise Diverged(f"{what}: {found!r}, but the model says {expected!r}")

    # --- time ---------------------------------------------------------------------------------------------------

    def move_clock(self) -> None:
        if self.is_nested:
            return
        now = self.clock.now()
        kind = self.rng.choices(("little", "while", "to", "back"), (70, 8, 14, 8))[0]
        if kind == "little":
            moment = now + timedelta(seconds=self.rng.choice((1, 10, 31, 61, 80)))
        elif kind == "while":
            moment = now + timedelta(minutes=self.rng.choice((2, 10, 31, 90)))
        elif kind == "to":
            moment = self._moment_of_interest(now)
        else:
            # As far back as a clock that is set, never into a day whose figures are kept.
            first = day_start(self.model.closed_to + timedelta(days=1))
            moment = max(first, BEGINS, now - timedelta(seconds=self.rng.choice((1, 60, 3_600, 7_200))))
        self.clock.set(moment)
        self.say(f"the clock moves {kind}")
        self.seen[f"clock {kind}"] += 1

    def _moment_of_interest(self, now: datetime) -> datetime:
        moments = [moment for pair in ROUNDS.values() for moment in pair]
        moments += [voucher.expires_at for voucher in self.model.vouchers.values() if voucher.state == "claimed"]
        moments += [day_start(bureau_day(now) + timedelta(days=1)) + timedelta(minutes=10)]
        ahead = sorted({moment for moment in moments if moment > now + TICK})
        chosen = self.rng.choice(ahead[:2]) if ahead else now + timedelta(hours=1)
        return chosen + self.rng.choice((-TICK, timedelta(0), TICK, -timedelta(minutes=2)))

    def wait_for_a_round(self) -> None:
        """Move on to the next opening: where no round is open, little happens."""
        ahead = [opens for opens, _ in ROUNDS.values() if opens > self.clock.now()]
        if ahead and not self.is_nested:
            self.clock.set(min(ahead))
            self.say("a round opens")

    # --- looking ------------------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Compare every table that the model keeps, to the row and the fen."""
        db.session.rollback()
        model = self.model
        entitlements = dict(db.session.execute(_VOUCHERS).all())
        self._same("vouchers", entitlements, {key: voucher.state for key, voucher in model.vouchers.items()})
        stock = {row.id: (row.released, row.remaining) for row in db.session.execute(_STOCK)}
        self._same("stock", stock, {key: (each.released, each.remaining) for key, each in model.releases.items()})
        rounds = dict(db.session.execute(_ROUNDS).all())
        self._same("rounds", rounds, model.rounds)
        uses = {
            row.id: (row.status, row.refunded_bill_fen, row.refunded_discount_fen, row.statement_id is not None)
            for row in db.session.execute(_USES)
        }
        expected = {
            key: (use.status, use.refunded_bill_fen, use.refunded_fen, use.batch is not None)
            for key, use in model.uses.items()
        }
        self._same("redemptions", uses, expected)
        balances = dict(db.session.execute(_BALANCES).all())
        pools = {source: balances.get(address, 0) for source, address in self._pool_addresses.items()}
        self._same("pools", pools, model.pools)
        held = {key: balances.get(address, 0) for key, address in self._held_addresses.items()}
        outstanding = model.outstanding()
        self._same("outstanding", held, {key: outstanding[key] for key in held})
        self._same("redeemed twice", db.session.execute(_TWICE).all(), [])

    def _same(self, what: str, found: Any, expected: Any) -> None:
        if found == expected:
            return
        with suppress(TypeError, AttributeError):
            found, expected = dict(found.items() - expected.items()), dict(expected.items() - found.items())
        raise Diverged(f"{what}: {found}, but the model says {expected}")

    def prove(self) -> None:
        db.session.rollback()
        findings = [(finding.check.name, list(finding.examples)[:2]) for finding in audit.run()]
        if findings:
            raise Diverged(f"the audit found {findings}")
        seal_all(timedelta(0))
        verdict = seal_checks.verify()
        if verdict.found or verdict.unsealed_rows or verdict.late_rows:
            raise Diverged(f"the seals say {verdict}")

"""Tills on a bad network: requests under keys that come late, twice, in another order, and are struck on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import UUID

from sqlalchemy import select

from foundation.db import db
from foundation.errors import Refusal
from foundation.idempotency import ABANDONED_AFTER, Answer, fingerprint, once
from merchants import redemptions, refunds
from merchants.models import Refund, RefundPart
from merchants.scans import Scan, judge
from tests.simulator.faults import Fault, Killed, under
from tests.simulator.stage import OFFERS

if TYPE_CHECKING:
    from tests.simulator.life import Life

from tests.simulator.actor import Actor


@dataclass(frozen=True)
class Request:
    """What a till sends, under its key. ``what``: redeem, void or refund."""

    what: str
    shop: int
    key: str
    digits: str = ""
    use: UUID | None = None
    fen: int = 0


class Tills(Actor):
    """Tills send requests under keys; some arrive late, twice or in another order; lost answers are asked for again."""

    def __init__(self, life: "Life") -> None:
        super().__init__(life)
        self.network: list[Request] = []
        #: (shop, key) → what was asked, and the answer or since when a dead request holds the key
        self.keys: dict[tuple[int, str], tuple[bytes, Answer | datetime]] = {}
        self.sent = 0

    # --- what they want -----------------------------------------------------------------------------------------

    def scan(self) -> None:
        request = self._scan()
        if request:
            self._send(request)

    def scan_slowly(self) -> None:
        """Judge a scan; others come in between, then it is written."""
        request = self._scan()
        if request is None or self.life.is_nested:
            return
        judged = self.model.judged(request.shop, request.digits, request.fen, self.now)
        looked = judge([self._scan_of(request)], self.now)
        db.session.rollback()
        code = looked[0].code if isinstance(looked[0], Refusal) else ""
        self.life.expect("a slow scan", code, judged)
        self.life.meanwhile()
        with mock.patch.object(redemptions, "judge", return_value=looked):
            self._answer(request, self.life.fault(2), judged)

    def _scan(self) -> Request | None:
        if not self.model.codes:
            return None
        fresh = [digits for digits, code in self.model.codes.items() if code.expires_at > self.now]
        digits = self.rng.choice(fresh if fresh and self.rng.random() < 0.9 else list(self.model.codes))
        terms = OFFERS[self.model.vouchers[self.model.codes[digits].voucher].offer]
        bill_fen = terms.threshold_fen + self.rng.choice((-1, 0, 1, 777, 5_000))
        return self._new("redeem", self.rng.choices((0, 1, 2), (5, 3, 2))[0], digits=digits, fen=bill_fen)

    def void(self) -> None:
        self._take_back("void", 0)

    def refund(self) -> None:
        self._take_back("refund", self.rng.choice((0, 1_000, 333)))

    def _take_back(self, what: str, fen: int) -> None:
        if not self.model.uses:
            return
        use_id = self.rng.choice(list(self.model.uses))
        use = self.model.uses[use_id]
        shop = use.shop if self.rng.random() < 0.95 else self.rng.randrange(3)
        self._send(self._new(what, shop, use=use_id, fen=fen or use.bill_fen))

    def _new(self, what: str, shop: int, **words: Any) -> Request:
        self.sent += 1
        return Request(what, shop, f"k{self.sent}", **words)

    # --- the network --------------------------------------------------------------------------------------------

    def _send(self, request: Request) -> None:
        """Hand a request to the network, which delivers it now or later, and sometimes twice."""
        if self.rng.random() < 0.25:
            self.network.append(request)
            self.life.say(f"{request.what} {request.key} is late")
            return
        if self.rng.random() < 0.15:
            self.network.append(request)
        if self.rng.random() < 0.03:
            # The same key for something else.
            self.network.append(replace(request, fen=request.fen + 1))
        self._answer(request, self.life.fault(2))

    def deliver(self) -> None:
        """Deliver something that is under way, in whatever order."""
        if self.network:
            self._answer(self.network.pop(self.rng.randrange(len(self.network))), self.life.fault(2))

    # --- the door -----------------------------------------------------------------------------------------------

    def _answer(self, request: Request, fault: Fault | None, judged: str | None = None) -> None:
        now, what, asked = self.now, f"{request.what} {request.key}", _asked(request)
        first, held = self.keys.get((request.shop, request.key), (asked, None))
        made: list[Answer] = []
        code, answer = "", None
        try:
            with under(fault):
                answer = once(self._counter(request).actor, request.key, asked, lambda: self._work(request, made))
        except Killed:
            code = "killed"
        except Refusal as refusal:
            code = refusal.code
        if fault is not None and fault.struck:
            self._struck(request, fault, made, judged)
        elif asked != first:
            self.life.expect(what, code, "idempotency_key_reused")
        elif isinstance(held, Answer):
            assert answer is not None
            self.life.expect(f"{what} again", (answer.replayed, answer.body), (True, held.body))
        elif held is not None and not held < now - ABANDONED_AFTER:
            self.life.expect(what, code, "request_in_flight")
        else:
            assert answer is not None, code
            assert not answer.replayed
            self._done(request, answer, judged)

    def _struck(self, request: Request, fault: Fault, made: Sequence[Answer], judged: str | None) -> None:
        """Keep what stands of a request that was struck; the till asks again, mostly."""
        name = (request.shop, request.key)
        self.life.say(f"{request.what} {request.key} struck by {fault.kind} after {fault.durable} commits")
        self.life.seen[f"fault {fault.kind}"] += 1
        first, held = self.keys.get(name, (_asked(request), None))
        dead = isinstance(held, datetime) and held < self.now - ABANDONED_AFTER and first == _asked(request)
        if (held is None or dead) and fault.durable:
            if fault.durable > 1:
                self._done(request, made[0], judged)
            elif fault.kind in ("kill", "lost"):
                self.keys[name] = (first, self.now)
            else:
                # The process lived on and freed the key.
                self.keys.pop(name, None)
        if self.rng.random() < 0.8:
            self.network.append(request)

    def _work(self, request: Request, made: list[Answer]) -> Answer:
        """Do what the tills' API does, with its answers in short."""
        counter = self._counter(request)
        try:
            if request.what == "redeem":
                receipt = redemptions.redeem(counter, request.digits, request.fen)
                answer = Answer(201, {"code": "done", "id": receipt.redemption_id.hex})
            elif request.what == "void":
                assert request.use is not None
                redemptions.void(request.use, counter, "顾客退货")
                answer = Answer(200, {"code": "done"})
            else:
                assert request.use is not None
                slip = refunds.refund(request.use, counter, request.fen, "顾客退货")
                told = {"fen": slip.discount_fen, "restored": slip.restored, "id": slip.refund_id.hex}
                answer = Answer(201, {"code": "done", **told})
        except Refusal as refusal:
            if refusal.retryable:
                raise
            if request.what == "redeem":
                redemptions.record_refusal(counter, refusal, code_text=request.digits, bill_fen=request.fen)
            answer = Answer(409, {"code": refusal.code})
        made.append(answer)
        return answer

    def _done(self, request: Request, answer: Answer, judged: str | None) -> None:
        """Compare an answer with the model's, and let the model follow."""
        self.keys[request.shop, request.key] = (_asked(request), answer)
        what, now, found = f"{request.what} {request.key} at {request.shop}", self.now, answer.body["code"]
        if request.what == "redeem":
            if judged is None:
                judged = self.model.judged(request.shop, request.digits, request.fen, now)
            self.life.expect(what, found, self.model.spent(request.digits, judged))
            if found == "done":
                self.model.redeemed(UUID(answer.body["id"]), request.digits, request.shop, request.fen, now)
            return
        assert request.use is not None
        self.life.seen[f"{request.what} {found}"] += 1
        if request.what == "void":
            self.life.expect(what, found, self.model.voided(request.use, request.shop, now))
            return
        on_statement = self.model.uses[request.use].batch is not None
        code, back_fen, restores = self.model.refunded(request.use, request.shop, request.fen, now)
        self.life.expect(what, found, code)
        if found == "done":
            told = (answer.body["fen"], answer.body["restored"])
            self.life.expect("what came back", told, (back_fen, restores))
            self._came_back(request.use, UUID(answer.body["id"]), told, at_once=not on_statement)

    def _came_back(self, use_id: UUID, refund_id: UUID, told: tuple[int, bool], *, at_once: bool) -> None:
        db.session.rollback()
        parts = parts_of(self.stage.campaign.sources, [refund_id])
        self.life.expect("its parts", sum(parts.values()), told[0])
        recovery = db.session.scalar(select(Refund.recovery).where(Refund.id == refund_id))
        # A refund of which nothing comes back has nothing to wait for.
        self.life.expect("it comes back", recovery == "at_once" or not told[0], at_once or not told[0])
        self.model.came_back(use_id, parts, restored=told[1], at_once=at_once)

    def _counter(self, request: Request) -> Any:
        return self.stage.shops[request.shop].till

    def _scan_of(self, request: Request) -> Scan:
        return Scan(self._counter(request), request.digits, request.fen)


def _asked(request: Request) -> bytes:
    return fingerprint(request.what, [request.digits, str(request.use), request.fen])


def parts_of(sources: dict[str, int], refund_ids: Sequence[UUID]) -> dict[str, int]:
    """Return source → what came back of it in these refunds."""
    names = {number: code for code, number in sources.items()}
    parts = dict.fromkeys(sources, 0)
    rows = select(RefundPart.fund_source_id, RefundPart.discount_fen).where(RefundPart.refund_id.in_(refund_ids))
    for source_id, fen in db.session.execute(rows):
        parts[names[source_id]] += fen
    return parts

"""The product with one guard taken away at a time: the simulator has to notice each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import UUID

from sqlalchemy import update

from campaigns import rounds
from campaigns.models import Release
from foundation import idempotency, slots
from foundation.db import db, rows_changed, transaction
from foundation.idempotency import Answer
from foundation.ids import new_id
from foundation.states import Step
from ledger import posting
from ledger.accounts import AccountKey
from tests.simulator import stage, tills
from tests.simulator.stage import Stage
from voucher import codes, quotas, spending
from voucher.models import Entitlement
from voucher.states import ENTITLEMENT


def take_without_looking(release_id: int, count: int) -> bool:
    lower = update(Release).where(Release.id == release_id).values(remaining=Release.remaining - count)
    return bool(rows_changed(lower))


def spend_without_looking(uses: Sequence[spending.Use], step: Step, *, actors: Any) -> set[UUID]:
    ids = [use.entitlement_id for use in uses]
    db.session.execute(update(Entitlement).where(Entitlement.id.in_(ids)).values(status="redeemed"))
    return set(ids)


def count_without_a_limit(_scope: str, person_ids: Sequence[UUID], *, most: int) -> set[UUID]:
    return set(person_ids)


def answer_after_the_commit(caller: str, key: str | None, asked: bytes, work: Callable[[], Answer]) -> Answer:
    """Keep the answer in a transaction of its own, after the work's."""
    assert key is not None
    holder = new_id()
    stored = idempotency._take(caller, key, asked, holder)
    if stored is not None:
        return stored
    with transaction():
        answer = work()
    with transaction():
        idempotency._store(caller, key, holder, answer)
    return answer


def restore_and_leave_the_code(entitlement_id: UUID, step: Step, *, event: str = "void") -> bool:
    nothing = dict.fromkeys(("redeemed_at", "redeemed_place", "redeemed_bill_fen", "redeemed_discount_fen"))
    return bool(ENTITLEMENT.apply(Entitlement, [entitlement_id], event, step, also_set=nothing))


def take_any_slot(job: str, slot: Any) -> bool:
    slots_take(job, slot)
    return True


slots_take = slots._take
change = posting._change


def change_all_but_the_last(deltas_fen: Mapping[AccountKey, int]) -> dict[str, int]:
    last = next(reversed(deltas_fen)) if len(deltas_fen) > 1 else None
    return change({key: fen if key != last else 0 for key, fen in deltas_fen.items()})


MUTANTS: dict[str, Callable[[], Any]] = {
    "stock is taken without a condition": lambda: mock.patch.object(rounds, "_take_exactly", take_without_looking),
    "a voucher is spent without a condition": lambda: mock.patch.object(spending, "spend", spend_without_looking),
    "a person is counted without a limit": lambda: mock.patch.object(quotas, "take", count_without_a_limit),
    "an answer is kept after its effect": lambda: mock.patch.object(tills, "once", answer_after_the_commit),
    "a code outlives its redemption": lambda: mock.patch.object(spending, "restore", restore_and_leave_the_code),
    "a code lives for an hour": lambda: mock.patch.object(codes, "GRACE", timedelta(hours=1)),
    "a slot is taken by everybody": lambda: mock.patch.object(slots, "_take", take_any_slot),
    "a posting loses its last leg": lambda: mock.patch.object(posting, "_change", change_all_but_the_last),
}


@contextmanager
def mutated(name: str, on: Stage) -> Iterator[None]:
    """Run the block with one guard off, and with the database's own CHECKs off, which would catch some of them."""
    stage.without_checks(on.app)
    try:
        with MUTANTS[name]():
            yield
    finally:
        stage.with_checks(on.app)

"""Idempotency keys: a request that is sent twice is done once and answered twice alike.

After the IETF draft "The Idempotency-Key HTTP Header Field" (draft-07): no key is the door's business (400);
the same key with another body is refused (422); a key whose first request is still running is refused (409);
a finished one is answered with the stored answer. An answer is stored in the transaction that does the work,
so an answer exists exactly when its effect does.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, LargeBinary, PrimaryKeyConstraint, String, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from foundation import clock
from foundation.db import Base, UTCDateTime, db, rows_changed, transaction, upsert
from foundation.errors import N_, Conflict, Malformed, Refusal
from foundation.ids import new_id
from foundation.prepared import Prepared

#: How long a stored answer is kept; published in the API's documentation.
KEPT_FOR = timedelta(hours=48)
#: A first request that has not finished after this long is taken to be dead, and its key may be used again.
ABANDONED_AFTER = timedelta(seconds=30)
LONGEST_KEY = 255


class KeyMissing(Malformed):
    code = "idempotency_key_missing"
    message = N_("缺少 Idempotency-Key 请求头")
    way_out = N_("请为每笔业务生成一个唯一的 Idempotency-Key，重发时使用同一个")
    field = "Idempotency-Key"


class KeyReusedDifferently(Malformed):
    code = "idempotency_key_reused"
    message = N_("同一个 Idempotency-Key 带来了不同的请求内容")
    way_out = N_("新的业务请使用新的 Idempotency-Key；重发旧业务时内容必须一致")
    field = "Idempotency-Key"


class RequestInFlight(Conflict):
    code = "request_in_flight"
    message = N_("同一笔请求正在处理")
    way_out = N_("请稍候用同一个 Idempotency-Key 再查一次")
    retryable = True


class IdempotencyKey(Base):
    """A key of one caller, and the answer once there is one (answer_status is null while the first request runs)."""

    __tablename__ = "idempotency_key"
    __table_args__ = (PrimaryKeyConstraint("caller", "key"),)

    caller: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    #: changes when a dead first request is taken over, so that the dead one cannot finish late
    holder: Mapped[UUID]
    started_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    answer_status: Mapped[int | None]
    answer_body: Mapped[dict[str, Any] | None] = mapped_column(JSON)


@dataclass(frozen=True)
class Answer:
    """What the caller is told; ``replayed`` when the work was done by an earlier request."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


def fingerprint(route: str, body: object) -> bytes:
    """Return a digest of what is asked; key order and spacing of the JSON do not matter."""
    # The standard library's writer: it takes integers of any size, and what is asked may hold one.
    asked = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{route}\x00{asked}".encode()).digest()


@dataclass(frozen=True)
class Keyed:
    """A request under its key: whose key it is, and the digest of what is asked (``fingerprint``)."""

    caller: str
    key: str
    asked: bytes

    @classmethod
    def read(cls, caller: str, key: str | None, asked: bytes) -> "Keyed":
        """Refuses KeyMissing."""
        _check(key)
        return cls(caller, key or "", asked)

    @property
    def name(self) -> tuple[str, str]:
        return self.caller, self.key


def once_together(
    requests: Sequence[Keyed], work: Callable[[Sequence[int]], Mapping[int, Answer | Refusal]]
) -> list[Answer | Refusal]:
    """Do the work of those requests whose keys have no answer yet, and return an answer for each; within the caller's
    transaction.

    ``work`` gets the places of those to be done and returns what to answer each. A Refusal there is one that may pass:
    it is not stored, and its key is free again. The same key twice in one batch is done once, and so is one that
    another process works on: this waits for it, as long as the database lets it wait, and gives its answer.
    Outcomes besides: KeyReusedDifferently, RequestInFlight.
    """
    first: dict[tuple[str, str], int] = {}
    for place, request in enumerate(requests):
        first.setdefault(request.name, place)
    holder = new_id()
    fresh = _take_together([requests[place] for place in first.values()], holder)
    outcomes: dict[int, Answer | Refusal] = {}
    to_do = []
    for name, place in first.items():
        answer = None if name in fresh else _answered(requests[place], holder)
        if answer is None:
            to_do.append(place)
        else:
            outcomes[place] = answer
    done = work(to_do) if to_do else {}
    outcomes.update(done)
    _store_together({requests[place].name: answer for place, answer in done.items()}, holder)
    for place, request in enumerate(requests):
        if place not in outcomes:
            outcomes[place] = _repeat(requests[first[request.name]], outcomes[first[request.name]], request)
    return [outcomes[place] for place in range(len(requests))]


def _take_together(requests: Sequence[Keyed], holder: UUID) -> set[tuple[str, str]]:
    """Insert the keys, and return those that were new. In one order, so that nobody waits in a circle."""
    now = clock.now()
    rows = [
        {"caller": request.caller, "key": request.key, "fingerprint": request.asked}
        for request in sorted(requests, key=lambda request: request.name)
    ]
    return {(caller, key) for caller, key in _TAKE.rows(rows, by=holder, now=now)}


_TAKE = Prepared(
    lambda given: (
        given.insert(IdempotencyKey, holder=bindparam("by"), started_at=bindparam("now"))
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.caller, IdempotencyKey.key)
    ),
    caller=IdempotencyKey.caller,
    key=IdempotencyKey.key,
    fingerprint=IdempotencyKey.fingerprint,
)


def _answered(request: Keyed, holder: UUID) -> Answer | Refusal | None:
    """Return what is known of a key that was there before; None if it was given up and is this request's now."""
    try:
        return _known(request.caller, request.key, request.asked, holder)
    except Refusal as refusal:
        return refusal


def _store_together(answers: Mapping[tuple[str, str], Answer | Refusal], holder: UUID) -> None:
    """Store final answers, and free the keys of those that were refused for now."""
    rows = []
    for (caller, key), answer in answers.items():
        if isinstance(answer, Refusal):
            _free(caller, key, holder)
        else:
            rows.append({"caller": caller, "key": key, "answer_status": answer.status, "answer_body": answer.body})
    if _STORE.change(rows, by=holder) != len(rows):
        # Another request took a key over while this one was thought dead; this one must leave no effect.
        raise RequestInFlight


def _repeat(first: Keyed, outcome: Answer | Refusal, request: Keyed) -> Answer | Refusal:
    if request.asked != first.asked:
        return KeyReusedDifferently()
    return outcome if isinstance(outcome, Refusal) else replace(outcome, replayed=True)


_STORE = Prepared(
    lambda given: (
        update(IdempotencyKey)
        .where(
            given.matches(IdempotencyKey.caller, "caller"),
            given.matches(IdempotencyKey.key, "key"),
            IdempotencyKey.holder == bindparam("by"),
        )
        .values(answer_status=given["answer_status"], answer_body=given["answer_body"])
    ),
    caller=IdempotencyKey.caller,
    key=IdempotencyKey.key,
    answer_status=IdempotencyKey.answer_status,
    answer_body=IdempotencyKey.answer_body,
)


def _check(key: str | None) -> None:
    if not key or len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise KeyMissing


def once(caller: str, key: str | None, asked: bytes, work: Callable[[], Answer]) -> Answer:
    """Do ``work`` in one transaction unless this caller's key has been answered, and return the answer.

    ``work`` returns refusals that are final answers (a used code stays used) as an Answer; an exception rolls
    everything back, frees the key, and may be retried with the same key.
    Refuses KeyMissing, KeyReusedDifferently, RequestInFlight.
    """
    _check(key)
    key = key or ""
    holder = new_id()
    stored = _take(caller, key, asked, holder)
    if stored is not None:
        return stored
    try:
        with transaction():
            answer = work()
            _store(caller, key, holder, answer)
        return answer
    except BaseException:
        with transaction():
            _free(caller, key, holder)
        raise


def _free(caller: str, key: str, holder: UUID) -> None:
    db.session.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.caller == caller,
            IdempotencyKey.key == key,
            IdempotencyKey.holder == holder,
            IdempotencyKey.answer_status.is_(None),
        )
    )


def _take(caller: str, key: str, asked: bytes, holder: UUID) -> Answer | None:
    now = clock.now()
    with transaction():
        fresh = {"caller": caller, "key": key, "fingerprint": asked, "holder": holder, "started_at": now}
        statement = upsert(IdempotencyKey).values(**fresh).on_conflict_do_nothing().returning(IdempotencyKey.holder)
        if db.session.execute(statement).first() is not None:
            return None
        return _known(caller, key, asked, holder)


def _known(caller: str, key: str, asked: bytes, holder: UUID) -> Answer | None:
    """Return the stored answer of a key that was there before; None if its first request was given up, and the key is
    ``holder``'s from now on. Refuses KeyReusedDifferently, RequestInFlight."""
    now = clock.now()
    row = db.session.execute(
        select(IdempotencyKey).where(IdempotencyKey.caller == caller, IdempotencyKey.key == key)
    ).scalar_one_or_none()
    if row is None:
        raise RequestInFlight
    if row.fingerprint != asked:
        raise KeyReusedDifferently
    if row.answer_status is not None:
        return Answer(row.answer_status, dict(row.answer_body or {}), replayed=True)
    taken_over = rows_changed(
        update(IdempotencyKey)
        .where(
            IdempotencyKey.caller == caller,
            IdempotencyKey.key == key,
            IdempotencyKey.answer_status.is_(None),
            IdempotencyKey.started_at < now - ABANDONED_AFTER,
        )
        .values(holder=holder, started_at=now)
    )
    if taken_over == 0:
        raise RequestInFlight
    return None


def _store(caller: str, key: str, holder: UUID, answer: Answer) -> None:
    stored = rows_changed(
        update(IdempotencyKey)
        .where(IdempotencyKey.caller == caller, IdempotencyKey.key == key, IdempotencyKey.holder == holder)
        .values(answer_status=answer.status, answer_body=answer.body)
    )
    if stored == 0:
        # Another request took the key over while this one was thought dead; this one must leave no effect.
        raise RequestInFlight


def forget_old_answers() -> int:
    """Delete keys past KEPT_FOR and return how many."""
    with transaction():
        return rows_changed(delete(IdempotencyKey).where(IdempotencyKey.started_at < clock.now() - KEPT_FOR))

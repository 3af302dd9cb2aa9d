"""Group commit: requests that wait at the same moment share one transaction.

A commit costs a wait for the disk, and a hot row is locked until that wait is over. One transaction that grants sixty
requests costs about what one that grants a single request does, so those that are waiting anyway go together.

There is no thread of its own. Whoever comes and finds nobody at work becomes the leader: it opens the transaction,
does the work for itself and for all who wait in the same line, and wakes them when it is durable. Whoever comes
meanwhile waits, and the first of those leads next. So one request alone pays a lock that nobody holds, and the busier
it gets the larger the batches are. When a batch of several has just been answered, those who got their answers tend to
be followed by as many; the next leader then gives them a moment to come, instead of going ahead alone and making them
wait for a whole transaction.

What it promises:

- An answer is given only after the transaction that made it is durable.
- A line is one key (a release): its batches run one after the other in this process. Other processes have lines of
  their own; between them the database's locks decide, as ever.
- One bad item never fails its neighbours: when the work of a batch raises, it is rolled back and each item is done
  again alone. Expected refusals are answers, not exceptions.
- A database that is busy or gone fails everybody in the batch with the same refusal, and nothing is done; one that is
  lost at the very end fails them with OutcomeUnknown, which promises nothing.
- The queue has a bound and so has the wait in it; beyond them it is QueueFull at once, with nothing done.
- A leader whose thread is ended (the worker stops) leaves nobody waiting.

It works with threads and with gevent's greenlets, which take the place of threads when gevent has patched them.
"""

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from flask import current_app

from foundation.db import db, transaction
from foundation.errors import N_, Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")

#: Batches larger than this gain nothing more and make each answer later.
MOST_TOGETHER = 128
MOST_WAITING = 2_000
#: The moment that a leader gives others to come: at most this, and at most half of what the last batch took.
GATHER_SECONDS = 0.01
#: How recent a batch must be to say anything about the next.
RECENT_SECONDS = 0.05
#: How long somebody waits to be taken into a batch. Once taken, the database's own limits end every wait.
PATIENCE_SECONDS = 5.0


class QueueFull(Unavailable):
    """Too many wait already, or the wait took too long."""

    code = "queue_full"
    message = N_("现在办理的人很多，您的这一次还没有提交")
    way_out = N_("没有重复也没有扣减，请稍等几秒再试")
    retry_after_seconds = 2


class Interrupted(Unavailable):
    """The process that worked on it is being stopped; its transaction was rolled back."""

    code = "interrupted"


class _Ticket(Generic[Item, Answer]):
    """One that waits: its item, and later its answer or why there is none."""

    __slots__ = ("answer", "failure", "item", "leads", "woken")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.leads = False
        self.answer: Answer | None = None
        #: taken away when there is an answer
        self.failure: BaseException | None = Interrupted()
        self.woken = threading.Lock()
        self.woken.acquire()


class _Line:
    """Those who wait for one key while somebody leads it."""

    __slots__ = ("expected", "gathering", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[_Ticket] = deque()  # type: ignore[type-arg]
        #: the leader, while it gives others a moment to come, and how many it would like to have
        self.gathering: _Ticket | None = None  # type: ignore[type-arg]
        self.expected = 0

    def join(self, ticket: "_Ticket") -> None:  # type: ignore[type-arg]
        self.waiting.append(ticket)
        if self.gathering is not None and len(self.waiting) + 1 >= self.expected:
            self.gathering.woken.release()
            self.gathering = None


class _Lines:
    """The lines of one application: a key is there while somebody leads it."""

    def __init__(self) -> None:
        self.begin_empty()
        _all_lines.add(self)

    def begin_empty(self) -> None:
        self.lock = threading.Lock()
        self.by_key: dict[Hashable, _Line] = {}
        #: of the last batch of several: how many they were, how long it took, and when it ended
        self.last: tuple[Hashable, int, float, float] = (None, 1, 0.0, 0.0)
        self.waiting = 0


_all_lines: "weakref.WeakSet[_Lines]" = weakref.WeakSet()


def _forget_the_parents_lines() -> None:
    for lines in _all_lines:
        lines.begin_empty()


# A forked child has none of the threads that hold the locks or would wake the waiting.
os.register_at_fork(after_in_child=_forget_the_parents_lines)


class GroupCommit(Generic[Item, Answer]):
    """Lines of one kind of work.

    work: gets a key and items, runs inside one transaction and returns one answer per item, in order. It may be called
    again with each item alone, after the transaction of all was rolled back. It runs in the leader's context, so
    it must not read the request.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Hashable, Sequence[Item]], Sequence[Answer]],
        *,
        most_together: int = MOST_TOGETHER,
        most_waiting: int = MOST_WAITING,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.name = name
        self._work = work
        self.most_together = most_together
        self.most_waiting = most_waiting
        self.patience_seconds = patience_seconds

    def submit(self, key: Hashable, item: Item) -> Answer:
        """Return the answer for ``item`` once it is durable.

        Must not be called inside a transaction. Raises what the work raises for this item alone; refuses QueueFull,
        and DatabaseBusy or DatabaseGone as ``transaction`` does.
        """
        if db.session.registry.has():
            if db.session.info.get("in_transaction"):
                raise RuntimeError("an answer inside an open transaction would not be durable")
            # A connection held by everybody who waits would leave none for the one who works.
            db.session.rollback()
        lines = self._lines()
        ticket: _Ticket[Item, Answer] = _Ticket(item)
        with lines.lock:
            line = lines.by_key.get(key)
            if line is None:
                lines.by_key[key] = _Line()
                ticket.leads = True
            elif lines.waiting >= self.most_waiting:
                raise QueueFull
            else:
                line.join(ticket)
                lines.waiting += 1
        if not ticket.leads:
            self._wait(lines, key, ticket)
        if ticket.leads:
            self._lead(lines, key, ticket)
        if ticket.failure is not None:
            raise ticket.failure
        return ticket.answer  # type: ignore[return-value]

    def _lines(self) -> _Lines:
        # Kept on the application: two applications have two databases, and must not share a transaction.
        all_kinds: dict[str, _Lines] = current_app.extensions.setdefault("foundation.group_commit", {})
        return all_kinds.get(self.name) or all_kinds.setdefault(self.name, _Lines())

    def _wait(self, lines: _Lines, key: Hashable, ticket: _Ticket[Item, Answer]) -> None:
        try:
            if ticket.woken.acquire(timeout=self.patience_seconds):
                return
            with lines.lock:
                line = lines.by_key.get(key)
                if line is not None and ticket in line.waiting:
                    line.waiting.remove(ticket)
                    lines.waiting -= 1
                    raise QueueFull
            # It is in a batch (or leads the next): there is an outcome, and only that is the truth.
            ticket.woken.acquire()
        except QueueFull:
            raise
        except BaseException:
            self._leave(lines, key, ticket)
            raise

    def _leave(self, lines: _Lines, key: Hashable, ticket: _Ticket[Item, Answer]) -> None:
        """Give the place up of one whose thread is ended while it waits."""
        with lines.lock:
            line = lines.by_key.get(key)
            if line is not None and ticket in line.waiting:
                line.waiting.remove(ticket)
                lines.waiting -= 1
        if ticket.leads:
            self._hand_over(lines, key)

    def _hand_over(self, lines: _Lines, key: Hashable) -> None:
        """Let the first who waits lead, or end the line."""
        with lines.lock:
            line = lines.by_key[key]
            line.gathering = None
            if not line.waiting:
                del lines.by_key[key]
                return
            following = line.waiting.popleft()
            lines.waiting -= 1
            following.leads = True
        following.woken.release()

    def _lead(self, lines: _Lines, key: Hashable, mine: _Ticket[Item, Answer]) -> None:
        batch = [mine]
        try:
            self._gather(lines, key, mine)
            with lines.lock:
                waiting = lines.by_key[key].waiting
                while waiting and len(batch) < self.most_together:
                    batch.append(waiting.popleft())
                lines.waiting -= len(batch) - 1
            began = time.monotonic()
            self._serve(key, batch)
            ended = time.monotonic()
            lines.last = (key, len(batch), ended - began, ended)
        finally:
            # The next batch begins first: the database works on it while these answers go out.
            self._hand_over(lines, key)
            for ticket in batch[1:]:
                ticket.woken.release()

    def _gather(self, lines: _Lines, key: Hashable, mine: _Ticket[Item, Answer]) -> None:
        """Give others a moment to come, where the batch before says that they will."""
        last_key, size, took, ended = lines.last
        if size == 1 or last_key != key or time.monotonic() - ended > RECENT_SECONDS:
            return
        with lines.lock:
            line = lines.by_key[key]
            expected = min(size, self.most_together)
            if len(line.waiting) + 1 >= expected:
                return
            line.gathering, line.expected = mine, expected
        if not mine.woken.acquire(timeout=min(GATHER_SECONDS, took / 2)):
            with lines.lock:
                line.gathering = None

    def _serve(self, key: Hashable, batch: Sequence[_Ticket[Item, Answer]]) -> None:
        """Give every ticket its answer or its failure."""
        try:
            with transaction():
                answers = self._work(key, [ticket.item for ticket in batch])
                if len(answers) != len(batch):
                    raise RuntimeError(f"{self.name} gave {len(answers)} answers to {len(batch)} items")
        except Unavailable as failure:
            for ticket in batch:
                ticket.failure = failure
        except Exception as failure:
            if len(batch) == 1:
                batch[0].failure = failure
            else:
                self._serve_one_by_one(key, batch)
        else:
            for ticket, answer in zip(batch, answers, strict=True):
                ticket.answer, ticket.failure = answer, None

    def _serve_one_by_one(self, key: Hashable, batch: Sequence[_Ticket[Item, Answer]]) -> None:
        for place, ticket in enumerate(batch):
            self._serve(key, [ticket])
            if isinstance(ticket.failure, Unavailable):
                # The rest would only wait as long, each in turn.
                for later in batch[place + 1 :]:
                    later.failure = ticket.failure
                return

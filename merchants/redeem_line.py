"""The line in which tills redeem: vouchers that are scanned at the same moment are redeemed in one transaction.

The key of each request, its effect and its answer are in that one transaction; by ``foundation.idempotency.once`` they
take two. The till page and the tills' API stand in the same line. An article is sold beside it, alone: its numbers and
confirmations are locked too, and a sale of some minutes gains nothing from a commit that is shared.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass

from foundation.db import db
from foundation.errors import Refusal
from foundation.group_commit import GroupCommit
from foundation.idempotency import Answer, Keyed, once, once_together
from identity.accounts import KnownKey, standing
from identity.errors import ApiKeyRefused
from merchants.receipts import Receipt
from merchants.redemptions import Outcome, record_refusal, redeem_batch
from merchants.scans import Scan, is_question

Tell = Callable[[Receipt | Refusal], Answer]


@dataclass(frozen=True)
class Waiting:
    """A scan in the line: its key, and how its door tells what came of it, in the request that asked. by: the till's
    key that nobody has looked up for this request."""

    keyed: Keyed
    scan: Scan
    tell: Tell
    by: KnownKey | None = None


def redeem_once(keyed: Keyed, scan: Scan, tell: Tell, *, by: KnownKey | None = None) -> Answer:
    """Redeem once per key: a voucher in the line, an article alone.

    ``tell``, ``by`` and refusals are those of ``redeem_in_line``.
    """
    if scan.item is None and scan.confirmed_id is None:
        return redeem_in_line(keyed, scan, tell, by=by)
    if by is not None and not standing([by]):
        raise ApiKeyRefused
    return once(keyed.caller, keyed.key, keyed.asked, lambda: _redeem_alone(scan, tell))


def redeem_in_line(keyed: Keyed, scan: Scan, tell: Tell, *, by: KnownKey | None = None) -> Answer:
    """Redeem once per key, in one transaction with whoever else is waiting; durable when this returns.

    ``tell`` makes the answer that is stored, also of a refusal that stays true; it may read the request and must not
    read the database. ``by``: the till's key, where it still has to be asked whether it stands; ApiKeyRefused where it
    does not, whatever else there is. Refuses KeyReusedDifferently, RequestInFlight, what ``redeem_batch`` refuses for
    now, and QueueFull, DatabaseBusy or DatabaseGone, with which nothing is done.
    """
    # Whoever leads does the work, but the words of a refusal are those of the request that it refuses.
    context = copy_context()
    waiting = Waiting(keyed, scan, lambda outcome: context.run(tell, outcome), by)
    answer = REDEMPTIONS.submit("", waiting)
    if isinstance(answer, Refusal):
        raise answer
    return answer


def _serve(_key: Hashable, waiting: Sequence[Waiting]) -> list[Answer | Refusal]:
    stand = standing({each.by for each in waiting if each.by is not None})
    let_in = [each for each in waiting if each.by is None or each.by in stand]
    answers = iter(once_together([each.keyed for each in let_in], lambda places: _redeem(let_in, places)))
    return [next(answers) if each.by is None or each.by in stand else ApiKeyRefused() for each in waiting]


def _redeem(waiting: Sequence[Waiting], places: Sequence[int]) -> Mapping[int, Answer | Refusal]:
    outcomes = _outcomes([waiting[place].scan for place in places])
    answers: dict[int, Answer | Refusal] = {}
    for place, outcome in zip(places, outcomes, strict=True):
        answers[place] = _told(waiting[place].scan, outcome, waiting[place].tell)
    return answers


def _redeem_alone(scan: Scan, tell: Tell) -> Answer:
    answer = _told(scan, _outcomes([scan])[0], tell)
    if isinstance(answer, Refusal):
        raise answer
    return answer


def _told(scan: Scan, outcome: Outcome, tell: Tell) -> Answer | Refusal:
    """Return the answer to be kept, or the refusal that may pass and is not."""
    if isinstance(outcome, Refusal):
        if outcome.retryable:
            return outcome
        if not is_question(scan, outcome):
            # The refused scan goes on the trail in the transaction that keeps its answer.
            record_refusal(
                scan.counter,
                outcome,
                code_text=scan.code_text,
                bill_fen=scan.bill_fen,
                named_id=scan.named_id,
            )
    return tell(outcome)


def _outcomes(scans: Sequence[Scan]) -> Sequence[Outcome]:
    try:
        # A refusal that was raised, by whatever, leaves nothing half done.
        with db.session.begin_nested():
            return redeem_batch(scans)
    except Refusal as refusal:
        if len(scans) > 1:
            raise  # nobody knows whose it is until each is done alone
        return [refusal]


REDEMPTIONS: GroupCommit[Waiting, Answer | Refusal] = GroupCommit("redemptions", _serve)

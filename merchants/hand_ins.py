"""Hand-ins: after a sale the merchant hands in what proves it. Until that is accepted, nothing of the sale is settled.

Hand-ins are done in batches, like redemptions: those that wait share a transaction, and a refused one never fails
its neighbours. A door's batch has one in it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, bindparam, delete, exists, select, update

from campaigns.catalog import OfferFacts, offer_facts
from campaigns.terms.benefit.percent_by_grade import PercentByGrade
from campaigns.terms.evidence.after_sale import AfterSale
from evidence import files, marks
from evidence.errors import MarkTaken
from evidence.marks import Claimed
from evidence.models import EvidenceFile
from evidence.pictures import Pictures
from foundation import clock
from foundation.clock import bureau_day
from foundation.crypto import keyed_hash
from foundation.db import db
from foundation.errors import Refusal
from foundation.ids import text_id
from foundation.prepared import insert_rows
from foundation.states import Step
from foundation.words import Words
from merchants import hand_in_suspicions
from merchants.hand_in_errors import HandInClosed, HandInIncomplete, HandInTooLate, HandInUnknown, TooManyFiles
from merchants.hand_in_fields import Duty, Handed, address_spelling, read_fields
from merchants.hand_in_models import HandIn, HandInSuspicion
from merchants.models import Redemption, SoldItem
from merchants.states import HAND_IN

#: The holder of files and invoice numbers.
HOLDER = "hand_in"
#: States in which the merchant may still change something.
OPEN = ("awaited", "correction")
MOST_FILES = 6
_CHUNK = 500


@dataclass(frozen=True)
class HandingIn:
    """One hand-in: of which redemption, and what was typed, by the names of ``merchants/hand_in_fields.py``."""

    id: UUID
    typed: Mapping[str, str]


@dataclass(frozen=True)
class Waiting:
    """A hand-in with what its rules need. ``terms`` and ``duty`` come from the campaign's version."""

    id: UUID
    status: str
    campaign_id: int
    sold_on: date
    due_on: date
    ends_on: date
    has_number: bool
    terms: AfterSale
    duty: Duty


def expect(rows: Sequence[tuple[Mapping[str, Any], OfferFacts]]) -> None:
    """Await the evidence of redemptions that were just written, where their campaign asks for it.

    That it is awaited stands in the redemption; its own history begins when it is handed in.
    """
    wanted = []
    for row, facts in rows:
        deadlines, evidence = facts.terms.evidence.deadlines, facts.terms.evidence
        if not deadlines or not isinstance(evidence, AfterSale):
            continue
        due_on = row["bureau_day"] + timedelta(days=max(deadlines.values()))
        shared = ("id", "campaign_id", "campaign_version_id", "offer_id", "merchant_id", "store_id")
        wanted.append(
            {key: row[key] for key in shared}
            | {
                "status": "awaited",
                "sold_on": row["bureau_day"],
                "due_on": due_on,
                "ends_on": due_on + timedelta(days=evidence.grace_days),
            }
        )
    insert_rows(HandIn, wanted)


def withdraw(redemption_ids: Sequence[UUID], step: Step) -> None:
    """End the evidence of redemptions that were voided or whose goods all came back; their invoices may count again."""
    if HAND_IN.apply(HandIn, redemption_ids, "withdraw", step):
        marks.give_back(HOLDER, [text_id(each) for each in redemption_ids])


def not_held_back() -> ColumnElement[bool]:
    """Return the condition that nothing has to be accepted, or it has been: only then a redemption is settled."""
    return ~exists().where(HandIn.id == Redemption.id, HandIn.status.not_in(("accepted", "withdrawn")))


def hand_in(handing: HandingIn, *, actor: str, store_id: int | None = None) -> None:
    """Hand in the evidence of one sale. store_id: whose it must be.

    Refuses HandInUnknown, HandInClosed, HandInTooLate, HandInIncomplete (with every fault), MarkTaken.
    """
    refusal = hand_in_batch([handing], actor=actor, store_id=store_id)[0]
    if refusal is not None:
        raise refusal


def hand_in_batch(handings: Sequence[HandingIn], *, actor: str, store_id: int | None = None) -> list[Refusal | None]:
    """Hand in the evidence of many sales; return None for each that was taken, and why not for each other one."""
    outcomes: list[Refusal | None] = []
    for start in range(0, len(handings), _CHUNK):
        outcomes += _hand_in_some(handings[start : start + _CHUNK], actor, store_id)
    return outcomes


def _hand_in_some(handings: Sequence[HandingIn], actor: str, store_id: int | None) -> list[Refusal | None]:
    now = clock.now()
    known = waiting([each.id for each in handings], store_id, lock=True)
    outcomes: dict[int, Refusal | None] = {}
    read: dict[UUID, tuple[int, Handed]] = {}
    for place, each in enumerate(handings):
        try:
            if each.id in read:
                raise HandInClosed
            read[each.id] = (place, _judge(known.get(each.id), each.typed, bureau_day(now)))
        except Refusal as refusal:
            outcomes[place] = refusal
    taken = _take_numbers({key: handed for key, (_, handed) in read.items()}, known)
    for key, (place, _) in read.items():
        if key not in taken:
            outcomes[place] = HandInIncomplete([MarkTaken(what=Words(marks.KINDS["invoice"]), field="invoice_number")])
    done = {key: handed for key, (_, handed) in read.items() if key in taken}
    _write(done, known, actor, now)
    return [outcomes.get(place) for place in range(len(handings))]


def _judge(found: Waiting | None, typed: Mapping[str, str], today: date) -> Handed:
    if found is None:
        raise HandInUnknown
    if found.status not in OPEN:
        raise HandInClosed
    if today > found.ends_on:
        raise HandInTooLate(day=found.ends_on.isoformat())
    return read_fields(typed, found.duty)


def _take_numbers(read: Mapping[UUID, Handed], known: Mapping[UUID, Waiting]) -> set[UUID]:
    """Let invoice numbers count; return the hand-ins whose number was free, or that have none."""
    again = [text_id(key) for key in read if known[key].has_number]
    if again:
        marks.give_back(HOLDER, again)
    claims = {
        Claimed("invoice", handed.invoice_number, HOLDER, text_id(key)): key
        for key, handed in read.items()
        if handed.invoice_number
    }
    free = marks.take_what_is_free(list(claims))
    return {claims[claim] for claim in free} | {key for key, handed in read.items() if not handed.invoice_number}


def _write(done: Mapping[UUID, Handed], known: Mapping[UUID, Waiting], actor: str, now: datetime) -> None:
    if not done:
        return
    stamps = {"handed_in_at": now, "handed_in_by": actor, "decided_at": None, "decided_by": None}
    moved = HAND_IN.apply(HandIn, sorted(done), "hand_in", Step(actor, now), also_set=stamps)
    # They are locked, so nobody has moved one meanwhile.
    assert moved == set(done)
    rows = [{"row": key, **_columns(handed, known[key].campaign_id)} for key, handed in done.items()]
    table = cast(Table, HandIn.__table__)
    values: dict[str, Any] = {name.removeprefix("new_"): bindparam(name) for name in rows[0] if name != "row"}
    db.session.execute(update(table).where(table.c.id == bindparam("row")).values(values), rows)
    db.session.execute(delete(HandInSuspicion).where(HandInSuspicion.hand_in_id.in_(done)))
    hand_in_suspicions.find(list(done), now)


def _columns(handed: Handed, campaign_id: int) -> dict[str, Any]:
    number = handed.invoice_number
    address = address_spelling(handed.delivery_address or "")
    derived = {
        "invoice_series": number[:-8],
        "invoice_serial": int(number[-8:]) if number else None,
        "address_hash": keyed_hash("hand_in.address", address) if address else None,
    }
    return {f"new_{name}": value for name, value in (asdict(handed) | derived).items()}


def waiting(ids: Sequence[UUID], store_id: int | None = None, *, lock: bool = False) -> dict[UUID, Waiting]:
    """Return hand-ins with their duties. lock: until the end of the transaction."""
    statement = (
        select(HandIn, Redemption.discount_fen, SoldItem.price_fen)
        .join(Redemption, Redemption.id == HandIn.id)
        .join(SoldItem, SoldItem.redemption_id == HandIn.id)
        .where(HandIn.id.in_(ids))
        .order_by(HandIn.id)
        .execution_options(populate_existing=True)
    )
    if store_id is not None:
        statement = statement.where(HandIn.store_id == store_id)
    rows = db.session.execute(statement.with_for_update(of=HandIn) if lock else statement).all()
    slots = _slots([row.id for row, _, _ in rows])
    today = bureau_day(clock.now())
    return {row.id: _waiting(row, discount, price, slots[row.id], today) for row, discount, price in rows}


def _waiting(row: HandIn, discount_fen: int, price_fen: int, slots: set[str], today: date) -> Waiting:
    facts = offer_facts(row.offer_id)
    evidence, benefit = facts.terms.evidence, facts.terms.benefit
    assert isinstance(evidence, AfterSale)
    assert isinstance(benefit, PercentByGrade)
    duty = Duty(
        items=evidence.deadlines,
        needs_files=evidence.files == "required",
        has_files=slots,
        city=facts.city,
        sold_on=row.sold_on,
        today=today,
        invoice_fen=price_fen - (discount_fen if benefit.invoice == "paid" else 0),
        basis=benefit.invoice,
    )
    return Waiting(
        id=row.id,
        status=row.status,
        campaign_id=row.campaign_id,
        sold_on=row.sold_on,
        due_on=row.due_on,
        ends_on=row.ends_on,
        has_number=bool(row.invoice_number),
        terms=evidence,
        duty=duty,
    )


def _slots(ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    by_text = {text_id(each): each for each in ids}
    for holder, slot in db.session.execute(
        select(EvidenceFile.holder_id, EvidenceFile.slot).where(
            EvidenceFile.holder_kind == HOLDER, EvidenceFile.holder_id.in_(by_text)
        )
    ):
        found[by_text[holder]].add(slot)
    return found


def add_file(hand_in_id: UUID, store_id: int, slot: str, name: str, sent: bytes, drawn: Pictures) -> files.Kept:
    """Keep a file whose pages have been drawn already, for an item of a hand-in that is still open.

    Refuses HandInUnknown, HandInClosed, TooManyFiles.
    """
    _open(hand_in_id, store_id)
    holder = text_id(hand_in_id)
    if sum(kept.slot == slot for kept in files.files_of(HOLDER, holder)) >= MOST_FILES:
        raise TooManyFiles(most=MOST_FILES)
    return files.keep_drawn([(files.Handed(HOLDER, holder, slot, name, sent), drawn)])[0]


def drop_file(hand_in_id: UUID, store_id: int, file_id: UUID) -> None:
    """Delete a file of a hand-in that is still open. Refuses HandInUnknown, HandInClosed; a file that is not there,
    or another's, is left alone."""
    _open(hand_in_id, store_id)
    if any(kept.id == file_id for kept in files.files_of(HOLDER, text_id(hand_in_id))):
        files.drop([file_id])


def _open(hand_in_id: UUID, store_id: int) -> None:
    # Locked, so that nothing is added while it is being handed in and decided.
    status = db.session.scalar(
        select(HandIn.status).where(HandIn.id == hand_in_id, HandIn.store_id == store_id).with_for_update()
    )
    if status is None:
        raise HandInUnknown
    if status not in OPEN:
        raise HandInClosed

"""What the bureau decides about evidence: accept, ask for a correction, or reject.

Two roles: officers of the bureau's business side (editor) accept what has no suspicion and ask for corrections;
accepting against a suspicion, and rejecting, is the chief's. Each decision says on what it was made, for ever.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, update

from campaigns.catalog import offer_facts
from campaigns.terms.evidence.after_sale import AfterSale
from evidence.models import EvidenceFile
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import N_
from foundation.ids import new_id, text_id
from foundation.prepared import insert_rows
from foundation.states import Step
from merchants.hand_in_errors import ChiefNeeded, DecisionReasonMissing, HandInUnknown, NotHandedIn
from merchants.hand_in_models import HandIn, HandInDecision, HandInSuspicion
from merchants.hand_ins import HOLDER
from merchants.models import Redemption
from merchants.refunds import deny
from merchants.states import HAND_IN

#: why → its words for the merchant
REASONS = {
    "invoice_unreadable": N_("发票看不清或不完整"),
    "invoice_differs": N_("发票内容与销售不符"),
    "delivery_unproved": N_("送货签收不能证明已送达"),
    "device_differs": N_("机身序列号与登记不符"),
    "photo_reused": N_("照片与其他销售重复"),
    "old_appliance_unproved": N_("旧机回收信息不全"),
    "not_a_real_sale": N_("不是真实销售"),
    "other": N_("其他"),
}
_CHUNK = 500


@dataclass(frozen=True)
class Officer:
    """Who decides. may_overrule: the chief, who may accept against a suspicion and reject."""

    actor: str
    role: str

    @property
    def may_overrule(self) -> bool:
        return self.role == "chief"


@dataclass(frozen=True)
class Decision:
    """decision: accept, correct or reject. reasons: keys of REASONS. note: in the officer's own words.

    seen_at: when what the officer looked at was handed in; None where it does not matter.
    """

    decision: str
    reasons: Sequence[str] = ()
    note: str = ""
    seen_at: datetime | None = None

    def checked(self) -> "Decision":
        """Refuses DecisionReasonMissing."""
        reasons = tuple(key for key in REASONS if key in self.reasons)
        note = self.note.strip()[:200]
        if self.decision != "accept" and (not reasons or ("other" in reasons and len(note) < 2)):
            raise DecisionReasonMissing
        return replace(self, reasons=reasons, note=note)


def decide(hand_in_id: UUID, decision: Decision, by: Officer) -> None:
    """Decide one case. Refuses HandInUnknown, NotHandedIn (also where it was handed in again since it was looked at),
    ChiefNeeded, DecisionReasonMissing."""
    decision = decision.checked()
    if decision.decision == "reject" and not by.may_overrule:
        raise ChiefNeeded
    # The redemption before its evidence, as a refund at the till locks them.
    db.session.execute(select(Redemption.id).where(Redemption.id == hand_in_id).with_for_update())
    found = db.session.get(HandIn, hand_in_id, populate_existing=True)
    if found is None:
        raise HandInUnknown
    if decision.decision == "accept" and not by.may_overrule and _suspicions([hand_in_id])[hand_in_id]:
        raise ChiefNeeded
    if not _decide_some([hand_in_id], decision, by):
        raise NotHandedIn
    if decision.decision == "reject":
        deny(hand_in_id, Step(by.actor, clock.now(), _words(decision), found.campaign_version_id))


def accept_batch(ids: Sequence[UUID], by: Officer) -> set[UUID]:
    """Accept those of ``ids`` that wait and that nothing is suspicious about; return them."""
    accepted: set[UUID] = set()
    for start in range(0, len(ids), _CHUNK):
        accepted |= _decide_some(ids[start : start + _CHUNK], Decision("accept"), by, only_clean=True)
    return accepted


def clean_ids(campaign_id: int | None = None, *, most: int = _CHUNK) -> list[UUID]:
    """Return what waits without a suspicion, in the order in which it was handed in."""
    statement = select(HandIn.id).where(HandIn.status == "handed_in", _is_clean())
    if campaign_id is not None:
        statement = statement.where(HandIn.campaign_id == campaign_id)
    return list(db.session.scalars(statement.order_by(HandIn.handed_in_at, HandIn.id).limit(most)))


def lapse_due(*, actor: str, most: int = 200) -> int:
    """Refuse what was not handed in by its last day; its money goes back to the pool. Return how many."""
    now = clock.now()
    due = (HandIn.status.in_(("awaited", "correction")), HandIn.ends_on < bureau_day(now))
    ids = db.session.scalars(select(HandIn.id).where(*due).order_by(HandIn.ends_on, HandIn.id).limit(most)).all()
    if not ids:
        return 0
    locked = select(Redemption.id).where(Redemption.id.in_(ids)).order_by(Redemption.id).with_for_update()
    db.session.execute(locked)
    step = Step(actor, now, "逾期未提交材料")
    moved = HAND_IN.apply(HandIn, sorted(ids), "lapse", step, also_set={"decided_at": now, "decided_by": actor})
    versions = db.session.execute(select(HandIn.id, HandIn.campaign_version_id).where(HandIn.id.in_(moved)))
    for hand_in_id, version_id in sorted(versions.all()):
        deny(hand_in_id, replace(step, campaign_version_id=version_id))
    return len(moved)


def _is_clean() -> ColumnElement[bool]:
    return ~exists().where(HandInSuspicion.hand_in_id == HandIn.id)


def _decide_some(ids: Sequence[UUID], decision: Decision, by: Officer, *, only_clean: bool = False) -> set[UUID]:
    """Move what waits, and write down what was decided on what."""
    now = clock.now()
    conditions = [_is_clean()] if only_clean else []
    if decision.seen_at is not None:
        conditions.append(HandIn.handed_in_at == decision.seen_at)
    stamps = {"decided_at": now, "decided_by": by.actor}
    step = Step(by.actor, now, _words(decision)[:200])
    moved = HAND_IN.apply(HandIn, ids, decision.decision, step, also_set=stamps, only_if=conditions)
    if not moved:
        return moved
    found = select(HandIn).where(HandIn.id.in_(moved)).execution_options(populate_existing=True)
    rows = list(db.session.scalars(found))
    if decision.decision == "correct":
        for row in rows:
            _give_time(row, now)
    suspicions, digests = _suspicions(list(moved)), _digests(rows)
    insert_rows(
        HandInDecision,
        [
            {
                "id": new_id(),
                "hand_in_id": row.id,
                "decision": decision.decision,
                "reasons": " ".join(decision.reasons),
                "note": decision.note,
                "decided_by": by.actor,
                "role": by.role,
                "decided_at": now,
                "campaign_version_id": row.campaign_version_id,
                "evidence_digest": digests[row.id],
                "suspicions": "\n".join(suspicions[row.id]),
            }
            for row in rows
        ],
    )
    return moved


def _give_time(row: HandIn, now: datetime) -> None:
    """A correction has its own days, also where the first ones are over."""
    evidence = offer_facts(row.offer_id).terms.evidence
    assert isinstance(evidence, AfterSale)
    due_on = max(row.due_on, bureau_day(now) + timedelta(days=evidence.correction_days))
    db.session.execute(
        update(HandIn)
        .where(HandIn.id == row.id)
        .values(due_on=due_on, ends_on=due_on + timedelta(days=evidence.grace_days))
        .execution_options(synchronize_session=False)
    )


def _words(decision: Decision) -> str:
    told = [REASONS[key] for key in decision.reasons if key != "other"]
    return "；".join([*told, decision.note] if decision.note else told)


def _suspicions(ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    for row in db.session.scalars(
        select(HandInSuspicion).where(HandInSuspicion.hand_in_id.in_(ids)).order_by(HandInSuspicion.rule)
    ):
        found[row.hand_in_id].append(f"{row.rule} {row.about}")
    return found


#: What a decision is made on, besides the files.
_DECIDED_ON = (
    "invoice_number", "invoice_on", "invoice_fen", "invoice_buyer", "delivered_on", "delivery_county",
    "delivery_address", "old_category", "old_brand", "old_model", "old_weight_grams", "old_collector",
    "old_dismantler", "old_certificate", "old_collected_on",
)  # fmt: skip


def _digests(rows: Sequence[HandIn]) -> dict[UUID, str]:
    parts: dict[str, list[str]] = defaultdict(list)
    holders = [text_id(row.id) for row in rows]
    for holder, slot, sha256 in db.session.execute(
        select(EvidenceFile.holder_id, EvidenceFile.slot, EvidenceFile.sha256).where(
            EvidenceFile.holder_kind == HOLDER, EvidenceFile.holder_id.in_(holders)
        )
    ):
        parts[holder].append(f"{slot} {sha256}")
    return {row.id: _digest(row, parts[text_id(row.id)]) for row in rows}


def _digest(row: HandIn, file_parts: Sequence[str]) -> str:
    """Return SHA-256, in hexadecimal, over the fields and files of a hand-in."""
    lines = [f"{name}={getattr(row, name)}" for name in _DECIDED_ON]
    return hashlib.sha256("\n".join([*lines, *sorted(file_parts)]).encode()).hexdigest()

"""What must be: the campaign once more in plain Python, with dicts for tables and no database.

Each operation has a method that returns the code of its outcome ("done" or the refusal's) and, when it is done,
changes the model. The rules are written down anew from the campaign's text, not taken from the code.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from foundation.clock import bureau_day
from tests.simulator import stage as set_up
from tests.simulator.stage import OFFERS, ROUNDS, SOURCES, Stage

CODE_LIVES = timedelta(seconds=75)
RELEASED_BEFORE = timedelta(minutes=2)


@dataclass
class Voucher:
    citizen: UUID
    offer: str
    claimed_at: datetime
    expires_at: datetime
    state: str = "claimed"


@dataclass
class Code:
    voucher: UUID
    device: bytes
    expires_at: datetime
    retired: bool = False


@dataclass
class Use:
    """A redemption."""

    voucher: UUID
    shop: int
    bill_fen: int
    day: date
    status: str = "redeemed"
    refunded_bill_fen: int = 0
    refunded_fen: int = 0
    batch: int | None = None


@dataclass
class Release:
    round: str
    offer: str
    released: int = 0
    remaining: int = 0


@dataclass
class Model:
    stage: Stage
    rounds: dict[str, str] = field(default_factory=lambda: dict.fromkeys(ROUNDS, "scheduled"))
    releases: dict[int, Release] = field(default_factory=dict)
    had: Counter[tuple[str, UUID]] = field(default_factory=Counter)
    vouchers: dict[UUID, Voucher] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    uses: dict[UUID, Use] = field(default_factory=dict)
    pools: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SOURCES, set_up.BUDGET_FEN))
    suspended: set[int] = field(default_factory=set)
    batches: dict[int, str] = field(default_factory=dict)
    closers: dict[int, str] = field(default_factory=dict)
    closed_to: date = date(2023, 5, 7)

    def __post_init__(self) -> None:
        for (round_code, offer), release_id in self.stage.campaign.releases.items():
            self.releases[release_id] = Release(round_code, offer)

    # --- claims -------------------------------------------------------------------------------------------------

    def closed(self, release_id: int, now: datetime) -> str:
        """Return why nothing can be claimed from a release now, or nothing."""
        release = self.releases[release_id]
        opens, closes = ROUNDS[release.round]
        state = self.rounds[release.round]
        if now < opens:
            return "round_not_open_yet"
        if now >= closes:
            return "round_closed"
        if state != "released":
            # Closed at its end, and the clock was set back since: what is over does not open again.
            return "round_not_open_yet" if state == "scheduled" else "round_ended_early"
        return "sold_out" if release.remaining == 0 else ""

    def claims(self, release_id: int, citizens: Sequence[UUID], closed: str) -> list[str]:
        """Decide a batch: each person's first request before anybody's second."""
        if closed:
            return [closed] * len(citizens)
        release = self.releases[release_id]
        scope = f"{release.round}:{release.offer}" if release.round == "r3" else release.round
        outcomes = [""] * len(citizens)
        for group in self._each_person_once(citizens):
            for place in group:
                mine = (scope, self.stage.persons[citizens[place]])
                if self.had[mine] >= set_up.MOST:
                    outcomes[place] = "limit_reached"
                elif release.remaining == 0:
                    outcomes[place] = "sold_out"
                else:
                    self.had[mine] += 1
                    release.remaining -= 1
                    outcomes[place] = "done"
        return outcomes

    def _each_person_once(self, citizens: Sequence[UUID]) -> list[list[int]]:
        groups: list[list[int]] = []
        times: Counter[UUID] = Counter()
        for place, citizen in enumerate(citizens):
            person = self.stage.persons[citizen]
            if times[person] == len(groups):
                groups.append([])
            groups[times[person]].append(place)
            times[person] += 1
        return groups

    def claimed(self, voucher_id: UUID, citizen: UUID, release_id: int, now: datetime) -> None:
        offer = self.releases[release_id].offer
        self.vouchers[voucher_id] = Voucher(citizen, offer, now, OFFERS[offer].ends_at(now))

    # --- codes --------------------------------------------------------------------------------------------------

    def opened(self, voucher_id: UUID, citizen: UUID, device: bytes, now: datetime) -> str:
        voucher = self.vouchers.get(voucher_id)
        if voucher is None or voucher.citizen != citizen:
            return "voucher_unknown"
        if voucher.state != "claimed" or now >= voucher.expires_at:
            return "voucher_not_showable"
        for code in self.codes.values():
            if code.voucher == voucher_id and code.device != device:
                code.retired = True
        return "done"

    def shown(self, digits: str, voucher_id: UUID, device: bytes, now: datetime) -> None:
        self.codes[digits] = Code(voucher_id, device, now + CODE_LIVES)

    # --- the till -----------------------------------------------------------------------------------------------

    def judged(self, shop: int, digits: str, bill_fen: int, now: datetime) -> str:
        """Return why a scan is refused, or nothing."""
        if shop in self.suspended:
            return "merchant_suspended"
        code = self.codes[digits]
        voucher = self.vouchers[code.voucher]
        terms = OFFERS[voucher.offer]
        if voucher.state == "redeemed":
            return "already_redeemed"
        if now >= code.expires_at:
            return "code_expired"
        if code.retired:
            return "code_retired"
        if now < voucher.claimed_at:
            return "voucher_not_yet_valid"
        if now >= voucher.expires_at:
            return "voucher_expired"
        if terms.industry and self.stage_industry(shop) != terms.industry:
            return "outside_industry"
        return "bill_below_threshold" if bill_fen < terms.threshold_fen else ""

    @staticmethod
    def stage_industry(shop: int) -> str:
        return "retail" if shop == 2 else "catering"

    def spent(self, digits: str, judged: str) -> str:
        """Spend what was judged, maybe a while ago."""
        if judged:
            return judged
        voucher = self.vouchers[self.codes[digits].voucher]
        if voucher.state == "claimed":
            voucher.state = "redeemed"
            return "done"
        return "voucher_expired" if voucher.state == "expired" else "already_redeemed"

    def redeemed(self, use_id: UUID, digits: str, shop: int, bill_fen: int, now: datetime) -> None:
        self.uses[use_id] = Use(self.codes[digits].voucher, shop, bill_fen, bureau_day(now))

    def voided(self, use_id: UUID, shop: int, now: datetime) -> str:
        use = self.uses[use_id]
        if shop in self.suspended:
            return "merchant_suspended"
        if use.shop != shop:
            return "redemption_unknown"
        if use.day != bureau_day(now):
            return "void_too_late"
        if use.batch is not None:
            return "already_settled"
        if use.refunded_bill_fen:
            return "already_refunded"
        if use.status != "redeemed":
            return "already_voided"
        use.status = "voided"
        self._given_back(use, now)
        return "done"

    def refunded(self, use_id: UUID, shop: int, goods_fen: int, now: datetime) -> tuple[str, int, bool]:
        """Return outcome, what comes back of the discount, and whether the voucher does (if a pool can go ahead)."""
        use = self.uses[use_id]
        if shop in self.suspended:
            return "merchant_suspended", 0, False
        if use.shop != shop:
            return "redemption_unknown", 0, False
        if use.status != "redeemed":
            return ("already_voided" if use.status == "voided" else "already_refunded"), 0, False
        if goods_fen > use.bill_fen - use.refunded_bill_fen:
            return "refund_exceeds_bill", 0, False
        voucher = self.vouchers[use.voucher]
        terms = OFFERS[voucher.offer]
        through = terms.face_fen * (use.refunded_bill_fen + goods_fen) // use.bill_fen
        back_fen = through - use.refunded_fen
        whole = use.refunded_bill_fen == 0 and goods_fen == use.bill_fen
        restores = terms.restores and whole and now < voucher.expires_at
        if restores and use.batch is not None:
            restores = all(self.pools[source] >= fen for source, fen in terms.split.items())
        use.refunded_bill_fen += goods_fen
        use.refunded_fen += back_fen
        if use.refunded_bill_fen == use.bill_fen:
            use.status = "returned" if restores else "refunded"
        if restores:
            self._given_back(use, now)
        return "done", back_fen, restores

    def came_back(self, use_id: UUID, parts: dict[str, int], *, restored: bool, at_once: bool) -> None:
        """Move the money of a refund: the parts are the code's, their sum and bounds are checked by the caller."""
        for source, fen in parts.items():
            if at_once and not restored:
                self.pools[source] += fen
            elif restored and not at_once:
                self.pools[source] -= fen

    def _given_back(self, use: Use, now: datetime) -> None:
        self.vouchers[use.voucher].state = "claimed"
        for code in self.codes.values():
            if code.voucher == use.voucher and code.expires_at > now:
                code.expires_at = now

    # --- jobs ---------------------------------------------------------------------------------------------------

    def release_due(self, now: datetime) -> list[str]:
        return [
            code
            for code, (opens, closes) in ROUNDS.items()
            if self.rounds[code] == "scheduled" and opens <= now + RELEASED_BEFORE and closes > now
        ]

    def release_rounds(self, now: datetime) -> None:
        for code in self.release_due(now):
            self.rounds[code] = "released"
            for release in self._of_round(code):
                split = OFFERS[release.offer].split
                count = min(set_up.STOCK[release.offer], *(self.pools[source] // fen for source, fen in split.items()))
                release.released = release.remaining = count
                for source, fen in split.items():
                    self.pools[source] -= fen * count

    def close_rounds(self, now: datetime) -> None:
        for code, (_, closes) in ROUNDS.items():
            if self.rounds[code] == "closed" or closes > now:
                continue
            self.rounds[code] = "closed"
            for release in self._of_round(code):
                for source, fen in OFFERS[release.offer].split.items():
                    self.pools[source] += fen * release.remaining
                release.remaining = 0

    def _of_round(self, code: str) -> list[Release]:
        return [self.releases[number] for number in sorted(self.releases) if self.releases[number].round == code]

    def due(self, now: datetime) -> list[UUID]:
        found = [
            (voucher.expires_at, voucher_id.int, voucher_id)
            for voucher_id, voucher in self.vouchers.items()
            if voucher.state == "claimed" and voucher.expires_at <= now
        ]
        return [voucher_id for _, _, voucher_id in sorted(found)]

    def expire(self, now: datetime, most: int) -> None:
        for voucher_id in self.due(now)[:most]:
            voucher = self.vouchers[voucher_id]
            voucher.state = "expired"
            for source, fen in OFFERS[voucher.offer].split.items():
                self.pools[source] += fen

    # --- the bureau ---------------------------------------------------------------------------------------------

    def unsettled(self, last_day: date) -> list[Use]:
        return [
            use for use in self.uses.values() if use.day <= last_day and use.status != "voided" and use.batch is None
        ]

    def closed_period(self, last_day: date, now: datetime) -> str:
        if last_day >= bureau_day(now):
            return "day_not_over"
        return "done" if self.unsettled(last_day) else "nothing_to_settle"

    def settled(self, batch_id: int, last_day: date, by: str) -> None:
        for use in self.unsettled(last_day):
            use.batch = batch_id
        self.batches[batch_id], self.closers[batch_id] = "closed", by

    def stepped(self, batch_id: int, event: str, by: str) -> str:
        """Approve, reject or pay a batch."""
        before, after = {
            "approve": ("closed", "approved"),
            "reject": ("closed", "rejected"),
            "pay": ("approved", "paid"),
        }[event]
        if event == "approve" and self.closers[batch_id] == by:
            return "approver_closed_it"
        if self.batches[batch_id] != before:
            return "settlement_batch_not_in_state"
        self.batches[batch_id] = after
        if event == "reject":
            for use in self.uses.values():
                if use.batch == batch_id:
                    use.batch = None
        return "done"

    # --- what to compare ----------------------------------------------------------------------------------------

    def outstanding(self) -> dict[tuple[str, str], int]:
        """Return (source, offer) → what is in vouchers that citizens hold."""
        found: dict[tuple[str, str], int] = defaultdict(int)
        for voucher in self.vouchers.values():
            if voucher.state == "claimed":
                for source, fen in OFFERS[voucher.offer].split.items():
                    found[source, voucher.offer] += fen
        return found

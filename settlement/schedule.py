"""The schedule of settlement: of each campaign what is closed when, what waits for whom, and what is overdue.

For a prefunded campaign also what was paid in, paid out and given back. Read only, and as it stands now.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import func, select

from campaigns import prefunding
from campaigns.errors import PrefundingShort
from campaigns.models import Campaign, CampaignRound
from campaigns.terms.settlement import MODES, Settlement
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import N_
from foundation.words import Words
from ledger.accounts import AccountKind
from ledger.models import LedgerAccount
from merchants.hand_ins import not_held_back
from merchants.models import Redemption, Refund
from settlement.check_models import Dispute, StatementCheck
from settlement.checks import not_disputed
from settlement.exports import AMOUNTS_IN_YUAN, Column, Sheet
from settlement.models import SettlementBatch, Statement
from settlement.prefunding_models import Deposit
from settlement.terms import closing_day, settles_up_to, terms_of

#: How long after its end a campaign stays on the schedule when nothing of it is open.
KEPT_DAYS = 30


@dataclass
class Part:
    """How many, and the fen that they come to."""

    count: int = 0
    fen: int = 0

    def add(self, count: int, fen: int) -> None:
        self.count += count
        self.fen += fen


@dataclass
class Line:
    """One campaign. ``ready`` may be closed today, ``later`` when its period is over, on ``next_closing`` (None where
    nothing closes by itself); ``to_approve`` and ``to_pay`` are batches, ``pay_by`` the earliest day that was promised
    for them and ``overdue`` those past theirs; ``checking`` statements that merchants still check, ``disputes`` what
    waits for the bureau. ``deposited_fen``, ``pledged_fen`` and ``returned_fen`` are of prefunded campaigns."""

    campaign: Campaign
    terms: Settlement
    next_closing: date | None
    ready: Part = field(default_factory=Part)
    later: Part = field(default_factory=Part)
    to_approve: Part = field(default_factory=Part)
    to_pay: Part = field(default_factory=Part)
    overdue: Part = field(default_factory=Part)
    pay_by: date | None = None
    checking: int = 0
    disputes: int = 0
    deposited_fen: int = 0
    pledged_fen: int = 0
    paid_fen: int = 0
    returned_fen: int = 0
    #: why its next round cannot be put on release yet
    short: PrefundingShort | None = None

    @property
    def platform_fen(self) -> int:
        """What is on the platform's account: paid in, and neither paid out nor given back."""
        return self.deposited_fen - self.paid_fen - self.returned_fen

    @property
    def is_open(self) -> bool:
        """Whether anybody has something to do for it."""
        parts = (self.ready, self.later, self.to_approve, self.to_pay)
        return any(part.count for part in parts) or bool(self.disputes or self.platform_fen > 0)


def schedule(*, everything: bool = False) -> list[Line]:
    """Return the campaigns of which something is open or that are not long over, newest first; ``everything``: every
    published one."""
    today = bureau_day(clock.now())
    published = db.session.scalars(
        select(Campaign).where(Campaign.version_id.is_not(None)).order_by(Campaign.starts_at.desc(), Campaign.id.desc())
    ).all()
    lines = {each.id: _line(each, today) for each in published}
    _redemptions(lines, today)
    _batches(lines, today)
    _answers(lines)
    _money(lines)
    for line in lines.values():
        if line.terms.prefunded:
            line.short = _short(line.campaign)
    kept_from = clock.now() - timedelta(days=KEPT_DAYS)
    return [line for line in lines.values() if everything or line.is_open or line.campaign.ends_at >= kept_from]


def schedule_sheet() -> Sheet:
    """Return the schedule of every campaign as a sheet."""
    columns = [
        Column(Words(N_("活动")), "text"),
        Column(Words(N_("结算方式")), "text"),
        Column(Words(N_("关账周期")), "text"),
        Column(Words(N_("下次关账")), "text"),
        Column(Words(N_("可关账（笔）")), "count"),
        Column(Words(N_("可关账")), "fen"),
        Column(Words(N_("未到期")), "fen", Words(N_("已核销，还没有到关账的日子"))),
        Column(Words(N_("待审批")), "fen"),
        Column(Words(N_("待拨付")), "fen"),
        Column(Words(N_("最晚拨付日")), "text"),
        Column(Words(N_("逾期未付")), "fen"),
        Column(Words(N_("预拨到账")), "fen", Words(N_("资金来源已经拨到平台账户的金额"))),
        Column(Words(N_("未到账")), "fen"),
        Column(Words(N_("已付")), "fen"),
        Column(Words(N_("已原路退回")), "fen"),
        Column(Words(N_("平台账户余额")), "fen", Words(N_("预拨到账减去已付和已原路退回"))),
    ]
    rows = [
        [
            line.campaign.name,
            Words(MODES[line.terms.mode]),
            line.terms.cadence.describe(),
            line.next_closing.isoformat() if line.next_closing else "",
            line.ready.count,
            line.ready.fen,
            line.later.fen,
            line.to_approve.fen,
            line.to_pay.fen,
            line.pay_by.isoformat() if line.pay_by else "",
            line.overdue.fen,
            line.deposited_fen if line.terms.prefunded else None,
            line.pledged_fen if line.terms.prefunded else None,
            line.paid_fen,
            line.returned_fen if line.terms.prefunded else None,
            line.platform_fen if line.terms.prefunded else None,
        ]
        for line in schedule(everything=True)
    ]
    return Sheet(Words(N_("各活动结算情况")), columns, rows, [AMOUNTS_IN_YUAN])


def _line(campaign: Campaign, today: date) -> Line:
    terms = terms_of(campaign)
    return Line(campaign, terms, closing_day(campaign, today) if terms.cadence.automatic else None)


def _redemptions(lines: Mapping[int, Line], today: date) -> None:
    """Add what is on no statement, by whether its period is over."""
    unsettled = (
        Redemption.status != "voided",
        Redemption.payee == "merchant",
        Redemption.statement_id.is_(None),
        not_held_back(),
        not_disputed(),
    )
    rows = db.session.execute(
        select(
            Redemption.campaign_id,
            Redemption.bureau_day,
            func.count(),
            func.sum(Redemption.discount_fen - Redemption.borne_fen),
        )
        .where(*unsettled)
        .group_by(Redemption.campaign_id, Redemption.bureau_day)
    ).all()
    # What came back of them is taken off when they are closed.
    back = db.session.execute(
        select(Redemption.campaign_id, Redemption.bureau_day, func.sum(Refund.borne_fen - Refund.discount_fen))
        .join(Refund, Refund.redemption_id == Redemption.id)
        .where(*unsettled, Refund.statement_id.is_(None), Refund.repaid_at.is_(None))
        .group_by(Redemption.campaign_id, Redemption.bureau_day)
    )
    up_to = {key: settles_up_to(line.campaign, today) for key, line in lines.items()}
    for campaign_id, day, count, fen in [*rows, *((key, day, 0, fen) for key, day, fen in back)]:
        last = up_to[campaign_id]
        part = lines[campaign_id].ready if last is not None and day <= last else lines[campaign_id].later
        part.add(int(count), int(fen))


def _batches(lines: Mapping[int, Line], today: date) -> None:
    rows = db.session.execute(
        select(
            SettlementBatch.campaign_id,
            SettlementBatch.status,
            SettlementBatch.pay_by,
            func.sum(Statement.payable_fen),
        )
        .join(Statement, Statement.batch_id == SettlementBatch.id)
        .where(SettlementBatch.status.in_(("closed", "approved")))
        .group_by(SettlementBatch.id, SettlementBatch.campaign_id, SettlementBatch.status, SettlementBatch.pay_by)
    )
    for campaign_id, status, pay_by, fen in rows:
        line = lines[campaign_id]
        (line.to_approve if status == "closed" else line.to_pay).add(1, int(fen))
        if pay_by is not None:
            line.pay_by = min(pay_by, line.pay_by or pay_by)
            if pay_by < today:
                line.overdue.add(1, int(fen))


def _answers(lines: Mapping[int, Line]) -> None:
    checking = db.session.execute(
        select(SettlementBatch.campaign_id, func.count())
        .join(Statement, Statement.batch_id == SettlementBatch.id)
        .join(StatementCheck, StatementCheck.id == Statement.id)
        .where(StatementCheck.status == "collected")
        .group_by(SettlementBatch.campaign_id)
    )
    for campaign_id, count in checking:
        lines[campaign_id].checking = int(count)
    disputed = db.session.execute(
        select(Redemption.campaign_id, func.count())
        .join(Dispute, Dispute.redemption_id == Redemption.id)
        .where(Dispute.status == "open")
        .group_by(Redemption.campaign_id)
    )
    for campaign_id, count in disputed:
        lines[campaign_id].disputes = int(count)


def _money(lines: Mapping[int, Line]) -> None:
    kinds = [kind.value for kind in (AccountKind.PAID, AccountKind.PLEDGED, AccountKind.RETURNED)]
    held: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for campaign_id, kind, fen in db.session.execute(
        select(LedgerAccount.campaign_id, LedgerAccount.kind, func.sum(LedgerAccount.balance_fen))
        .where(LedgerAccount.kind.in_(kinds))
        .group_by(LedgerAccount.campaign_id, LedgerAccount.kind)
    ):
        held[campaign_id or 0][kind] = int(fen)
    deposited: dict[int, int] = {
        campaign_id: int(fen)
        for campaign_id, fen in db.session.execute(
            select(Deposit.campaign_id, func.sum(Deposit.amount_fen)).group_by(Deposit.campaign_id)
        )
    }
    for key, line in lines.items():
        line.deposited_fen = deposited.get(key, 0)
        line.paid_fen = held[key][AccountKind.PAID]
        line.pledged_fen = held[key][AccountKind.PLEDGED]
        line.returned_fen = held[key][AccountKind.RETURNED]


def _short(campaign: Campaign) -> PrefundingShort | None:
    """Return why the next round of a prefunded campaign cannot be put on release yet."""
    scheduled = select(CampaignRound).where(
        CampaignRound.campaign_id == campaign.id, CampaignRound.status == "scheduled"
    )
    waiting: Sequence[CampaignRound] = db.session.scalars(
        scheduled.order_by(CampaignRound.opens_at, CampaignRound.id).limit(1)
    ).all()
    return prefunding.shortage(waiting[0]) if waiting else None

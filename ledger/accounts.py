"""The chart of accounts: every account of the ledger is spelled here and nowhere else.

Money of different sources never mixes: apart from ``treasury`` each account belongs to one campaign and one
fund source. A fen moves along this line, and ``treasury`` may stand below zero (by what it has granted):

    treasury ─fund→ budget ─release→ released ─claim→ outstanding ─redeem→ payable ─clear→ cleared ─pay→ paid
                      ↑─────recall────┘                   │             │
                      ↑──────────expire, spare────────────┘             │
                                                          ↑────void─────┘

A merchant's own share of a voucher goes to ``borne`` instead of ``payable``: it gave that at the till, and nobody
owes it. What comes back after the day goes to the pool, or with the voucher to its holder:

    payable | borne ─refund→ budget | outstanding     (the redemption is on no statement yet)
    budget ─advance→ outstanding                      (it is on one: the pool goes ahead, and then)
    payable ─recover→ budget   or   paid ─repay→ budget

What citizens apply for is set aside while it is reviewed, and what is paid to them, not taken off a bill, is due:

    released ─reserve→ reserved ─claim→ outstanding ─redeem→ due ─clear→ cleared ─pay→ paid
        ↑──────unreserve──┘                                  ↑────bounce────┘

Where the sources pay to the platform's account first, what they have granted is pledged until it has come, and what is
left at the end goes back by the way it came:

    treasury ─fund→ pledged ─deposit→ budget ─return→ returned
What citizens pay for vouchers that are sold is kept apart from all of that, per offer, in the name of the source whose
the price is. ``buyers`` stands below zero by what they have paid and not got back:

    buyers ─sell→ proceeds ─take_back→ returning ─send_back→ buyers
       └───────────sell (too late, or twice)──↑

A correction after the round may reserve from the pool, and what is given back then returns there. What was taken back
before it was paid goes to the pool: due | cleared ─refund→ budget.
"""

from dataclasses import dataclass
from enum import StrEnum


class AccountKind(StrEnum):
    """What the money in an account is."""

    TREASURY = "treasury"  # what the source has granted, as a negative balance
    PLEDGED = "pledged"  # granted, and still to come to the platform's account
    BUDGET = "budget"  # granted, and not yet put on release (the pool that expired money returns to)
    RELEASED = "released"  # on release in a round, not yet claimed
    RESERVED = "reserved"  # set aside for applications that are being reviewed
    OUTSTANDING = "outstanding"  # in vouchers that citizens hold
    PAYABLE = "payable"  # owed to a merchant for redemptions
    DUE = "due"  # owed to citizens, to be paid out to their bank accounts
    CLEARED = "cleared"  # owed, and approved for payment
    PAID = "paid"  # sent to the merchant or citizen
    RETURNED = "returned"  # went back to the source at the end, unused
    BORNE = "borne"  # the merchant's own share of what was redeemed: given at the till, owed to nobody
    BUYERS = "buyers"  # what citizens have paid for vouchers and not got back, as a negative balance
    PROCEEDS = "proceeds"  # the prices of vouchers that were sold
    RETURNING = "returning"  # prices that go back to who paid them


class Code(StrEnum):
    """Why money moved."""

    FUND = "fund"  # the source grants a budget, or adds to it
    DEPOSIT = "deposit"  # 预拨到账: the source has paid to the platform's account
    RELEASE = "release"  # 投放
    RESERVE = "reserve"  # 占用: an application was made
    UNRESERVE = "unreserve"  # 释放: an application came to nothing, or to less
    CLAIM = "claim"  # 领取; of what was applied for: 发放
    RECALL = "recall"  # unclaimed when its round closes: 回收
    EXPIRE = "expire"  # claimed, and not used in time: 过期, 回收
    SPARE = "spare"  # used for less than was set aside: the rest, 回收
    REDEEM = "redeem"  # 核销
    VOID = "void"  # 冲正: reverses a redemption
    CLEAR = "clear"  # 清算: a statement was approved
    PAY = "pay"  # 拨付
    BOUNCE = "bounce"  # 退汇: the bank could not pay it out
    REFUND = "refund"  # 退款: goods came back before the redemption was on a statement
    ADVANCE = "advance"  # 垫回: a voucher goes back to its holder before the merchant has returned its money
    RECOVER = "recover"  # 扣回: a refund is netted in the merchant's next statement
    REPAY = "repay"  # 退回: a merchant has paid a refund back
    RETURN = "return"  # 原路退回: what was not used goes back to its source
    SELL = "sell"  # 收款: a citizen has paid for a voucher
    TAKE_BACK = "take_back"  # 应退: a voucher came back, or ran out, whose price is given back
    SEND_BACK = "send_back"  # 退付: a price has gone back to who paid it


_Pair = tuple[AccountKind, AccountKind]

#: The only ways money may move: code → pairs of (kind debited, kind credited).
FLOWS: dict[Code, tuple[_Pair, ...]] = {
    Code.FUND: ((AccountKind.TREASURY, AccountKind.BUDGET), (AccountKind.TREASURY, AccountKind.PLEDGED)),
    Code.DEPOSIT: ((AccountKind.PLEDGED, AccountKind.BUDGET),),
    Code.RELEASE: ((AccountKind.BUDGET, AccountKind.RELEASED),),
    Code.RESERVE: ((AccountKind.RELEASED, AccountKind.RESERVED), (AccountKind.BUDGET, AccountKind.RESERVED)),
    Code.UNRESERVE: ((AccountKind.RESERVED, AccountKind.RELEASED), (AccountKind.RESERVED, AccountKind.BUDGET)),
    Code.CLAIM: ((AccountKind.RELEASED, AccountKind.OUTSTANDING), (AccountKind.RESERVED, AccountKind.OUTSTANDING)),
    Code.RECALL: ((AccountKind.RELEASED, AccountKind.BUDGET),),
    Code.EXPIRE: ((AccountKind.OUTSTANDING, AccountKind.BUDGET),),
    Code.SPARE: ((AccountKind.OUTSTANDING, AccountKind.BUDGET),),
    Code.REDEEM: (
        (AccountKind.OUTSTANDING, AccountKind.PAYABLE),
        (AccountKind.OUTSTANDING, AccountKind.BORNE),
        (AccountKind.OUTSTANDING, AccountKind.DUE),
    ),
    Code.VOID: ((AccountKind.PAYABLE, AccountKind.OUTSTANDING), (AccountKind.BORNE, AccountKind.OUTSTANDING)),
    Code.CLEAR: ((AccountKind.PAYABLE, AccountKind.CLEARED), (AccountKind.DUE, AccountKind.CLEARED)),
    Code.PAY: ((AccountKind.CLEARED, AccountKind.PAID),),
    Code.BOUNCE: ((AccountKind.CLEARED, AccountKind.DUE),),
    Code.REFUND: (
        (AccountKind.PAYABLE, AccountKind.BUDGET),
        (AccountKind.PAYABLE, AccountKind.OUTSTANDING),
        (AccountKind.BORNE, AccountKind.BUDGET),
        (AccountKind.BORNE, AccountKind.OUTSTANDING),
        (AccountKind.DUE, AccountKind.BUDGET),
        (AccountKind.CLEARED, AccountKind.BUDGET),
    ),
    Code.ADVANCE: ((AccountKind.BUDGET, AccountKind.OUTSTANDING),),
    Code.RECOVER: ((AccountKind.PAYABLE, AccountKind.BUDGET),),
    Code.REPAY: ((AccountKind.PAID, AccountKind.BUDGET),),
    Code.RETURN: ((AccountKind.BUDGET, AccountKind.RETURNED),),
    Code.SELL: ((AccountKind.BUYERS, AccountKind.PROCEEDS), (AccountKind.BUYERS, AccountKind.RETURNING)),
    Code.TAKE_BACK: ((AccountKind.PROCEEDS, AccountKind.RETURNING),),
    Code.SEND_BACK: ((AccountKind.RETURNING, AccountKind.BUYERS),),
}

#: What citizens paid: money beside the sources' own, of which no budget, report or settlement knows.
PRICES = (AccountKind.BUYERS, AccountKind.PROCEEDS, AccountKind.RETURNING)
#: The accounts through which money comes in; they stand below zero by what has come.
BELOW_ZERO = (AccountKind.TREASURY, AccountKind.BUYERS)


@dataclass(frozen=True)
class AccountKey:
    """Names one account. The numbers are row ids of the rooms above, which the ledger does not look into."""

    kind: AccountKind
    fund_source_id: int
    campaign_id: int | None = None
    offer_id: int | None = None
    release_id: int | None = None
    merchant_id: int | None = None

    @property
    def address(self) -> str:
        """The account's unique name, e.g. ``campaign:3:source:1:offer:7:outstanding``."""
        parts = [
            ("campaign", self.campaign_id),
            ("source", self.fund_source_id),
            ("offer", self.offer_id),
            ("release", self.release_id),
            ("merchant", self.merchant_id),
        ]
        return ":".join(f"{name}:{number}" for name, number in parts if number is not None) + f":{self.kind}"


def treasury(fund_source_id: int) -> AccountKey:
    return AccountKey(AccountKind.TREASURY, fund_source_id)


def pledged(campaign_id: int, fund_source_id: int) -> AccountKey:
    return AccountKey(AccountKind.PLEDGED, fund_source_id, campaign_id)


def budget(campaign_id: int, fund_source_id: int) -> AccountKey:
    return AccountKey(AccountKind.BUDGET, fund_source_id, campaign_id)


def released(campaign_id: int, fund_source_id: int, *, offer_id: int, release_id: int) -> AccountKey:
    return AccountKey(AccountKind.RELEASED, fund_source_id, campaign_id, offer_id, release_id)


def reserved(campaign_id: int, fund_source_id: int, *, offer_id: int) -> AccountKey:
    return AccountKey(AccountKind.RESERVED, fund_source_id, campaign_id, offer_id)


def outstanding(campaign_id: int, fund_source_id: int, *, offer_id: int) -> AccountKey:
    return AccountKey(AccountKind.OUTSTANDING, fund_source_id, campaign_id, offer_id)


def payable(campaign_id: int, fund_source_id: int, *, merchant_id: int) -> AccountKey:
    return AccountKey(AccountKind.PAYABLE, fund_source_id, campaign_id, merchant_id=merchant_id)


def due(campaign_id: int, fund_source_id: int) -> AccountKey:
    return AccountKey(AccountKind.DUE, fund_source_id, campaign_id)


def cleared(campaign_id: int, fund_source_id: int, *, merchant_id: int | None) -> AccountKey:
    """merchant_id None: what is owed to citizens."""
    return AccountKey(AccountKind.CLEARED, fund_source_id, campaign_id, merchant_id=merchant_id)


def paid(campaign_id: int, fund_source_id: int, *, merchant_id: int | None) -> AccountKey:
    """merchant_id None: what was sent to citizens."""
    return AccountKey(AccountKind.PAID, fund_source_id, campaign_id, merchant_id=merchant_id)


def returned(campaign_id: int, fund_source_id: int) -> AccountKey:
    return AccountKey(AccountKind.RETURNED, fund_source_id, campaign_id)


def borne(campaign_id: int, fund_source_id: int, *, merchant_id: int) -> AccountKey:
    return AccountKey(AccountKind.BORNE, fund_source_id, campaign_id, merchant_id=merchant_id)


def buyers(campaign_id: int, fund_source_id: int, *, offer_id: int) -> AccountKey:
    """fund_source_id, here and in the next two: the source whose the price is."""
    return AccountKey(AccountKind.BUYERS, fund_source_id, campaign_id, offer_id)


def proceeds(campaign_id: int, fund_source_id: int, *, offer_id: int) -> AccountKey:
    return AccountKey(AccountKind.PROCEEDS, fund_source_id, campaign_id, offer_id)


def returning(campaign_id: int, fund_source_id: int, *, offer_id: int) -> AccountKey:
    return AccountKey(AccountKind.RETURNING, fund_source_id, campaign_id, offer_id)

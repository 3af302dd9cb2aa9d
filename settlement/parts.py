"""Who paid which part of a redemption: of its discount as the ledger moved it, of its bill in the same proportions.

Reports by source and the rows beneath them read the same parts, so that the rows add up to the figure to the fen.
"""

from typing import Any

from sqlalchemy import BigInteger, Subquery, Uuid, case, cast, func, select

from ledger.accounts import Code
from ledger.models import LedgerAccount, Transfer
from merchants.models import Redemption


def parts(*conditions: Any) -> Subquery:
    """Return one row for each redemption and source: redemption_id, fund_source_id, discount_fen, bill_fen, is_first.

    The bill is cut where the discount is cut, rounded down: the parts of a bill sum to it exactly, and each is
    within one fen of its exact share. ``is_first`` is 1 on one row of each redemption and 0 on the others.
    """
    through = cast(
        func.sum(Transfer.amount_fen).over(partition_by=Redemption.id, order_by=LedgerAccount.fund_source_id),
        BigInteger,
    )
    before = through - Transfer.amount_fen
    # At most 10^9 fen times 10^9 fen, which 64 bits hold.
    bill_through = Redemption.bill_fen * through // Redemption.discount_fen
    bill_before = Redemption.bill_fen * before // Redemption.discount_fen
    return (
        select(
            Redemption.id.label("redemption_id"),
            LedgerAccount.fund_source_id.label("fund_source_id"),
            Transfer.amount_fen.label("discount_fen"),
            (bill_through - bill_before).label("bill_fen"),
            case((before == 0, 1), else_=0).label("is_first"),
        )
        .select_from(Transfer)
        .join(Redemption, Redemption.id == cast(Transfer.document_id, Uuid))
        .join(LedgerAccount, LedgerAccount.id == Transfer.debit_account_id)
        .where(Transfer.code == Code.REDEEM.value, *conditions)
        .subquery()
    )

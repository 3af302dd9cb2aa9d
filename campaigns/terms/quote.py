"""One answer to "what is this worth at this till?" and "why can't I use it?"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from campaigns.terms.refund.return_if_valid import ReturnIfValid
from campaigns.terms.refunding import Refund
from campaigns.terms.sale import NotYetValid, Sale, VoucherExpired


class Benefit(Protocol):
    @property
    def face_value_fen(self) -> int: ...
    @property
    def threshold_fen(self) -> int: ...
    @property
    def committed_fen(self) -> int: ...
    def discount_fen(self, sale: Sale) -> int: ...


class Funding(Protocol):
    @property
    def shares(self) -> Mapping[str, int]: ...
    def split(self, amount_fen: int) -> dict[str, int]: ...
    def describe(self, code: str) -> str: ...


class Scope(Protocol):
    @property
    def counties(self) -> "tuple[str, ...] | list[str]": ...
    @property
    def industries(self) -> "tuple[str, ...] | list[str]": ...
    @property
    def above_quota(self) -> bool: ...
    def check(self, sale: Sale) -> None: ...


class Validity(Protocol):
    def ends_at(self, claimed_at: datetime) -> datetime: ...
    def describe(self) -> str: ...


@dataclass(frozen=True)
class OfferTerms:
    """One strategy per axis."""

    benefit: Benefit
    funding: Funding
    scope: Scope
    validity: Validity
    refund: Refund = field(default_factory=ReturnIfValid)

    def expires_at(self, *, claimed_at: datetime, campaign_ends_at: datetime) -> datetime:
        """Return the exclusive end of an entitlement claimed then; never after the campaign's end."""
        return min(self.validity.ends_at(claimed_at), campaign_ends_at)


@dataclass(frozen=True)
class Award:
    """discount_fen = the sum of ``by_source``; the customer pays the rest of the bill."""

    bill_fen: int
    discount_fen: int
    by_source: Mapping[str, int]

    @property
    def customer_pays_fen(self) -> int:
        return self.bill_fen - self.discount_fen


def quote(terms: OfferTerms, sale: Sale, *, valid_from: datetime, expires_at: datetime) -> Award:
    """Return what an entitlement valid in [valid_from, expires_at) is worth to ``sale``.

    Refuses NotYetValid, VoucherExpired, OutsideCounty, OutsideIndustry, OnlyAboveQuota, BillBelowThreshold: time first,
    then place, then money, so that the reason given is the one the customer can do least about.
    """
    if sale.at < valid_from:
        raise NotYetValid(valid_from=valid_from)
    if sale.at >= expires_at:
        raise VoucherExpired(expires_at=expires_at)
    terms.scope.check(sale)
    discount_fen = terms.benefit.discount_fen(sale)
    return Award(sale.bill_fen, discount_fen, terms.funding.split(discount_fen))

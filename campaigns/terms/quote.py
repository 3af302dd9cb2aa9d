"""One answer to "what is this worth at this till?" and "why can't I use it?"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from campaigns.terms.article import ArticleRules, categories_of
from campaigns.terms.evidence.not_needed import NotNeeded
from campaigns.terms.geofence import Geofence
from campaigns.terms.refund.return_if_valid import ReturnIfValid
from campaigns.terms.refunding import Refund
from campaigns.terms.sale import NotYetValid, Sale, VoucherExpired
from campaigns.terms.subsidy_refusals import BillBelowAward
from campaigns.terms.use.counted import Counted
from campaigns.terms.worth import Worth, WorthTable
from foundation.money import apportion, format_yuan
from foundation.words import Words


class Benefit(Protocol):
    @property
    def face_value_fen(self) -> int: ...
    @property
    def threshold_fen(self) -> int: ...
    @property
    def committed_fen(self) -> int: ...
    @property
    def least_fen(self) -> int: ...
    def worth(self, sale: Sale) -> Worth: ...
    def describe(self) -> Words: ...
    def table(self) -> WorthTable: ...


class Funding(Protocol):
    @property
    def shares(self) -> Mapping[str, int]: ...
    def split(self, amount_fen: int) -> dict[str, int]: ...
    def describe(self, code: str) -> Words | str: ...


class Scope(Protocol):
    @property
    def counties(self) -> "tuple[str, ...] | list[str]": ...
    @property
    def industries(self) -> "tuple[str, ...] | list[str]": ...
    @property
    def above_quota(self) -> bool: ...
    @property
    def goods_excluded(self) -> "tuple[str, ...] | list[str]": ...
    @property
    def geofence(self) -> "Geofence | None": ...
    def check(self, sale: Sale) -> None: ...
    def describe(self) -> Words: ...


class Use(Protocol):
    @property
    def per_order(self) -> int: ...
    @property
    def per_day(self) -> int | None: ...
    @property
    def may_show(self) -> bool: ...
    @property
    def may_scan(self) -> bool: ...
    def check(self, vouchers: int) -> None: ...
    def needed_fen(self, threshold_fen: int, face_value_fen: int, vouchers: int) -> int: ...
    def describe(self) -> Words: ...
    def describe_way(self) -> Words: ...
    def describe_scan(self) -> Words: ...


class Validity(Protocol):
    def starts_at(self, claimed_at: datetime) -> datetime: ...
    def ends_at(self, usable_at: datetime) -> datetime: ...
    def describe(self) -> Words: ...


class Evidence(Protocol):
    @property
    def deadlines(self) -> Mapping[str, int]: ...
    def describe(self) -> list[Words]: ...


@dataclass(frozen=True)
class OfferTerms:
    """One strategy per axis."""

    benefit: Benefit
    funding: Funding
    scope: Scope
    validity: Validity
    refund: Refund = field(default_factory=ReturnIfValid)
    use: Use = field(default_factory=Counted)
    evidence: Evidence = field(default_factory=NotNeeded)
    article: ArticleRules = field(default_factory=ArticleRules)

    @property
    def categories(self) -> Mapping[str, int]:
        """category → how many articles per person, where it is claimed by category."""
        return categories_of(self.benefit)

    def split(self, amount_fen: int) -> dict[str, int]:
        """Return source code → fen of what one entitlement costs.

        Where it may cost less than was set aside, what is spent is split as the money was, so that no source pays
        more than it has set aside.
        """
        if not self.categories:
            return self.funding.split(amount_fen)
        return apportion(amount_fen, self.funding.split(self.benefit.committed_fen))

    def valid_from(self, *, claimed_at: datetime) -> datetime:
        """Return the first moment at which an entitlement claimed then may be used."""
        return self.validity.starts_at(claimed_at)

    def expires_at(self, *, claimed_at: datetime, campaign_ends_at: datetime) -> datetime:
        """Return the exclusive end of an entitlement claimed then; never after the campaign's end."""
        return min(self.validity.ends_at(self.valid_from(claimed_at=claimed_at)), campaign_ends_at)


@dataclass(frozen=True)
class Award:
    """discount_fen: what the payers pay, the sum of ``by_source``. advertised_fen: what it is announced to be worth.

    given_as: how it reaches the buyer, a key of ``GIVEN_AS``; only a discount comes off the bill. list_price_fen:
    the bill before the merchant's own discounts. invoice_fen: what the invoice must say, None where terms do not care.
    tier: which tier of a price table decided, "" without one.
    """

    bill_fen: int
    discount_fen: int
    by_source: Mapping[str, int]
    advertised_fen: int = 0
    reasons: tuple[str, ...] = ()
    given_as: str = "discount"
    list_price_fen: int = 0
    invoice_fen: int | None = None
    tier: str = ""

    @property
    def customer_pays_fen(self) -> int:
        return self.bill_fen - self.discount_fen if self.given_as == "discount" else self.bill_fen

    @property
    def merchant_gives_fen(self) -> int:
        """What the merchant has taken off by itself."""
        return self.list_price_fen - self.bill_fen


def quote(terms: OfferTerms, sale: Sale, *, valid_from: datetime, expires_at: datetime) -> Award:
    """Return what an entitlement valid in [valid_from, expires_at) is worth to ``sale``.

    Refuses NotYetValid, VoucherExpired, OutsideCounty, OutsideIndustry, OnlyAboveQuota, and what the benefit refuses:
    time first, then place, then money, so that the reason given is the one the customer can do least about.
    """
    _check_time_and_place(terms, sale, valid_from=valid_from, expires_at=expires_at)
    worth = terms.benefit.worth(sale)
    return Award(
        sale.bill_fen,
        worth.cost_fen,
        terms.split(worth.cost_fen),
        advertised_fen=worth.cost_fen if worth.advertised_fen is None else worth.advertised_fen,
        reasons=worth.reasons,
        given_as=worth.given_as,
        list_price_fen=sale.list_price_fen,
        invoice_fen=worth.invoice_fen,
        tier=worth.tier,
    )


def take_off(terms: OfferTerms, sale: Sale, award_fen: int, *, valid_from: datetime, expires_at: datetime) -> Award:
    """Return what an entitlement takes off ``sale`` whose award was fixed when its application was approved: that, and
    never less.

    Refuses NotYetValid, VoucherExpired, OutsideCounty, OutsideIndustry, OnlyAboveQuota, BillBelowAward.
    """
    _check_time_and_place(terms, sale, valid_from=valid_from, expires_at=expires_at)
    if sale.bill_fen < award_fen:
        raise BillBelowAward(award_fen=award_fen)
    reasons = (f"申请审核时核定的补贴 {format_yuan(award_fen)} 元",)
    return Award(
        sale.bill_fen,
        award_fen,
        terms.funding.split(award_fen),
        advertised_fen=award_fen,
        reasons=reasons,
        list_price_fen=sale.list_price_fen,
    )


def _check_time_and_place(terms: OfferTerms, sale: Sale, *, valid_from: datetime, expires_at: datetime) -> None:
    if sale.at < valid_from:
        raise NotYetValid(valid_from=valid_from)
    if sale.at >= expires_at:
        raise VoucherExpired(expires_at=expires_at)
    terms.scope.check(sale)

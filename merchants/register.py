"""The register: merchants, their stores, tills and cashiers, and the campaigns they take part in."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import select

from campaigns.models import Campaign
from campaigns.places import counties, industries
from evidence import numbers
from foundation import clock
from foundation.db import db, upsert
from foundation.paging import Page, page_of
from foundation.states import Step
from identity import accounts
from merchants.errors import (
    BankAccountMalformed,
    CountyUnknown,
    IndustryUnknown,
    MerchantAlreadyRegistered,
    MerchantUnknown,
    NameMissing,
    ShopUnknown,
    StoreUnknown,
    TillUnknown,
)
from merchants.models import Cashier, Enrollment, Merchant, Store, Till
from merchants.states import MERCHANT, TILL

#: A citizen scrolls: longer pages than the bureau's.
SHOPS_PER_PAGE = 100


@dataclass(frozen=True)
class Counter:
    """Where a scan comes from: a store, and the till or the cashier that stands for it."""

    store_id: int
    till_id: int | None = None
    cashier_id: int | None = None

    @property
    def actor(self) -> str:
        return f"till:{self.till_id}" if self.till_id is not None else f"cashier:{self.cashier_id}"


def register_merchant(
    *,
    name: str,
    uscc: str,
    county: str,
    industry: str,
    bank_name: str,
    bank_account: str,
    by: str,
    is_above_quota: bool = False,
) -> Merchant:
    """Admit a merchant.

    Refuses NameMissing, UsccMalformed (check character of GB 32100), CountyUnknown, IndustryUnknown,
    BankAccountMalformed, MerchantAlreadyRegistered.
    """
    uscc = numbers.uscc(uscc)
    if industry not in industries():
        raise IndustryUnknown(given=industry[:20])
    bank_account = bank_account.replace(" ", "")
    if not re.fullmatch(r"[0-9]{8,30}", bank_account):
        raise BankAccountMalformed
    now = clock.now()
    statement = (
        upsert(Merchant)
        .values(
            name=_name(name),
            uscc=uscc,
            county=_county(county),
            industry=industry,
            is_above_quota=is_above_quota,
            bank_name=_name(bank_name),
            bank_account=bank_account,
            status="active",
            registered_at=now,
        )
        .on_conflict_do_nothing(index_elements=["uscc"])
        .returning(Merchant.id)
    )
    merchant_id = db.session.scalar(statement)
    if merchant_id is None:
        raise MerchantAlreadyRegistered(uscc=uscc)
    MERCHANT.record_created([merchant_id], "register", Step(by, now))
    return db.session.get_one(Merchant, merchant_id)


def add_store(merchant_id: int, *, name: str, county: str, address: str = "") -> Store:
    """Add a store. Refuses MerchantUnknown, NameMissing, CountyUnknown."""
    if db.session.get(Merchant, merchant_id) is None:
        raise MerchantUnknown
    store = Store(merchant_id=merchant_id, name=_name(name), county=_county(county), address=address.strip()[:120])
    db.session.add(store)
    db.session.flush()
    return store


def add_till(store_id: int, *, name: str, by: str) -> tuple[Till, str]:
    """Add a till and return it with its API key, which is shown this once and stored only hashed.

    Refuses StoreUnknown, NameMissing.
    """
    _require_store(store_id)
    step = Step(by, clock.now())
    login = f"till-{secrets.token_hex(5)}"
    secret = accounts.new_secret()
    account = accounts.create_account(kind="till", login=login, password=secret, name=_name(name), step=step)
    till = Till(store_id=store_id, account_id=account.id, name=_name(name), status="active")
    db.session.add(till)
    db.session.flush()
    TILL.record_created([till.id], "register", step)
    return till, f"{login}.{secret}"


def add_cashier(store_id: int, *, login: str, password: str, name: str, by: str) -> Cashier:
    """Add a cashier. Refuses StoreUnknown and what ``identity.accounts.create_account`` refuses."""
    _require_store(store_id)
    account = accounts.create_account(
        kind="cashier", login=login, password=password, name=_name(name), step=Step(by, clock.now())
    )
    cashier = Cashier(store_id=store_id, account_id=account.id)
    db.session.add(cashier)
    db.session.flush()
    return cashier


def enroll(campaign_id: int, merchant_ids: Sequence[int], *, by: str) -> None:
    """Let merchants take part in a campaign; those that already do stay as they are."""
    now = clock.now()
    if merchant_ids:
        rows = [
            {"campaign_id": campaign_id, "merchant_id": merchant_id, "enrolled_at": now, "enrolled_by": by}
            for merchant_id in merchant_ids
        ]
        db.session.execute(upsert(Enrollment).values(rows).on_conflict_do_nothing())


def suspend_merchant(merchant_id: int, *, by: str, reason: str) -> bool:
    """Stop a merchant from redeeming, at once; return whether it was active."""
    return bool(MERCHANT.apply(Merchant, [merchant_id], "suspend", Step(by, clock.now(), reason)))


def resume_merchant(merchant_id: int, *, by: str) -> bool:
    """Let a suspended merchant redeem again; return whether it was suspended."""
    return bool(MERCHANT.apply(Merchant, [merchant_id], "resume", Step(by, clock.now())))


def suspend_till(till_id: int, *, by: str, reason: str) -> bool:
    """Stop a till, at once; return whether it was active."""
    return bool(TILL.apply(Till, [till_id], "suspend", Step(by, clock.now(), reason)))


def resume_till(till_id: int, *, by: str) -> bool:
    """Start a suspended till again; return whether it was suspended."""
    return bool(TILL.apply(Till, [till_id], "resume", Step(by, clock.now())))


def counter_of_till_account(account_id: int) -> Counter:
    """Return the counter of a till that has signed in with its key. Refuses TillUnknown.

    Kept per process: a till stays in its store and keeps its account. Whether it may work is asked at each scan.
    """
    known: dict[int, Counter] = current_app.extensions.setdefault("merchants.counters", {})
    if account_id not in known:
        row = db.session.execute(select(Till.id, Till.store_id).where(Till.account_id == account_id)).one_or_none()
        if row is None:
            raise TillUnknown
        known[account_id] = Counter(row.store_id, till_id=row.id)
    return known[account_id]


def counter_of_cashier_account(account_id: int) -> Counter:
    """Return the counter of a cashier who has signed in. Refuses TillUnknown."""
    row = db.session.execute(select(Cashier.id, Cashier.store_id).where(Cashier.account_id == account_id)).one_or_none()
    if row is None:
        raise TillUnknown
    return Counter(row.store_id, cashier_id=row.id)


def stores_of_campaign(campaign_id: int, page: int = 1) -> Page[Store]:
    """Return a page of the stores where a campaign's vouchers may be used, by county and name."""
    statement = (
        select(Store)
        .join(Merchant, Merchant.id == Store.merchant_id)
        .join(Enrollment, Enrollment.merchant_id == Merchant.id)
        .where(Enrollment.campaign_id == campaign_id, Merchant.status == "active")
        .order_by(Store.county, Store.name, Store.id)
    )
    return page_of(statement, page, size=SHOPS_PER_PAGE)


def enrolled_campaigns(merchant_id: int) -> list[Campaign]:
    """Return the campaigns a merchant takes part in, newest first."""
    return list(
        db.session.scalars(
            select(Campaign)
            .join(Enrollment, Enrollment.campaign_id == Campaign.id)
            .where(Enrollment.merchant_id == merchant_id)
            .order_by(Campaign.starts_at.desc())
        )
    )


def _require_store(store_id: int) -> None:
    if db.session.get(Store, store_id) is None:
        raise StoreUnknown


def _name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 80:
        raise NameMissing
    return name


def _county(county: str) -> str:
    # A store of another city may be registered (a chain's branch); terms decide what it may redeem.
    if not re.fullmatch(r"[1-9][0-9]{5}", county) or (counties(county[:4]) and county not in counties(county[:4])):
        raise CountyUnknown(given=county[:20])
    return county


def store_names_for(campaign_ids: Sequence[int], *, most: int = 500) -> list[str]:
    """Return the names of stores that take part in any of these campaigns, for a list to choose from."""
    taking_part = select(Enrollment.merchant_id).where(Enrollment.campaign_id.in_(campaign_ids))
    names = select(Store.name).where(Store.merchant_id.in_(taking_part)).distinct().order_by(Store.name)
    return list(db.session.scalars(names.limit(most)))


def find_store(name: str, campaign_ids: Sequence[int]) -> Store:
    """Return the store of that name, one that takes part in these campaigns before others. Refuses ShopUnknown."""
    taking_part = select(Enrollment.merchant_id).where(Enrollment.campaign_id.in_(campaign_ids))
    statement = select(Store).where(Store.name == name).order_by(Store.merchant_id.in_(taking_part).desc(), Store.id)
    found = db.session.scalar(statement.limit(1))
    if found is None:
        raise ShopUnknown(given=name)
    return found

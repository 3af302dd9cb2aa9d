"""The world of the operations' tests: a campaign, shops, and short ways to do what people do.

Everything is made by the operations that doors and jobs call, each in a transaction of its own. A campaign is
written as a dict (``spring()``), so that a test changes just what it is about.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select, text
from stdnum.cn import uscc

from campaigns import drafting, rounds
from campaigns.models import CampaignRound, FundSource, Offer, Release
from foundation.clock import SHANGHAI
from foundation.db import Base, db, transaction
from ledger import accounts
from ledger.posting import balance_fen
from merchants import redemptions, register
from merchants.receipts import Receipt
from merchants.register import Counter
from tests import people
from voucher import claims, codes

T = TypeVar("T")

DRAFTER, PUBLISHER = "officer:1", "officer:2"
JOB = "job:test"
PHONE, OTHER_PHONE = b"p" * 32, b"q" * 32

JIANGCHENG, YANGDONG, ELSEWHERE = "441702", "441704", "440803"


def at(moment: str) -> datetime:
    """Return a moment on Shanghai's clock: ``at("2023-05-08 10:00")``."""
    return datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI)


#: The spring campaign runs over these; its one round opens when tests with the clock fixture begin.
STARTS, OPENS = at("2023-05-08 00:00"), at("2023-05-08 10:00")
CLOSES, ENDS = at("2023-05-10 22:00"), at("2023-07-01 00:00")


def done(work: Callable[[], T]) -> T:
    """Do ``work`` in a transaction of its own and return what it returned."""
    with transaction():
        return work()


# --- the campaign -------------------------------------------------------------------------------------------


def offer(code: str = "meal", **changed: Any) -> dict[str, Any]:
    """Return an offer of a campaign document: 50 off 200, four fifths from Jiangcheng, for seven days."""
    return {
        "code": code,
        "name": "餐饮券",
        "benefit": {"face_value_yuan": 50, "threshold_yuan": 200},
        "funding": {"shares": {"city": "20%", "jiangcheng": "80%"}},
        "scope": {"counties": [JIANGCHENG], "industries": ["catering"]},
        "validity": {"kind": "natural_days", "days": 7},
        **changed,
    }


def a_round(code: str = "r1", **changed: Any) -> dict[str, Any]:
    """Return a round of a campaign document: ten meals, one each."""
    return {
        "code": code,
        "name": "第一轮",
        "opens_at": OPENS,
        "closes_at": CLOSES,
        "limits": [{"count": 1, "within": "round"}],
        "releases": [{"offer": "meal", "stock": 10}],
        **changed,
    }


def spring(**changed: Any) -> dict[str, Any]:
    """Return the document of a small campaign; ``changed`` replaces whole parts of it."""
    return {
        "campaign": {
            "code": "spring",
            "name": "春季消费券",
            "kind": "consumer_voucher",
            "city": "4417",
            "starts_at": STARTS,
            "ends_at": ENDS,
        },
        "sources": [
            {"code": "city", "name": "市财政", "level": "city", "budget_yuan": 100_000},
            {
                "code": "jiangcheng",
                "name": "江城区财政",
                "level": "county",
                "county": JIANGCHENG,
                "budget_yuan": 100_000,
            },
        ],
        "offers": [offer()],
        "rounds": [a_round()],
        **changed,
    }


def subsidy(kind: str) -> dict[str, Any]:
    """Return the spring document as a campaign of another kind, with a benefit that fits it."""
    benefits: dict[str, dict[str, Any]] = {
        "car_subsidy": {
            "kind": "price_tiers",
            "price": "tax_inclusive",
            "tiers": [{"prices": "[0, 10万)", "yuan": 2_000}, {"prices": "[10万, ∞)", "ice_yuan": 3_000}],
        },
        "appliance_trade_in": {
            "kind": "percent_by_grade",
            "rates": {"1": "20%", "2": "15%"},
            "cap_yuan": 2_000,
            "categories": {"refrigerator": 1, "air-conditioner": 3},
        },
    }
    document = spring(offers=[offer(benefit=benefits[kind], scope={})])
    if kind == "car_subsidy":
        document["rounds"] = [a_round(issuance=by_application())]
    document["campaign"]["kind"] = kind
    return document


def by_application(**changed: Any) -> dict[str, Any]:
    """Return an issuance by application: two documents, both reviews, three corrections, five days of notice."""
    return {
        "kind": "application",
        "documents": ["id_card", "vehicle_invoice"],
        "invoices_from": STARTS,
        "invoices_until": ENDS,
        **changed,
    }


def toml(document: Any) -> str:
    """Return a document as the text of a campaign file."""
    return "\n".join(f"{_key(key)} = {_toml(value)}" for key, value in document.items()) + "\n"


def _key(key: Any) -> str:
    return json.dumps(str(key), ensure_ascii=False)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


@dataclass(frozen=True)
class Published:
    """A published campaign: the ids of what it is made of."""

    id: int
    version_id: int
    offers: dict[str, int]
    sources: dict[str, int]
    #: (round, offer) → release
    releases: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def release(self) -> int:
        """The first release."""
        return next(iter(self.releases.values()))

    def pool_fen(self, source: str) -> int:
        """Return what is in the pool of a source."""
        return balance_fen(accounts.budget(self.id, self.sources[source]))

    def outstanding_fen(self, source: str, offer_code: str = "meal") -> int:
        """Return what a source has in vouchers that citizens hold."""
        key = accounts.outstanding(self.id, self.sources[source], offer_id=self.offers[offer_code])
        return balance_fen(key)

    def payable_fen(self, source: str, merchant_id: int) -> int:
        """Return what a source owes to a merchant."""
        return balance_fen(accounts.payable(self.id, self.sources[source], merchant_id=merchant_id))


def published(document: dict[str, Any] | None = None) -> Published:
    """Draft and publish a campaign."""
    version_id = done(lambda: drafting.import_draft(toml(document or spring()), by=DRAFTER).id)
    campaign_id = done(lambda: drafting.publish(version_id, by=PUBLISHER).id)
    db.session.rollback()
    rows = db.session.execute(
        select(CampaignRound.code, Offer.code, Release.id)
        .join(CampaignRound, CampaignRound.id == Release.round_id)
        .join(Offer, Offer.id == Release.offer_id)
        .where(CampaignRound.campaign_id == campaign_id)
        .order_by(Release.id)
    )
    offers = db.session.execute(select(Offer.code, Offer.id).where(Offer.campaign_id == campaign_id))
    return Published(
        campaign_id,
        version_id,
        offers=dict(offers.all()),
        sources=dict(db.session.execute(select(FundSource.code, FundSource.id)).all()),
        releases={(round_code, offer_code): release_id for round_code, offer_code, release_id in rows},
    )


def opened(document: dict[str, Any] | None = None) -> Published:
    """Publish a campaign and put on release what is due now."""
    campaign = published(document)
    done(lambda: rounds.release_due_rounds(actor=JOB))
    return campaign


def release_row(release_id: int) -> Release:
    """Return the release as the database has it now."""
    db.session.expire_all()
    return db.session.get_one(Release, release_id)


# --- shops --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shop:
    """A store with one till and one cashier."""

    merchant_id: int
    store_id: int
    till_id: int
    cashier_id: int

    @property
    def till(self) -> Counter:
        return Counter(self.store_id, till_id=self.till_id)

    @property
    def desk(self) -> Counter:
        return Counter(self.store_id, cashier_id=self.cashier_id)


def a_uscc(number: int) -> str:
    """Return a valid unified social credit code for a shop that does not exist."""
    body = f"91441702{number:09d}"
    return body + str(uscc.calc_check_digit(body))


def shop(
    campaign: Published | None = None,
    *,
    number: int = 1,
    county: str = JIANGCHENG,
    industry: str = "catering",
    name: str = "漠阳味道",
) -> Shop:
    """Register a merchant with one store, take it into the campaign, and give it a till and a cashier."""
    with transaction():
        merchant = register.register_merchant(
            name=name,
            uscc=a_uscc(number),
            county=JIANGCHENG,
            industry=industry,
            bank_name="农业银行",
            bank_account=f"62220000{number:06d}",
            by=DRAFTER,
        )
        store = register.add_store(merchant.id, name=f"{name}总店", county=county)
        till, _key = register.add_till(store.id, name="1号台", by=DRAFTER)
        cashier = register.add_cashier(
            store.id, login=f"cashier-{number}", password="harbour-lights-42", name="收银员", by=DRAFTER
        )
        if campaign is not None:
            register.enroll(campaign.id, [merchant.id], by=DRAFTER)
        return Shop(merchant.id, store.id, till.id, cashier.id)


# --- what people do -----------------------------------------------------------------------------------------


def citizens(count: int) -> list[UUID]:
    return people.citizens(count)


def claim(citizen_id: UUID, release_id: int) -> UUID:
    """Claim, and return the entitlement. Raises what the claim refuses."""
    return done(lambda: claims.claim(citizen_id, release_id)).entitlement_id


def show(entitlement_id: UUID, citizen_id: UUID, device: bytes = PHONE) -> str:
    """Open a voucher and return the digits on the screen."""
    return done(lambda: codes.open_voucher(entitlement_id, citizen_id, device)).digits


def claim_and_show(citizen_id: UUID, release_id: int) -> tuple[UUID, str]:
    """Claim, and return the entitlement and the digits on the screen."""
    entitlement_id = claim(citizen_id, release_id)
    return entitlement_id, show(entitlement_id, citizen_id)


def redeem(counter: Counter, digits: str, bill_fen: Any = 20_000) -> Receipt:
    return done(lambda: redemptions.redeem(counter, digits, bill_fen))


def void(receipt: Receipt, counter: Counter, reason: str = "顾客退货") -> Receipt:
    return done(lambda: redemptions.void(receipt.redemption_id, counter, reason))


# --- looking at everything ----------------------------------------------------------------------------------


def everything(*, but: Sequence[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, to compare before and after; ``but`` leaves tables out."""
    db.session.rollback()
    tables = [table for table in Base.metadata.tables if table not in but]
    # One question first, since most tables are empty in most tests.
    some = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables)
    filled = set(db.session.scalars(text(some)))
    return {table: _rows(table) if table in filled else [] for table in tables}


def _rows(table: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in db.session.execute(text(f"SELECT * FROM {table}"))), key=repr)

"""What a bench needs to be there: a campaign with many offers, citizens who are signed in, tills with codes to scan.

The campaign is published and released by the product's operations. Crowds are inserted in bulk, as imports would.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask, current_app
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Uuid, bindparam, select, text
from stdnum.cn import uscc

from campaigns import drafting, rounds
from campaigns.models import CampaignRound, Offer, Release
from foundation import clock
from foundation.crypto import token_hash
from foundation.db import db, is_postgresql, transaction
from foundation.prepared import insert_rows
from identity.citizens import register_citizens
from identity.models import LoginSession
from merchants import register
from merchants.models import Till
from voucher import claims, codes
from voucher.claims import ClaimRequest, Granted
from voucher.models import Entitlement, VoucherCode

DRAFTER, PUBLISHER = "officer:1", "officer:2"
COUNTY = "441702"
FIRST_PHONE = 13_100_000_000
BATCH = 1_000
#: How many rows are copied in one transaction.
COPIES = 200_000


def campaign(
    code: str, offers: int, *, stock: int = 1_000_000, opens_in: timedelta = timedelta(), **round_: Any
) -> list[int]:
    """Publish a campaign with one round and put it on release; return the release of each offer.

    opens_in: from now. round_: further lines of the round, as TOML texts.
    """
    now = clock.now().replace(microsecond=0)
    opens, closes, ends = now + opens_in - timedelta(minutes=1), now + timedelta(days=5), now + timedelta(days=40)
    budget = offers * stock * 5
    lines = [
        f'[campaign]\ncode = "{code}"\nname = "{code}"\nkind = "consumer_voucher"\ncity = "4417"',
        f"starts_at = {(now - timedelta(days=1)).isoformat()}\nends_at = {ends.isoformat()}",
    ]
    for source, level in (("city", 'level = "city"'), ("jiangcheng", f'level = "county"\ncounty = "{COUNTY}"')):
        lines.append(f'[[sources]]\ncode = "{source}"\nname = "{source}"\n{level}\nbudget_yuan = {budget}')
    lines += [
        f'[[offers]]\ncode = "o{number}"\nname = "券{number}"\n'
        "benefit = {face_value_yuan = 5, threshold_yuan = 20}\n"
        'funding = {shares = {city = "20%", jiangcheng = "80%"}}\n'
        f'scope = {{counties = ["{COUNTY}"], industries = ["catering"]}}\n'
        'validity = {kind = "natural_days", days = 7}'
        for number in range(offers)
    ]
    releases = ", ".join(f'{{offer = "o{number}", stock = {stock}}}' for number in range(offers))
    more = "\n".join(f"{key} = {value}" for key, value in round_.items())
    lines.append(
        f'[[rounds]]\ncode = "r1"\nname = "第一轮"\nopens_at = {opens.isoformat()}\ncloses_at = {closes.isoformat()}\n'
        f'limits = [{{count = 1, within = "offer"}}]\nreleases = [{releases}]\n{more}'
    )
    with transaction():
        version = drafting.import_draft("\n".join(lines), by=DRAFTER).id
    with transaction():
        campaign_id = drafting.publish(version, by=PUBLISHER).id
    with transaction():
        rounds.release_due_rounds(actor="job:bench")
    statement = select(Release.id).join(CampaignRound).join(Offer, Offer.id == Release.offer_id)
    found = list(db.session.scalars(statement.where(CampaignRound.campaign_id == campaign_id).order_by(Release.id)))
    db.session.rollback()
    return found


def citizens(count: int, *, first: int = 0) -> list[UUID]:
    """Register citizens by made-up phones."""
    ids: list[UUID] = []
    for start in range(0, count, BATCH * 5):
        phones = [str(FIRST_PHONE + first + number) for number in range(start, min(count, start + BATCH * 5))]
        with transaction():
            ids += register_citizens(phones, [""] * len(phones))
    return ids


@dataclass(frozen=True)
class Browser:
    """A citizen's browser: the headers of its requests, signed in, with the token of our forms."""

    citizen_id: UUID
    headers: bytes


def browsers(app: Flask, people: Sequence[UUID]) -> list[Browser]:
    """Sign everybody in, each on a device and at an address of its own."""
    tokens = [secrets.token_urlsafe(32) for _ in people]
    now = clock.now()
    rows = [
        {
            "token_hash": token_hash(token),
            "audience": "citizen",
            "citizen_id": citizen_id,
            "device_hash": citizen_id.bytes * 2,
            "created_at": now,
            "expires_at": now + timedelta(days=1),
        }
        for token, citizen_id in zip(tokens, people, strict=True)
    ]
    for start in range(0, len(rows), BATCH):
        with transaction():
            insert_rows(LoginSession, rows[start : start + BATCH])
    signer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    csrf = secrets.token_hex(20)
    form_token = str(URLSafeTimedSerializer(app.secret_key or "", salt="wtf-csrf-token").dumps(csrf))
    name = app.config["SESSION_COOKIE_NAME"]
    made = []
    for number, (token, citizen_id) in enumerate(zip(tokens, people, strict=True)):
        cookie = signer.dumps({"_permanent": True, "citizen": token, "csrf_token": csrf})
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        headers = (
            f"Host: localhost\r\nCookie: {name}={cookie}\r\nX-CSRF-Token: {form_token}\r\n"
            f"X-Forwarded-For: {address}\r\nHX-Request: true\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        )
        made.append(Browser(citizen_id, headers.encode()))
    return made


def post(path: str, headers: bytes, body: bytes) -> bytes:
    """Return an HTTP request as it is sent."""
    return b"POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s" % (path.encode(), headers, len(body), body)


def form(path: str, browser: Browser, release_id: int) -> bytes:
    return post(path, browser.headers, b"release_id=%d" % release_id)


def claimed(people: Sequence[UUID], release_id: int) -> list[UUID]:
    """Let everybody claim; return the entitlements."""
    found = []
    for start in range(0, len(people), BATCH):
        requests = [ClaimRequest(citizen_id, release_id) for citizen_id in people[start : start + BATCH]]
        with transaction():
            outcomes = claims.claim_batch(requests)
        found += [outcome.entitlement_id for outcome in outcomes if isinstance(outcome, Granted)]
    return found


def copied(entitlement_id: UUID, first: int, until: int) -> None:
    """Copy an entitlement until there are ``until - first`` more, shared out among all citizens. No operation made
    them, so the books do not know them: they are there to be in the way."""
    table = Entitlement.__table__
    alike = [column.name for column in table.columns if column.name not in ("id", "citizen_id")]
    made = "CAST(LPAD(TO_HEX(n), 32, '0') AS UUID)" if is_postgresql() else "PRINTF('%032x', n)"
    statement = text(
        "WITH RECURSIVE number(n) AS (SELECT CAST(:first AS BIGINT)"  # noqa: S608 - names of our own columns
        " UNION ALL SELECT n + 1 FROM number WHERE n < CAST(:last AS BIGINT)), holder AS ("
        " SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 AS place, COUNT(*) OVER () AS many FROM citizen)"
        f" INSERT INTO entitlement (id, citizen_id, {', '.join(alike)})"
        f" SELECT {made}, holder.id, {', '.join(f'e.{name}' for name in alike)} FROM number"
        " JOIN holder ON holder.place = n % (SELECT MAX(many) FROM holder)"
        " JOIN entitlement e ON e.id = :like"
    ).bindparams(bindparam("like", entitlement_id, type_=Uuid()))
    for start in range(first, until, COPIES):
        with transaction():
            db.session.execute(statement, {"first": start, "last": min(start + COPIES, until) - 1})


@dataclass(frozen=True)
class TillKey:
    """A till that may redeem, with its key for the API."""

    id: int
    key: str


def tills(campaign_id: int, count: int) -> list[TillKey]:
    """Register one merchant with tills and take it into the campaign."""
    body = "91441702000000001"
    made = []
    with transaction():
        merchant = register.register_merchant(
            name="漠阳味道",
            uscc=body + str(uscc.calc_check_digit(body)),
            county=COUNTY,
            industry="catering",
            bank_name="农业银行",
            bank_account="62220000000001",
            by=DRAFTER,
        )
        store = register.add_store(merchant.id, name="总店", county=COUNTY)
        register.enroll(campaign_id, [merchant.id], by=DRAFTER)
        for number in range(count):
            till, key = register.add_till(store.id, name=f"{number}号台", by=DRAFTER)
            assert isinstance(till, Till)
            made.append(TillKey(till.id, key))
    return made


def shown(entitlements: Sequence[UUID], *, lives: timedelta = timedelta(hours=1)) -> list[str]:
    """Return a code for each entitlement that is good for an hour; a citizen's own lives a minute."""
    now: datetime = clock.now()
    digits = [codes.new_digits() for _ in entitlements]
    rows = [
        {
            "code_hash": codes.code_hash(code),
            "entitlement_id": entitlement_id,
            "device_hash": b"d" * 32,
            "shown_at": now,
            "expires_at": now + lives,
        }
        for code, entitlement_id in zip(digits, entitlements, strict=True)
    ]
    for start in range(0, len(rows), BATCH):
        with transaction():
            insert_rows(VoucherCode, rows[start : start + BATCH])
    return digits


def campaign_of(release_id: int) -> int:
    statement = select(CampaignRound.campaign_id).join(Release).where(Release.id == release_id)
    found = db.session.scalars(statement).one()
    db.session.rollback()
    return int(found)


def application() -> Flask:
    """Return the application whose context is pushed."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    assert isinstance(app, Flask)
    return app

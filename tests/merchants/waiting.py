"""A campaign whose holders scan tills, and short ways to do what they and the tills do."""

from typing import Any
from uuid import UUID

from foundation.errors import Refusal
from foundation.idempotency import Answer
from merchants import paying, payment_requests
from merchants.payment_requests import ShownToken
from merchants.register import Counter
from tests import world
from tests.world import PHONE, done
from voucher.location import Location


def scanning(mode: str = "scanned", **use: Any) -> dict[str, Any]:
    """Return the spring campaign with vouchers that are used by scanning the till."""
    document = world.spring(offers=[world.offer(use={"scan_mode": mode, **use})])
    document["rounds"][0]["limits"] = [{"count": 10, "within": "round"}]
    document["rounds"][0]["releases"][0]["stock"] = 100
    return document


def ask(counter: Counter, bill_fen: Any = 20_000, **more: Any) -> ShownToken:
    return done(lambda: payment_requests.ask(counter, bill_fen, **more))


def scan(shown: ShownToken, device: bytes = PHONE) -> UUID:
    """Scan the till, and return the request."""
    return done(lambda: payment_requests.open_request(shown.token, device)).id


def tell(outcome: Any) -> Answer:
    """Keep what came of a press."""
    if isinstance(outcome, Refusal):
        return Answer(409, {"ok": False, "code": outcome.code})
    return Answer(201, {"ok": True, "discount_fen": outcome.discount_fen, "pays_fen": outcome.customer_pays_fen})


def press(
    shown: ShownToken, citizen_id: UUID, *vouchers: UUID, device: bytes = PHONE, location: Location | None = None
) -> dict[str, Any]:
    """Scan a till and use vouchers; return what was told."""
    request = done(lambda: payment_requests.open_request(shown.token, device))
    return paying.pay(request, citizen_id, vouchers, device_hash=device, location=location, tell=tell).body


def used(shown: ShownToken, citizen_id: UUID, *vouchers: UUID) -> str:
    """Return "ok", or the code of the refusal."""
    told = press(shown, citizen_id, *vouchers)
    return "ok" if told["ok"] else told["code"]

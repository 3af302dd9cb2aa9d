"""Jobs of the voucher room."""

from foundation.db import transaction
from voucher import codes, expiry


def expire_vouchers() -> str:
    """Expire what has run out, batch by batch: each batch is a transaction of its own."""
    total = 0
    while True:
        with transaction():
            expired = expiry.expire_due(actor="job:expire_vouchers")
        total += expired
        if expired < expiry.BATCH:
            return f"expired {total} vouchers"


def forget_codes() -> str:
    """Delete codes nobody can ask about any more."""
    with transaction():
        return f"forgot {codes.forget_old_codes()} codes"

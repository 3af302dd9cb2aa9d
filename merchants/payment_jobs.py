"""Jobs of payment requests."""

from foundation.db import transaction
from merchants import payment_requests


def forget_payment_requests() -> str:
    """Delete what came to nothing, and tokens that nobody can ask about any more."""
    with transaction():
        return f"forgot {payment_requests.forget_old_requests()} payment requests"

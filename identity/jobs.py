"""What the scheduler does for this room."""

from datetime import timedelta

from sqlalchemy import delete

from foundation import clock
from foundation.db import rows_changed, transaction
from identity.citizens import forget_old_codes
from identity.models import OutboxMessage
from identity.sessions import forget_old_sessions

OUTBOX_KEPT_FOR = timedelta(days=7)


def forget_expired() -> str:
    """Delete ended sign-in codes, old sessions and old outgoing messages."""
    now = clock.now()
    with transaction():
        codes = forget_old_codes(now)
        sessions = forget_old_sessions(now)
        old = delete(OutboxMessage).where(OutboxMessage.created_at < now - OUTBOX_KEPT_FOR)
        messages = rows_changed(old)
    return f"{codes} codes, {sessions} sessions, {messages} messages forgotten"

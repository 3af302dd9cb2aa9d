"""Firms as those whom limits count: one per unified social credit code, wherever it turns up."""

from collections.abc import Collection
from uuid import UUID

from foundation.crypto import keyed_hash
from foundation.db import db, upsert
from identity.models import Firm


def firms_of(usccs: Collection[str]) -> dict[str, UUID]:
    """Return unified social credit code (in its canonical spelling) → firm."""
    ids = {uscc: UUID(bytes=keyed_hash("firm.uscc", uscc)[:16]) for uscc in usccs}
    if ids:
        rows = [{"id": firm} for firm in sorted(ids.values())]
        db.session.execute(upsert(Firm).on_conflict_do_nothing(), rows)
    return ids

"""Units: what is claimed as one, a pack with all its offers or a single voucher, and what it sets aside."""

from collections.abc import Sequence

from campaigns.catalog import offer_facts
from campaigns.models import Release


def claimed_together(releases: Sequence[Release]) -> list[list[Release]]:
    """Split a round's releases into what is claimed as one: the parts of each pack, and each release beside."""
    units: dict[str, list[Release]] = {}
    for release in releases:
        units.setdefault(release.pack or f"release {release.id}", []).append(release)
    return list(units.values())


def unit_fen(together: Sequence[Release]) -> int:
    """Return what one voucher or pack sets aside, over all sources."""
    return sum(release.per_pack * sum(offer_facts(release.offer_id).split.values()) for release in together)

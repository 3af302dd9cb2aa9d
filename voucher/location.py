"""Where somebody is, as far as a geofence asks: looked at once, and kept as "inside" only.

A position comes from the browser, so it can be forged by who knows how; it keeps honest people within the area, as the
notices mean it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.catalog import ReleaseFacts, offer_facts
from campaigns.terms.geofence import Geofence
from foundation.errors import Refusal
from voucher.errors import LocationMissing, OutsideGeofence


@dataclass(frozen=True)
class Location:
    """A position in degrees; never written anywhere."""

    longitude: float
    latitude: float


def read_location(form: Mapping[str, str]) -> Location | None:
    """Return the position that a page has sent, None where it sent none or nonsense."""
    try:
        longitude, latitude = float(form.get("longitude", "")), float(form.get("latitude", ""))
    except ValueError:
        return None
    if not (math.isfinite(longitude) and math.isfinite(latitude) and abs(longitude) <= 180 and abs(latitude) <= 90):
        return None
    return Location(longitude, latitude)


def fences_of(facts: ReleaseFacts, moment: str) -> list[Geofence]:
    """Return the geofences of everything that a release gives which are looked at then ("claim" or "use")."""
    found = (part.offer.terms.scope.geofence for part in facts.parts)
    return [fence for fence in found if fence is not None and fence.at(moment)]


def fence_at_use(offer_id: int) -> Geofence | None:
    """Return the geofence in which an offer's code is shown, if any."""
    fence = offer_facts(offer_id).terms.scope.geofence
    return fence if fence is not None and fence.at("use") else None


def outside(fences: Sequence[Geofence], location: Location | None) -> Refusal | None:
    """Return LocationMissing or OutsideGeofence where a position is not inside every fence."""
    if not fences:
        return None
    if location is None:
        return LocationMissing()
    if not all(fence.contains(location.longitude, location.latitude) for fence in fences):
        return OutsideGeofence()
    return None

"""Geofences: where a person has to be to claim or to use, as a circle or a polygon on the map.

Asked of a phone's position, which is looked at and forgotten: of the answer only "inside" is kept.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from campaigns.terms.file_fields import Table, choice
from foundation.errors import N_
from foundation.words import Words

CHECKED = {"claim": N_("领取时"), "use": N_("使用时"), "both": N_("领取和使用时")}
EARTH_KM = 6371.0
#: Degrees of longitude and latitude in which China lies; anything else is a slip, such as the two exchanged.
LONGITUDES, LATITUDES = (73, 136), (3, 54)

#: (longitude, latitude) in degrees
Point = tuple[float, float]


@dataclass(frozen=True)
class Geofence:
    """A circle of ``km`` around ``center``, or the polygon; checked: a key of CHECKED."""

    center: Point | None = None
    km: float = 0.0
    polygon: Sequence[Point] = ()
    checked: str = "claim"

    def at(self, moment: str) -> bool:
        """Return whether it is looked at then: "claim" or "use"."""
        return self.checked in (moment, "both")

    def contains(self, longitude: float, latitude: float) -> bool:
        """Return whether a position is inside."""
        if self.center is not None:
            return _distance_km(self.center, (longitude, latitude)) <= self.km
        return _within(self.polygon, longitude, latitude)

    def describe(self) -> Words:
        return Words(N_("%(when)s须在活动区域内（看手机定位，只记是否在内）"), when=Words(CHECKED[self.checked]))


def _distance_km(one: Point, other: Point) -> float:
    """Return the distance on the ground (haversine)."""
    (lng_1, lat_1), (lng_2, lat_2) = ((math.radians(x), math.radians(y)) for x, y in (one, other))
    half = math.sin((lat_2 - lat_1) / 2) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin((lng_2 - lng_1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(half))


def _within(polygon: Sequence[Point], x: float, y: float) -> bool:
    """Return whether a point is inside: a ray to the east crosses the border an odd number of times."""
    inside = False
    for (x_1, y_1), (x_2, y_2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y_1 > y) != (y_2 > y) and x < (x_2 - x_1) * (y - y_1) / (y_2 - y_1) + x_1:
            inside = not inside
    return inside


class _PointField(fields.Field[Point]):
    """[longitude, latitude] in degrees, within China."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Point:
        numbers = isinstance(value, list) and len(value) == 2
        if not numbers or any(isinstance(part, bool) or not isinstance(part, int | Decimal) for part in value):
            raise ValidationError("应当是 [经度, 纬度]，例如 [111.96, 21.86]")
        longitude, latitude = map(float, value)
        if not (LONGITUDES[0] <= longitude <= LONGITUDES[1] and LATITUDES[0] <= latitude <= LATITUDES[1]):
            raise ValidationError("不在中国境内；先写经度，再写纬度")
        return longitude, latitude


class _Km(fields.Field[float]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 < value <= 1000:
            raise ValidationError("应当是大于 0、不超过 1000 的公里数")
        return float(value)


class GeofenceSchema(Table):
    center = _PointField(load_default=None)
    km = _Km(load_default=None)
    polygon = fields.List(_PointField(), load_default=list)
    checked = choice(CHECKED, load_default="claim")

    @validates_schema
    def _one_shape(self, data: Mapping[str, Any], **_options: Any) -> None:
        circle = (data["center"] is not None, data["km"] is not None)
        if any(circle) and not all(circle):
            raise ValidationError("center 和 km 要一起写", "km")
        if all(circle) == bool(data["polygon"]):
            raise ValidationError("center 加 km，或者 polygon，要写一种，也只能写一种", "center")
        if data["polygon"] and len(data["polygon"]) < 3:
            raise ValidationError("至少要有三个点", "polygon")

    @post_load
    def _build(self, data: dict[str, Any], **_options: Any) -> Geofence:
        return Geofence(data["center"], data["km"] or 0.0, tuple(data["polygon"]), data["checked"])

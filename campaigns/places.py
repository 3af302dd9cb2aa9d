"""The places and industries of the city as names, read from ``places.toml``."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from foundation.errors import N_
from foundation.words import Words


@cache
def _places() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("places.toml").read_text("utf-8"))


def city_name(city_code: str) -> str:
    """Return the name of a city by the first four digits of its code; the code itself if it is unknown."""
    return str(_places()["cities"].get(city_code, {}).get("name", city_code))


def cities() -> Mapping[str, str]:
    """Return four-digit code → name of the cities that are known."""
    return {code: str(city["name"]) for code, city in _places()["cities"].items()}


def counties(city_code: str) -> Mapping[str, str]:
    """Return six-digit code → name of the counties of a city, in the order of the file."""
    return dict(_places()["cities"].get(city_code, {}).get("counties", {}))


def county_name(code: str) -> str:
    """Return the name of a county; the msgid 全市 for "", and the code itself for a county of another city."""
    if not code:
        return N_("全市")
    return str(counties(code[:4]).get(code, code))


def industries() -> Mapping[str, str]:
    """Return code → name of the industries that offers and merchants are sorted by."""
    return dict(_places()["industries"])


def industry_name(code: str) -> str:
    """Return the name of an industry; the msgid 不限行业 for ""."""
    return str(_places()["industries"].get(code, code)) if code else N_("不限行业")


def where(county_codes: Sequence[str], industry_codes: Sequence[str], *, above_quota: bool = False) -> Words:
    """Return in words where something may be used; none of a kind means all of it. above_quota: at 限上 merchants."""
    if above_quota:
        return Words(N_("%(places)s · 限上企业"), places=where(county_codes, industry_codes))
    values = {
        "counties": "、".join(map(county_name, county_codes)),
        "industries": "、".join(map(industry_name, industry_codes)),
    }
    if county_codes and industry_codes:
        return Words(N_("%(counties)s · %(industries)s"), **values)
    if county_codes:
        return Words(N_("%(counties)s · 不限行业"), **values)
    return Words(N_("全市 · %(industries)s"), **values) if industry_codes else Words(N_("全市 · 不限行业"))

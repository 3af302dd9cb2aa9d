"""The places and industries of the city as names, read from ``places.toml``."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


@cache
def _places() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("places.toml").read_text("utf-8"))


def city_name(city_code: str) -> str:
    """Return the name of a city by the first four digits of its code; the code itself if it is unknown."""
    return str(_places()["cities"].get(city_code, {}).get("name", city_code))


def counties(city_code: str) -> Mapping[str, str]:
    """Return six-digit code → name of the counties of a city, in the order of the file."""
    return dict(_places()["cities"].get(city_code, {}).get("counties", {}))


def county_name(code: str) -> str:
    """Return the name of a county; 全市 for "", and the code itself for a county of another city."""
    if not code:
        return "全市"
    return str(counties(code[:4]).get(code, code))


def industries() -> Mapping[str, str]:
    """Return code → name of the industries that offers and merchants are sorted by."""
    return dict(_places()["industries"])


def industry_name(code: str) -> str:
    """Return the name of an industry; 不限行业 for ""."""
    return str(_places()["industries"].get(code, code)) if code else "不限行业"

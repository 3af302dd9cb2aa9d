"""Categories and efficiency grades of goods as names, read from ``goods.toml``."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

#: What an energy or water label may say; "none" is an article that carries no label.
GRADES = {"1": "1 级", "2": "2 级", "3": "3 级", "4": "4 级", "5": "5 级", "none": "无能效标识"}


@cache
def categories() -> Mapping[str, str]:
    """Return code → name of the categories that subsidies name, in the order of the file."""
    return dict(tomllib.loads(Path(__file__).with_name("goods.toml").read_text("utf-8"))["categories"])


def category_name(code: str) -> str:
    """Return the name of a category, and the code itself for one that is not known."""
    return categories().get(code, code)

"""What is written as TOML is read back as the same, and looks as people write it."""

import tomllib
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.form.toml_text import comments, write

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
OFFSETS = st.sampled_from([UTC, timezone(timedelta(hours=8))])
VALUES = (
    TEXTS
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.decimals(allow_nan=False, allow_infinity=False, places=2)
    | st.dates()
    | st.times()
    | st.datetimes(min_value=datetime(1900, 1, 1), timezones=OFFSETS)  # noqa: DTZ001
)


def read(text: str) -> Any:
    return tomllib.loads(text, parse_float=Decimal)


def nested(inner: Any) -> Any:
    return st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)


@given(st.dictionaries(TEXTS, st.recursive(VALUES, nested, max_leaves=8), max_size=5))
def test_what_is_written_is_read_back_the_same(document: dict[str, Any]) -> None:
    assert read(write(document)) == document


def test_tables_stand_as_sections_and_what_is_in_them_on_one_line_each() -> None:
    document = {
        "title": "春",
        "campaign": {"code": "spring", "starts_at": datetime(2027, 3, 1, tzinfo=UTC), "notice": "一\n二\n"},
        "offers": [{"code": "meal", "benefit": {"kind": "spend_discount", "face_value_yuan": Decimal("49.90")}}],
        "days": [date(2027, 3, 1)],
        "rounds": [{"releases": [{"offer": "meal", "stock": 1}, {"offer": "any", "stock": 2}], "at": time(10, 30)}],
    }
    assert write(document) == (
        'title = "春"\n'
        "days = [2027-03-01]\n"
        "\n[campaign]\n"
        'code = "spring"\n'
        "starts_at = 2027-03-01T00:00:00+00:00\n"
        'notice = """\n一\n二\n"""\n'
        "\n[[offers]]\n"
        'code = "meal"\n'
        'benefit = { kind = "spend_discount", face_value_yuan = 49.90 }\n'
        "\n[[rounds]]\n"
        "releases = [\n"
        '    { offer = "meal", stock = 1 },\n'
        '    { offer = "any", stock = 2 },\n'
        "]\n"
        "at = 10:30:00\n"
    )


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("# one\na = 1 # two\n", 2),
        ("a = \"# no\"\nb = '# no'\n", 0),
        ('a = "\\"# no" # yes\n', 1),
        ("a = \"\"\"\n# no\n\"\"\"\nb = '''\n# no\n''' # yes\n", 1),
        ('a = """say "hi"\n# no""" # yes\n', 1),
    ],
)
def test_comments_are_counted_and_what_only_looks_like_one_is_not(text: str, count: int) -> None:
    read(text)
    assert comments(text) == count

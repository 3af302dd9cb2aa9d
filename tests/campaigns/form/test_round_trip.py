"""A file that goes through the form unchanged means the same: also as a browser sends it back."""

import tomllib
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError, fields

from campaigns.campaign_file import check
from campaigns.comparison import compare
from campaigns.form import toml_text
from campaigns.form import typed as texts
from campaigns.form.draft import Draft
from campaigns.form.nodes import Node
from campaigns.form.typed import Posted
from campaigns.terms.file_fields import Count, Flag, Table, Text
from tests import world
from tests.campaigns.form.documents import documents

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.toml"))


def sent_back(draft: Draft) -> dict[str, list[str]]:
    """Return what a browser sends of the inputs that are shown."""
    names: dict[str, list[str]] = {"original": [draft.original]}

    def send(node: Node) -> None:
        if node.shape in ("group", "strategy", "lines", "pairs", "rows"):
            return
        if node.shape in ("checks", "flag"):
            values = node.value if node.shape == "checks" else [node.value] * bool(node.value)
        else:
            values = [node.value.replace("\n", "\r\n")]
            if node.shape != "area":
                assert "\n" not in node.value, f"{node.place} would lose its lines"
        if values:
            names[node.place] = list(values)

    for section in draft.form().sections:
        for node in section.all():
            send(node)
    return names


def through_the_form(text: str, *, keep: bool = False) -> str:
    draft = Draft.posted(sent_back(Draft.of(text)))
    return draft.text if keep else toml_text.write(draft.document)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_means_the_same_and_keeps_its_comments_while_nothing_is_changed(path: Path) -> None:
    text = path.read_text("utf-8")
    assert check(through_the_form(text)) == check(text)
    assert through_the_form(text, keep=True) == text


@given(documents())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_definition_means_the_same_after_the_form(document: dict[str, Any]) -> None:
    text = world.toml(document)
    before, after = check(text), check(through_the_form(text))
    assert after == before, compare(before, after)


@given(documents(), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_faulty_stays_as_it_was_typed(document: dict[str, Any], data: st.DataObject) -> None:
    draft = Draft.of(world.toml(document))
    names = sent_back(draft)
    place = data.draw(st.sampled_from([name for name in names if name != "original" and not name.endswith("kind")]))
    names[place] = [
        data.draw(st.sampled_from(["", "abc", "-1", "1e999", "二〇二三", "99999999999999999999", "[", "'"]))
    ]
    again = Draft.posted(names)
    shown = {node.place: node.value for section in again.form().sections for node in section.all()}
    typed = shown[place]
    assert typed in (names[place][0], names[place], [])
    again.check()


def test_a_change_is_written_and_comments_are_then_gone() -> None:
    text = EXAMPLES[0].read_text("utf-8")
    names = sent_back(Draft.of(text))
    names["campaign.name"] = ["另一个名字"]
    draft = Draft.posted(names)
    assert not draft.is_unchanged
    assert draft.comments > 0
    assert toml_text.comments(draft.text) == 0
    assert [str(change) for change in compare(check(text), check(draft.text))] == [
        f"修改 campaign.name（名称）：{check(text).name} → 另一个名字"
    ]


def test_what_the_form_has_no_input_for_is_named() -> None:
    text = world.toml(world.spring(offers=[world.offer(colour="red", scope={"kind": "moon"})], sauces=["chilli"]))
    assert Draft.of(text).left_behind == ["sauces", "offers[1].colour", "offers[1].scope"]
    assert tomllib.loads(toml_text.write(Draft.of(text).document))["offers"][0]["scope"] == {"kind": "moon"}


class _Point(fields.Field[list[Decimal]]):
    """A kind of field that the form has never heard of."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[Decimal]:
        if not isinstance(value, list) or len(value) != 2 or not all(isinstance(one, Decimal) for one in value):
            raise ValidationError("应当是两个数字")
        return value


class _Day(fields.Field[date]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> date:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise ValidationError("应当是日期")
        return value


class _Unheard(Table):
    points = fields.List(_Point(), load_default=list)
    day = _Day(load_default=None)
    at = fields.Raw(load_default=None)
    open_ended = Flag(load_default=True)
    words = fields.List(Text(longest=9), load_default=list)
    parts = fields.List(fields.List(Count()), load_default=list)


def test_kinds_of_fields_that_nobody_has_heard_of_go_through_the_form_too() -> None:
    raw = {
        "points": [[Decimal("111.95"), Decimal("21.85")], [Decimal("112.0"), Decimal("21.9")]],
        "day": date(2027, 3, 1),
        "open_ended": False,
        "words": ["烟", "酒"],
        "parts": [[1, 2], [3]],
    }
    shown = texts.typed_table(_Unheard(), raw)
    posted = {key: ["、".join(value) if isinstance(value, list) else value] for key, value in shown.items()}
    assert texts.document_table(_Unheard(), Posted(posted).table(_Unheard())) == raw

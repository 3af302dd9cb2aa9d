"""The form is made from the schemas: every field has its Chinese name, its input, and its fault beside it."""

import pkgutil
import re
from typing import Any

import pytest
from marshmallow import Schema, fields

import campaigns.terms
from campaigns.campaign_file import Fault, document_schema
from campaigns.comparison import NAMES
from campaigns.form import typed as texts
from campaigns.form.draft import Draft
from campaigns.form.nodes import Node
from campaigns.terms.axis import StrategyField, strategies
from campaigns.terms.file_fields import Count
from tests import world
from tests.world import a_round, offer, spring

CHINESE = re.compile(r"[\u4e00-\u9fff]")
BENEFIT, FUNDING = "offers[1].benefit", "offers[1].funding"
AXES = sorted(info.name for info in pkgutil.iter_modules(campaigns.terms.__path__) if info.ispkg)


def fields_of(schema: Schema, place: str = "") -> dict[str, fields.Field[Any]]:
    """Return place → field of everything in a schema and below it."""
    found = {}
    for key, field in texts.keys_of(schema).items():
        here = f"{place}.{key}" if place else key
        found[here] = field
        row = texts.rows_of(field) or field
        if isinstance(row, StrategyField):
            for kind, strategy in texts.axis_of(row).items():
                found |= fields_of(strategy, f"{here}:{kind}")
        elif isinstance(row, fields.Nested):
            found |= fields_of(row.schema, here)
    return found


def parts(draft: Draft, faults: list[Fault] = []) -> dict[str, Node]:  # noqa: B006
    return {node.place: node for section in draft.form(faults).sections for node in section.all()}


def draft(document: dict[str, Any]) -> Draft:
    return Draft.of(world.toml(document))


@pytest.mark.parametrize(("place", "field"), fields_of(document_schema()).items())
def test_every_field_has_a_chinese_name(place: str, field: fields.Field[Any]) -> None:
    key = re.split(r"[.:]", place)[-1]
    assert CHINESE.search(field.metadata.get("label") or NAMES.get(key, "")), place


@pytest.mark.parametrize("axis", AXES)
def test_every_strategy_has_a_chinese_name(axis: str) -> None:
    assert [
        kind for kind, schema in strategies(f"campaigns.terms.{axis}").items() if not CHINESE.search(schema.label)
    ] == []


def test_every_choice_is_named_in_chinese() -> None:
    document = spring(offers=[offer(benefit=world.subsidy("appliance_trade_in")["offers"][0]["benefit"])])
    for node in parts(draft(document)).values():
        assert [name for value, name in node.options if value and not CHINESE.search(name)] == [], node.place


def test_a_strategy_brings_its_own_fields_and_another_one_others() -> None:
    shown = parts(draft(spring()))
    assert "offers[1].benefit.face_value_yuan" in shown
    car = parts(draft(world.subsidy("car_subsidy")))
    assert "offers[1].benefit.face_value_yuan" not in car
    assert car["offers[1].benefit.tiers[2].ice_yuan"].value == "3000"


def test_a_new_benefit_needs_no_code_here(monkeypatch: pytest.MonkeyPatch) -> None:
    from campaigns.terms.axis import StrategySchema

    class Raffle(StrategySchema):
        label = "抽奖"
        chances = Count(most=9, required=True, metadata={"label": "次数", "hint": "每人几次"})

    known = strategies("campaigns.terms.benefit") | {"raffle": Raffle()}
    monkeypatch.setattr(
        texts,
        "axis_of",
        lambda field: known if field.axis == "benefit" else strategies(f"campaigns.terms.{field.axis}"),
    )
    found = parts(draft(spring(offers=[offer(benefit={"kind": "raffle", "chances": 3})])))
    chances = found["offers[1].benefit.chances"]
    assert (chances.name, chances.hint, chances.takes, chances.value) == ("次数", "每人几次", "1 至 9 的整数", "3")
    assert ("raffle", "抽奖") in found["offers[1].benefit.kind"].options


@pytest.mark.parametrize(
    ("changed", "place", "message"),
    [
        (
            {"offers": [offer(benefit={"face_value_yuan": 0, "threshold_yuan": 1})]},
            f"{BENEFIT}.face_value_yuan",
            "大于 0",
        ),
        ({"offers": [offer(funding={"shares": {"city": "0%"}})]}, f"{FUNDING}.shares[1].value", "应当大于 0%"),
        ({"offers": [offer(funding={"shares": {"city": "60%"}})]}, f"{FUNDING}.shares", "合计必须是 100%"),
        ({"rounds": [a_round(releases=[{"offer": "no", "stock": 1}])]}, "rounds[1].releases[1].offer", "没有券“no”"),
        ({"rounds": [a_round(issuance={"kind": "magic"})]}, "rounds[1].issuance.kind", "没有“magic”这一种"),
        ({"rounds": [a_round(limits=[])]}, "rounds[1].limits", "至少要有一条"),
        ({"sources": []}, "sources", "至少要有一项"),
    ],
)
def test_a_fault_stands_beside_the_part_that_it_names(changed: dict[str, Any], place: str, message: str) -> None:
    found = draft(spring(**changed))
    _definition, faults = found.check()
    shown = parts(found, list(faults))
    assert any(message in fault for fault in shown[place].faults), {
        key: node.faults for key, node in shown.items() if node.faults
    }
    assert all(node is not None for _fault, node in found.form(faults).faults)


def test_a_fault_in_a_tier_stands_at_the_tier() -> None:
    document = world.subsidy("car_subsidy")
    document["offers"][0]["benefit"]["tiers"][1]["prices"] = "[11万, ∞)"
    found = draft(document)
    shown = parts(found, list(found.check()[1]))
    assert "既不重叠也不留缺口" in shown["offers[1].benefit.tiers[2]"].faults[0]


def test_a_row_with_a_fault_is_unfolded() -> None:
    offers = [offer(code=f"meal-{number}") for number in range(5)]
    folded = parts(draft(spring(offers=offers)))
    assert folded["offers[5]"].folded
    offers[4]["name"] = ""
    found = draft(spring(offers=offers))
    assert not parts(found, list(found.check()[1]))["offers[5]"].folded


@pytest.mark.parametrize(
    ("action", "codes", "touched"),
    [
        ("add:sources", ["city", "jiangcheng", ""], "sources[3]"),
        ("remove:sources[1]", ["jiangcheng"], ""),
        ("up:sources[2]", ["jiangcheng", "city"], "sources[1]"),
        ("down:sources[1]", ["jiangcheng", "city"], "sources[2]"),
        ("up:sources[1]", ["city", "jiangcheng"], ""),
        ("down:sources[2]", ["city", "jiangcheng"], ""),
        ("remove:sources[9]", ["city", "jiangcheng"], ""),
        ("again", ["city", "jiangcheng"], ""),
        ("add:nowhere", ["city", "jiangcheng"], ""),
        ("add:campaign.name", ["city", "jiangcheng"], ""),
        ("remove:sources[1].code", ["city", "jiangcheng"], ""),
        ("remove:sources", ["city", "jiangcheng"], ""),
        ("explode:sources[1]", ["city", "jiangcheng"], ""),
    ],
)
def test_rows_are_added_removed_and_moved(action: str, codes: list[str], touched: str) -> None:
    found = draft(spring())
    assert found.change(action) == touched
    assert [row["code"] for row in found.typed["sources"]] == codes


def test_rows_within_rows_are_changed_too() -> None:
    found = draft(world.subsidy("car_subsidy"))
    assert found.change("add:offers[1].benefit.tiers") == "offers[1].benefit.tiers[3]"
    assert found.change("add:offers[1].benefit.tiers[3].gifts") == "offers[1].benefit.tiers[3].gifts[1]"
    assert found.change("up:offers[1].funding.shares[2]") == "offers[1].funding.shares[1]"
    assert [pair["key"] for pair in found.typed["offers"][0]["funding"]["shares"]] == ["jiangcheng", "city"]
    assert found.change("add:rounds[1].limits") == "rounds[1].limits[2]"
    assert found.typed["rounds"][0]["limits"][1]["kind"] == "per_person"


def test_a_list_has_an_end() -> None:
    found = Draft.posted({f"sources[{number}].code": [f"s{number}"] for number in range(1, 700)})
    assert len(found.typed["sources"]) == texts.Posted.MOST_ROWS
    assert found.change("add:sources") == ""

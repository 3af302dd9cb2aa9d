"""The bureau's form: filled, checked, previewed, turned into text and kept, with and without scripts."""

import re
from html import unescape

import pytest
from flask import Flask

from campaigns.campaign_file import check
from campaigns.form.draft import Draft
from campaigns.models import CampaignVersion
from campaigns.terms.sold import Sold
from foundation.clock import SimulatedClock
from foundation.db import db
from tests import people, world
from tests.browsing import Browser
from tests.campaigns.form.test_round_trip import sent_back
from tests.people import HE, LUO, WEI

FORM = "/bureau/campaigns/form"
PREVIEW = "/bureau/campaigns/form/preview"


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def wei(app: Flask, clock: SimulatedClock) -> Browser:
    return people.browser_of(app, WEI)


def filled(**changed: str) -> dict[str, list[str]]:
    """Return the spring campaign as a browser sends it; changed: place → what was typed instead."""
    return sent_back(Draft.of(world.toml(world.spring()))) | {place: [text] for place, text in changed.items()}


def kept() -> list[CampaignVersion]:
    return db.session.query(CampaignVersion).all()


def test_the_empty_form_names_every_part_and_saves_nothing(wei: Browser) -> None:
    html = wei.get(FORM).text
    assert [word for word in ("活动", "出资", "优惠", "券包", "轮次", "人员") if f">{word}</h2>" not in html] == []
    assert "从范例开始" in html
    assert kept() == []


def test_an_example_fills_the_form_and_says_what_becomes_of_its_comments(wei: Browser) -> None:
    html = wei.get(f"{FORM}?example=car-subsidy-2023").text
    assert 'value="car-subsidy-2023"' in html
    assert re.search(r"原文有 [1-9]\d* 处注释", html)
    assert wei.get(f"{FORM}?example=../secrets").status_code == 200


def test_what_was_filled_is_kept_as_a_draft_of_the_one_who_filled_it(wei: Browser) -> None:
    response = wei.post(FORM, data={**filled(), "do": "save"})
    assert response.status_code == 303
    [version] = kept()
    assert check(version.document) == check(world.toml(world.spring()))
    assert version.status == "draft"
    assert "不能发布自己拟的稿" in wei.get(response.location).text
    page = response.location.partition("?")[0]
    assert people.browser_of(wei.application, LUO).post(f"{page}/publish").status_code == 303


def test_a_draft_comes_back_into_the_form(wei: Browser) -> None:
    wei.post(FORM, data={**filled(), "do": "save"})
    page = "/bureau/campaigns/1/versions/1"
    assert f'href="{page}/form"' in wei.get(page).text
    assert 'value="春季消费券"' in wei.get(f"{page}/form").text


def test_faults_stand_in_a_list_and_beside_their_inputs_and_nothing_typed_is_lost(wei: Browser) -> None:
    typed = {"sources[1].budget_yuan": "一百万", "rounds[1].releases[1].offer": "dinner", "campaign.name": "夜市 & 节"}
    response = wei.post(FORM, data={**filled(**typed), "do": "save"})
    assert response.status_code == 422
    assert kept() == []
    html = response.text
    assert 'href="#f-sources-1-budget_yuan"' in html
    assert re.search(r'value="一百万" id="f-sources-1-budget_yuan"[^>]* aria-invalid="true"', html)
    assert "还有 1 处需要填写或修改" in html
    for text in typed.values():
        assert text in unescape(html)


def test_what_the_operation_refuses_is_told_and_nothing_typed_is_lost(wei: Browser) -> None:
    world.published()
    response = wei.post(FORM, data={**filled(**{"campaign.name": "改过的名字"}), "do": "save"})
    assert response.status_code == 422
    assert "要写明这次修改的原因" in response.text
    assert "改过的名字" in response.text


@pytest.mark.parametrize(("pressed", "count"), [("add:sources", 3), ("remove:sources[2]", 1), ("again", 2)])
def test_rows_are_changed_without_scripts_by_sending_the_form(wei: Browser, pressed: str, count: int) -> None:
    html = wei.post(FORM, data={**filled(), "do": pressed}).text
    assert len(re.findall(r'name="sources\[[0-9]\]\.code"', html)) == count


def test_another_strategy_brings_its_fields(wei: Browser) -> None:
    html = wei.post(FORM, data={**filled(**{"offers[1].validity.kind": "hours"}), "do": "again"}).text
    assert 'name="offers[1].validity.hours"' in html
    assert 'name="offers[1].validity.days"' not in html


def test_checking_keeps_nothing(wei: Browser) -> None:
    response = wei.post(FORM, data={**filled(), "do": "check"})
    assert response.status_code == 200
    assert "没有发现问题" in response.text
    assert kept() == []


def test_form_and_text_turn_into_each_other(wei: Browser) -> None:
    html = wei.post(FORM, data={**filled(**{"campaign.name": "换了名字"}), "do": "text"}).text
    text = unescape(html.split("<textarea", 1)[1].split(">", 1)[1].split("</textarea>")[0]).lstrip("\n")
    assert check(text).name == "换了名字"
    back = wei.post("/bureau/campaigns/import", data={"text": f"# 留言\n{text}", "do": "form"}).text
    assert "原文有 1 处注释" in back
    assert 'value="换了名字"' in back
    broken = wei.post("/bureau/campaigns/import", data={"text": "a = = 1", "do": "form"})
    assert broken.status_code == 422
    assert "a = = 1" in broken.text


def test_what_the_form_cannot_hold_is_named(wei: Browser) -> None:
    text = world.toml(world.spring(sauces=["chilli"]))
    assert "sauces" in wei.post("/bureau/campaigns/import", data={"text": text, "do": "form"}).text


def test_the_preview_shows_the_ticket_and_the_notice(wei: Browser) -> None:
    html = wei.post(PREVIEW, data=filled(**{"offers[1].name": "海鲜券"})).text
    assert "海鲜券" in html.split('class="ticket__name"')[1]
    assert "关于开展春季消费券活动的公告" in html
    assert '<option value="jiangcheng">江城区财政</option>' in html


def test_the_preview_of_an_unfinished_form_leaves_the_last_notice_standing(wei: Browser) -> None:
    html = wei.post(PREVIEW, data=filled(**{"campaign.name": ""})).text
    assert "还有 1 处未完成" in html
    assert "餐饮券" in html
    assert "preview-notice" not in html


def test_only_editors_use_the_form_and_others_may_look(app: Flask, clock: SimulatedClock) -> None:
    he = people.browser_of(app, HE)
    html = he.get(FORM).text
    assert "<fieldset disabled>" in html
    assert "preview-trigger" not in html
    for address in (FORM, PREVIEW):
        assert he.post(address, data={**filled(), "do": "save"}).status_code == 403
    assert kept() == []


def test_a_price_is_filled_in_and_one_that_does_not_fit_is_told_at_its_input(wei: Browser) -> None:
    priced = {"offers[1].sold.price_yuan": "9.90", "offers[1].sold.proceeds": "city"}
    assert wei.post(FORM, data={**filled(**priced), "do": "save"}).status_code == 303
    [version] = kept()
    assert check(version.document).offer("meal").sold == Sold(990, "city")
    html = wei.get(FORM).text
    assert "未使用可随时退" in unescape(html)
    refused = wei.post(FORM, data={**filled(**priced | {"offers[1].sold.price_yuan": "50"}), "do": "save"})
    assert refused.status_code == 422
    assert "售价应当小于面值 50.00 元" in unescape(refused.text)

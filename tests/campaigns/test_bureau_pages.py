"""The bureau's pages of campaigns: import, check, publish by a second person, look at the money."""

import io
from typing import Any

import pytest
from flask import Flask

from campaigns.models import CampaignVersion
from foundation.clock import SimulatedClock
from foundation.db import db
from tests import people, world
from tests.browsing import Browser
from tests.people import HE, LUO, SONG, WEI

IMPORT = "/bureau/campaigns/import"


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def wei(app: Flask, clock: SimulatedClock) -> Browser:
    return people.browser_of(app, WEI)


@pytest.fixture
def luo(app: Flask, clock: SimulatedClock) -> Browser:
    return people.browser_of(app, LUO)


def spring(**changed: Any) -> str:
    return world.toml(world.spring(**changed))


def drafted(browser: Browser, text: str = "") -> str:
    """Import a draft and return the address of its page."""
    response = browser.post(IMPORT, data={"text": text or spring(), "do": "import"})
    assert response.status_code == 303, response.text
    return response.location


def versions() -> int:
    return db.session.query(CampaignVersion).count()


def test_a_faulty_file_names_every_fault_with_its_place_and_keeps_the_text(wei: Browser) -> None:
    text = spring(rounds=[world.a_round(releases=[{"offer": "dinner", "stock": 0}])])
    response = wei.post(IMPORT, data={"text": text, "do": "import"})
    assert response.status_code == 422
    assert "rounds[1].releases[1].stock" in response.text
    assert "dinner" in response.text.split("<textarea")[1]
    assert versions() == 0


def test_a_file_may_be_checked_without_keeping_it(wei: Browser) -> None:
    response = wei.post(IMPORT, data={"text": spring(), "do": "check"})
    assert response.status_code == 200
    assert "没有发现问题" in response.text
    assert "预算 20 万元" in response.text
    assert versions() == 0


def test_an_uploaded_file_is_read(wei: Browser) -> None:
    file = (io.BytesIO(b"\xef\xbb\xbf" + spring().encode()), "spring.toml")
    response = wei.post(IMPORT, data={"file": file, "text": "", "do": "import"})
    assert response.status_code == 303


def test_an_uploaded_file_in_another_encoding_is_refused_with_the_way_out(wei: Browser) -> None:
    file = (io.BytesIO(spring().encode("gbk")), "spring.toml")
    response = wei.post(IMPORT, data={"file": file, "text": "", "do": "import"})
    assert response.status_code == 422
    assert "不是 UTF-8 编码的文本" in response.text


def test_carriage_returns_of_a_browser_do_not_become_part_of_the_file(wei: Browser) -> None:
    page = drafted(wei, spring().replace("\n", "\r\n"))
    assert wei.get(f"{page}/document").text == spring()


def test_the_drafter_cannot_publish_and_the_page_says_why(wei: Browser) -> None:
    page = drafted(wei)
    assert "不能发布自己拟的稿" in wei.get(page).text
    assert wei.post(f"{page}/publish").status_code == 403


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (
            "car_subsidy",
            ("按含税价（价税合计）分档，最高 3000 元", "10 万元（含）以上", "“购车补贴”的受理和核销功能尚未开通"),
        ),
    ],
)
def test_a_kind_that_is_not_open_yet_can_be_looked_at_and_says_why_it_is_not_published(
    wei: Browser, luo: Browser, kind: str, shown: tuple[str, ...]
) -> None:
    page = drafted(wei, world.toml(world.subsidy(kind)))
    html = luo.get(page).text
    assert [words for words in shown if words not in html] == []
    assert f'action="{page}/publish"' not in html
    refused = luo.post(f"{page}/publish")
    assert refused.status_code == 409
    assert "还不能发布" in refused.text


def test_a_second_editor_publishes_and_the_money_shows_on_the_campaign(wei: Browser, luo: Browser) -> None:
    page = drafted(wei)
    assert "不能发布自己拟的稿" not in luo.get(page).text
    response = luo.post(f"{page}/publish")
    assert response.status_code == 303
    campaign = luo.get(response.location).text
    assert campaign.count("100,000.00") >= 4
    assert "200,000.00" in campaign
    assert "第一轮" in campaign
    assert "韦编" in campaign
    assert "罗审" in campaign


def test_a_published_version_cannot_be_published_again_or_discarded(wei: Browser, luo: Browser) -> None:
    page = drafted(wei)
    luo.post(f"{page}/publish")
    assert luo.post(f"{page}/publish").status_code == 409
    assert wei.post(f"{page}/discard").status_code == 409
    assert luo.post(IMPORT, data={"text": spring(), "do": "import"}).status_code == 422


def test_a_discarded_draft_stays_readable(wei: Browser) -> None:
    page = drafted(wei)
    assert wei.post(f"{page}/discard").status_code == 303
    html = wei.get(page).text
    assert "已作废" in html
    assert "餐饮券" in html


def test_a_second_draft_shows_what_changed(wei: Browser, luo: Browser) -> None:
    drafted(wei)
    page = drafted(luo, spring(offers=[world.offer(name="早茶券")]))
    html = luo.get(page).text
    assert "与上一版的不同" in html
    assert "diff__add" in html


def test_a_second_draft_says_what_changed_by_meaning(wei: Browser, luo: Browser) -> None:
    drafted(wei)
    page = drafted(luo, spring(offers=[world.offer(benefit={"face_value_yuan": 60, "threshold_yuan": 240})]))
    html = luo.get(page).text
    assert "券种 meal › 优惠 › 面值" in html
    assert "60.00 元" in html


def test_a_version_shows_its_notice_and_gives_it_as_text(wei: Browser) -> None:
    page = drafted(wei)
    html = wei.get(page).text
    assert "关于开展春季消费券活动的公告" in html
    response = wei.get(f"{page}/notice")
    assert response.text.startswith("关于开展春季消费券活动的公告\n")
    assert "spring-v1.txt" in response.headers["Content-Disposition"]


def test_a_version_is_played_before_it_is_published(wei: Browser) -> None:
    page = drafted(wei, spring(rounds=[world.a_round(releases=[{"offer": "meal", "stock": 2_500}])]))
    assert f'href="{page}/simulation"' in wei.get(page).text
    html = wei.get(f"{page}/simulation").text
    assert html.count("data-chart") == 2
    assert 'name="claims_per_day" type="text" value="834"' in html
    crowded = wei.get(f"{page}/simulation?claims_per_day=100000&redemption_rate=90").text
    assert "<strong>2023-05-08</strong>" in crowded
    assert 'value="100000"' in crowded


def test_an_assumption_that_cannot_be_keeps_the_others(wei: Browser) -> None:
    page = drafted(wei)
    response = wei.get(f"{page}/simulation?claims_per_day=lots&days_to_use=9")
    assert response.status_code == 422
    assert 'data-code="demand_malformed"' in response.text
    assert 'value="lots"' in response.text
    assert 'value="9"' in response.text
    assert "data-chart" not in response.text


def test_only_editors_and_the_chief_import(app: Flask, clock: SimulatedClock) -> None:
    for who in (HE, SONG):
        browser = people.browser_of(app, who)
        assert browser.post(IMPORT, data={"text": spring(), "do": "import"}).status_code == 403
        assert "需要“活动编辑”岗位" in browser.get("/bureau/campaigns").text
    assert versions() == 0


def test_the_list_says_what_will_appear_and_then_shows_it(wei: Browser, luo: Browser) -> None:
    assert "导入第一份活动文件后" in wei.get("/bureau/campaigns").text
    luo.post(f"{drafted(wei)}/publish")
    html = wei.get("/bureau/campaigns").text
    assert "春季消费券" in html
    assert "进行中" in html


def test_claims_are_counted_by_release_also_after_the_round_has_closed(wei: Browser, clock: SimulatedClock) -> None:
    campaign = world.opened()
    for citizen in world.citizens(3):
        world.claim(citizen, campaign.release)
    address = f"/bureau/campaigns/{campaign.id}"
    assert "30%" in wei.get(address).text
    clock.move_to(world.CLOSES)
    world.done(lambda: world.rounds.close_due_rounds(actor=world.JOB))
    people.sign_in(wei, WEI)
    html = wei.get(address).text
    assert "30%" in html
    assert "已截止" in html


@pytest.mark.parametrize(
    "path",
    [
        "/9",
        "/9999999999999999999999",
        "/1/versions/7",
        "/1/versions/7/document",
        "/1/versions/7/simulation",
        "/1/versions/7/notice",
    ],
)
def test_what_is_not_there_is_not_found(wei: Browser, path: str) -> None:
    assert wei.get(f"/bureau/campaigns{path}").status_code == 404

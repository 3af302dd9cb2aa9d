"""Worked cases of domain.md §8.4 through the doors: a citizen fills in, uploads and hands in, two officers review, and
what is approved is the expected award; what is in no tier is refused at handing in and gets nothing."""

import io
import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from applications import jobs
from applications.models import ApplicantMessage, Application
from foundation.db import db
from tests import cars, people, world
from tests.applications import desk, raising
from tests.applications.desk import FANG, GUO, papers
from tests.people import Person
from tests.world import ENDS, at, done

FETCH = {"X-Requested-With": "fetch"}
MONEY = {"budget_yuan": 400_000}
DOCUMENTS = ["id_card", "vehicle_invoice"]


def opened(tiers: Any, *, documents: list[str] = DOCUMENTS, **benefit: Any) -> None:
    """Publish a subsidy with much money and no public notice, a dealer in it, and two reviewers."""
    written = cars.car_document(tiers=tiers, release=MONEY, benefit=benefit)
    written["sources"][0]["budget_yuan"], written["sources"][1]["budget_yuan"] = 400_000, 400_000
    terms = {"documents": documents, "notice_days": 0, "invoices_from": at("2023-05-01 00:00")}
    written["rounds"][0] |= {"issuance": world.by_application(**terms), "closes_at": ENDS}
    campaign = world.opened(written)
    world.shop(campaign, name="漠阳汽车", industry="automobile", number=1)
    for staff, county in ((FANG, world.JIANGCHENG), (GUO, "")):
        account = people.account(staff)
        done(lambda account=account, county=county: desk.reviewing.name_reviewer(account, county, city="4417", by="o"))


class Bureau:
    """Both reviewers at their browsers."""

    def __init__(self, app: Flask) -> None:
        self.officers = [people.browser_of(app, staff) for staff in (FANG, GUO)]

    def approve(self, address: str) -> None:
        case = f"/bureau{address}"
        for officer in self.officers:
            assert officer.post(f"{case}/open").status_code == 303
            ticked = re.findall(r'name="ticked" value="(\w+)"', officer.get(case).text)
            assert officer.post(f"{case}/decision", data={"kind": "approve", "ticked": ticked}).status_code == 303


def handed_in(app: Flask, number: int, *, documents: list[str] = DOCUMENTS, **answers: Any) -> tuple[str, str]:
    """Apply as one more citizen at the citizen's doors; return the application's address, and "" or the refusal."""
    given = papers(number, **answers)
    browser = people.browser_of(app, Person(given["name"], str(13800000000 + number)))
    page = browser.post("/campaigns/cars/application", data={"buyer": "person"}).location
    tasks = re.findall(r"/tasks/(\w+)", browser.get(page).text)
    for task in dict.fromkeys(tasks):
        if task != "files":
            sent = browser.post(f"{page}/tasks/{task}", data=given)
            assert sent.status_code == 303, re.findall(r'data-code="(\w+)"', sent.text)
    for slot in documents:
        for _ in range(desk.DOCUMENTS[slot].least):
            sent = browser.post(
                f"{page}/files/{slot}", data={"file": (io.BytesIO(desk.a_photo()), "1.jpg")}, headers=FETCH
            )
            assert sent.status_code == 204
    answer = browser.post(f"{page}/submit")
    codes = re.findall(r'data-code="(\w+)"', answer.text)
    return page, "" if answer.status_code == 303 else codes[0] if codes else str(answer.status_code)


def awarded(app: Flask, bureau: Bureau, number: int, **answers: Any) -> int:
    """Return what one applicant is approved in yuan, 0 where handing in is refused for want of a tier."""
    page, refused = handed_in(app, number, **answers)
    if refused:
        assert refused == "price_outside_tiers"
        return 0
    bureau.approve(page)
    jobs.end_notices()
    found = _row(page)
    assert found.status == "approved"
    assert found.award_fen is not None
    return found.award_fen // 100


def _row(page: str) -> Application:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Application).where(Application.id == UUID(page.rsplit("/", 1)[1]))).one()


def table(app: Flask, rows: list[dict[str, Any]], **common: Any) -> list[int]:
    bureau = Bureau(app)
    return [awarded(app, bureau, number, **common, **row) for number, row in enumerate(rows, 1)]


# C1: 济南 2025-01, by the price without tax; 价税合计 → NEV, ICE
C1 = [
    (99_000, 0, 0),
    (112_999, 0, 0),
    (113_000, 4_000, 3_000),
    (152_800, 4_000, 3_000),
    (338_999, 4_000, 3_000),
    (339_000, 5_000, 4_000),
    (500_000, 5_000, 4_000),
]
# C5: 烟台 2023, by the price with tax; price → NEV, NEV and an old car scrapped, ICE, ICE and an old car scrapped
C5 = [
    (99_999, 3_000, 4_000, 2_000, 3_000),
    (100_000, 4_000, 5_000, 3_000, 4_000),
    (199_999, 4_000, 5_000, 3_000, 4_000),
    (200_000, 6_000, 7_000, 5_000, 6_000),
]
C5_TIERS = (
    {"prices": "[0, 10万)", "ice_yuan": 2000, "nev_yuan": 3000},
    {"prices": "[10万, 20万)", "ice_yuan": 3000, "nev_yuan": 4000},
    {"prices": "[20万, ∞)", "ice_yuan": 5000, "nev_yuan": 6000},
)
# C7: 首保 2025, by the premium; the tier of 800 came by the supplement
C7 = [("1999.99", 0), ("2000", 800), ("3000", 1_000), ("4000", 1_500), ("6000", 2_000), ("8000", 3_000)]
C7_TIERS = (
    {"prices": "[3000, 4000)", "yuan": 1000},
    {"prices": "[4000, 6000)", "yuan": 1500},
    {"prices": "[6000, 8000)", "yuan": 2000},
    {"prices": "[8000, ∞)", "yuan": 3000},
)
SUPPLEMENT = ({"prices": "[2000, 3000)", "yuan": 800}, *C7_TIERS)
POLICY = ["id_card", "vehicle_invoice", "insurance_policy"]


def test_c1_jinan_by_the_price_without_tax_at_every_bound(clock, sqlite_app):
    opened(cars.TIERS, price="tax_exclusive")
    rows = [{"price_yuan": price, "powertrain": train} for price, *_ in C1 for train in ("nev", "ice")]
    assert table(sqlite_app, rows) == [award for _, *awards in C1 for award in awards]


def test_c5_yantai_by_powertrain_and_the_old_car_that_is_scrapped(clock, sqlite_app):
    opened(C5_TIERS, bonuses=[{"condition": "old_car_scrapped", "yuan": 1000}])
    rows = [
        {"price_yuan": price, "powertrain": train, "conditions": condition}
        for price, *_ in C5
        for train in ("nev", "ice")
        for condition in ("", "old_car_scrapped")
    ]
    assert table(sqlite_app, rows) == [award for _, *awards in C5 for award in awards]


@pytest.mark.parametrize(("price", "train", "condition", "award"), [(200_000, "nev", "old_car_scrapped", 7_000)])
def test_one_of_them_on_both_engines(clock, app, price, train, condition, award):
    opened(C5_TIERS, bonuses=[{"condition": "old_car_scrapped", "yuan": 1000}])
    rows = [{"price_yuan": price, "powertrain": train, "conditions": condition}]
    assert table(app, rows) == [award]


def policy(number: int, premium: str = "3200", **changed: str) -> dict[str, str]:
    """Return the answers about an insurance that begins on 6 May."""
    return {
        "insurer": "人保财险阳江市分公司",
        "policy_number": f"PDAA2023441700{number:06d}",
        "policy_owner": desk.a_name(number),
        "premium": premium,
        "policy_from": "2023-05-06",
        "policy_until": "2024-05-05",
        **changed,
    }


def test_c7_the_first_insurance_by_its_premium_and_the_supplement_back_to_the_first_of_may(clock, sqlite_app):
    """Whoever had 2,000 yuan of premium was refused; the supplement reaches back, and the draft is handed in again."""
    opened(C7_TIERS, price="premium", documents=POLICY)
    bureau = Bureau(sqlite_app)
    before = [
        awarded(sqlite_app, bureau, number, documents=POLICY, **policy(number, premium))
        for number, (premium, _) in enumerate(C7, 1)
    ]
    assert before == [0, 0, 1_000, 1_500, 2_000, 3_000]
    supplement = {"reason": "增加 800 元一档，追溯到 5 月 1 日", "applies_from": at("2023-05-01 00:00")}
    raising.published(raising.raised(tiers=SUPPLEMENT, amendment=supplement))
    raising.run()
    told = db.session.scalars(select(ApplicantMessage.body).where(ApplicantMessage.body.is_not(None))).all()
    assert [text for text in told if "现在可以补贴 800.00 元" in text], told
    refused = people.browser_of(sqlite_app, Person(desk.a_name(2), "13800000002"))
    page = re.search(r'href="(/applications/[^"/]+)"', refused.get("/applications").text)[1]
    assert refused.post(f"{page}/submit").status_code == 303
    bureau.approve(page)
    jobs.end_notices()
    assert (_row(page).status, _row(page).award_fen) == ("approved", 80_000)
    # And whoever applies from now on has the whole table at once.
    after = [
        awarded(sqlite_app, bureau, number, documents=POLICY, **policy(number, premium))
        for number, (premium, _) in enumerate(C7, 11)
    ]
    assert after == [award for _, award in C7]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"policy_from": "2023-04-30", "policy_until": "2024-04-29"}, "应当在 2023-05-01 至"),
        ({"policy_until": "2023-11-05"}, "止期是 2024-05-05"),
        ({"policy_until": "2024-05-07"}, "止期是 2024-05-05"),
        ({"policy_until": "2024-05-06"}, ""),
        ({"policy_from": "2023-06-01", "policy_until": "2024-05-31"}, ""),
        ({"policy_owner": "别人"}, "保单上的被保险人"),
        ({"policy_number": "123"}, "保单号应当是 8 至 40 位"),
        ({"premium": "两千"}, "以元为单位的金额"),
    ],
)
def test_a_policy_begins_in_the_window_and_lasts_a_year(clock, sqlite_app, changed, words):
    opened(C7_TIERS, price="premium", documents=POLICY)
    browser = people.browser_of(sqlite_app, Person(desk.a_name(1), "13800000001"))
    page = browser.post("/campaigns/cars/application", data={"buyer": "person"}).location
    browser.post(f"{page}/tasks/applicant", data=papers(1))
    answer = browser.post(f"{page}/tasks/policy", data=policy(1, **changed))
    assert answer.status_code == (422 if words else 303)
    assert words in answer.text
    assert (words == "") == ("要改" not in answer.text)


def test_a_policy_counts_once_in_whatever_spelling(clock, sqlite_app):
    opened(C7_TIERS, price="premium", documents=POLICY)
    assert handed_in(sqlite_app, 1, documents=POLICY, **policy(1, "3200"))[1] == ""
    again = policy(2, "3200", policy_number="pdaa-2023 4417-00000001")
    browser = people.browser_of(sqlite_app, Person(desk.a_name(2), "13800000002"))
    page = browser.post("/campaigns/cars/application", data={"buyer": "person"}).location
    browser.post(f"{page}/tasks/applicant", data=papers(2))
    answer = browser.post(f"{page}/tasks/policy", data=again)
    assert answer.status_code == 422
    assert "商业险保单已经用于另一份补贴" in answer.text

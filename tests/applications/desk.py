"""A car subsidy with everything around it: the campaign, a dealer, applicants with their papers, reviewers."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from PIL import Image, ImageDraw
from stdnum import luhn
from stdnum.cn import ric

from applications import drafts, jobs, notices, reviewing, submission, uploads
from applications.models import Application
from applications.reviewing import Desk
from applications.uploads import Upload
from campaigns.catalog import release_facts
from campaigns.terms.benefit.price_tiers import without_tax
from campaigns.terms.issuance.application import DOCUMENTS
from evidence import numbers, pictures
from foundation.clock import SimulatedClock
from foundation.db import db
from tests import cars, people, world
from tests.applications import raising
from tests.people import Staff
from tests.world import ENDS, JIANGCHENG, Published, Shop, done

ALL_DOCUMENTS = ["id_card", "vehicle_invoice", "driving_licence", "registration_certificate", "bank_card"]
FANG = Staff("方审", "officer", "fang-county", "reviewer")
GUO = Staff("郭审", "officer", "guo-city", "reviewer")
FIRST_NAMES = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"


@dataclass(frozen=True)
class Scene:
    campaign: Published
    dealer: Shop
    county: Desk
    city: Desk

    @property
    def release(self) -> int:
        return self.campaign.release


def issuance(**changed: Any) -> dict[str, Any]:
    """Return an issuance with all five documents."""
    return world.by_application(documents=ALL_DOCUMENTS, **changed)


def document(*, release: dict[str, Any] | None = None, benefit: dict[str, Any] | None = None, **changed: Any) -> Any:
    """Return the document of the subsidy; ``changed`` is of its issuance."""
    found = cars.car_document(release=release, benefit=benefit)
    found["rounds"][0] |= {"issuance": issuance(**changed), "closes_at": ENDS}
    return found


def scene(
    *, code: str = "cars", dealer_number: int = 1, times: dict[str, datetime] | None = None, **changed: Any
) -> Scene:
    """Publish the campaign, list a dealer, and name a county reviewer and a city reviewer."""
    written = document(**changed)
    written["campaign"]["code"] = code
    if times:
        ends_at = times["ends_at"]
        written["campaign"] |= {"starts_at": times["starts_at"], "ends_at": ends_at}
        written["offers"][0]["validity"]["until"] = ends_at
        window = {"invoices_from": times["starts_at"], "invoices_until": ends_at}
        round_ = written["rounds"][0]
        round_ |= {"opens_at": times["opens_at"], "closes_at": ends_at, "issuance": round_["issuance"] | window}
    campaign = world.opened(written)
    return named_scene(campaign, world.shop(campaign, name="漠阳汽车", industry="automobile", number=dealer_number))


def named_scene(campaign: Published, dealer: Shop) -> Scene:
    """Name a county reviewer and a city reviewer for a campaign that is open."""
    for staff, county in ((FANG, JIANGCHENG), (GUO, "")):
        account = people.account(staff)
        done(
            lambda account=account, county=county: reviewing.name_reviewer(account, county, city="4417", by="officer:1")
        )
    return Scene(campaign, dealer, Desk(people.account(FANG), JIANGCHENG), Desk(people.account(GUO), ""))


# --- papers ---------------------------------------------------------------------------------------------------


def a_vin(number: int) -> str:
    """Return the VIN of a car made in China."""
    body = f"LSVAA{number % 1000:03d}0N{number:07d}"
    for digit in "0123456789X":
        try:
            return numbers.vin(body[:8] + digit + body[9:])
        except Exception:  # noqa: S112 - one of eleven fits
            continue
    raise AssertionError(body)


def an_id_number(number: int) -> str:
    """Return the identity number of an adult."""
    body = f"441702{1990 + number % 12}{1 + number % 12:02d}{1 + number % 28:02d}{number % 1000:03d}"
    return body + str(ric.calc_check_digit(body + "0"))


def a_card(number: int) -> str:
    body = f"622848{number:012d}"
    return body + str(luhn.calc_check_digit(body))


def a_name(number: int) -> str:
    return "陈" + FIRST_NAMES[number % 20] + FIRST_NAMES[number // 20 % 20]


def papers(number: int = 1, *, price_yuan: int = 152_800, powertrain: str = "nev", **changed: str) -> dict[str, str]:
    """Return the answers of one applicant, all in order."""
    price_fen = price_yuan * 100
    without_fen = without_tax(price_fen)
    name = a_name(number)
    return {
        "name": name,
        "id_number": an_id_number(number),
        "invoice_code": "",
        "invoice_number": f"23442000{number:012d}",
        "invoice_date": "2023-05-08",
        "seller_name": "漠阳汽车",
        "seller_uscc": world.a_uscc(1),
        "invoice_owner": name,
        "vin": a_vin(number),
        "price_with_tax": f"{price_yuan}.00",
        "price_without_tax": f"{without_fen // 100}.{without_fen % 100:02d}",
        "powertrain": powertrain,
        "licence_owner": name,
        "plate": f"粤QD{number:05d}",
        "registered_on": "2023-05-08",
        "certificate_owner": name,
        "certificate_number": f"{number:012d}",
        "card_holder": name,
        "bank_name": "农业银行阳江分行",
        "bank_card": a_card(number),
        **changed,
    }


@cache
def a_photo(words: str = "photo") -> bytes:
    """Return a photo as a phone sends it."""
    picture = Image.new("RGB", (640, 420), "#dfe8e6")
    ImageDraw.Draw(picture).text((40, 40), words, fill="black")
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


@cache
def drawn() -> pictures.Pictures:
    return pictures.draw(a_photo())


# --- what people do -------------------------------------------------------------------------------------------


def begin(citizen_id: UUID, release_id: int, *, buyer: str = "person") -> UUID:
    facts = release_facts(release_id)
    assert facts is not None
    return done(lambda: drafts.start(citizen_id, facts, buyer=buyer))


def fill(application_id: UUID, citizen_id: UUID, answers: dict[str, str]) -> dict[str, str]:
    """Fill in every task; return field → code of what was refused."""
    refused: dict[str, str] = {}
    for task in ("applicant", "invoice", "licence", "certificate", "bank"):
        found = done(lambda task=task: drafts.save_task(application_id, citizen_id, task, answers))
        refused |= {key: refusal.code for key, refusal in found.items()}
    return refused


def upload(application_id: UUID, citizen_id: UUID, documents: Sequence[str] = ALL_DOCUMENTS) -> None:
    """Upload every page of every document."""
    given = [
        Upload(slot, f"{slot}-{page}.jpg", a_photo(), drawn())
        for slot in documents
        for page in range(1, DOCUMENTS[slot].least + 1)
    ]
    done(lambda: uploads.keep(application_id, citizen_id, given))


def filled(citizen_id: UUID, release_id: int, answers: dict[str, str] | None = None, *, buyer: str = "person") -> UUID:
    """Begin an application and make it ready to be handed in."""
    application_id = begin(citizen_id, release_id, buyer=buyer)
    refused = fill(application_id, citizen_id, answers or papers())
    assert refused == {}, refused
    upload(application_id, citizen_id)
    return application_id


def submit(application_id: UUID, citizen_id: UUID) -> Application:
    return done(lambda: submission.submit(application_id, citizen_id))


def submitted(a_scene: Scene, count: int = 1, *, first: int = 1, **changed: Any) -> list[UUID]:
    """Hand in applications of as many citizens."""
    ids = []
    for place, citizen_id in enumerate(people.citizens(count, first_phone=13800000000 + first)):
        application_id = filled(citizen_id, a_scene.release, papers(first + place, **changed))
        submit(application_id, citizen_id)
        ids.append(application_id)
    return ids


def row(application_id: UUID) -> Application:
    """Return the application as the database has it now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Application, application_id)


def status(application_id: UUID) -> str:
    return row(application_id).status


def approve(application_id: UUID, desk: Desk) -> None:
    """Open a case and approve it at this desk's stage."""
    done(lambda: reviewing.open_case(application_id, desk))
    ticked = reviewing.things_to_tick(row(application_id))
    done(lambda: reviewing.approve(application_id, desk, ticked=ticked))


def passed(a_scene: Scene, application_id: UUID) -> None:
    """Let both reviews approve."""
    approve(application_id, a_scene.county)
    approve(application_id, a_scene.city)


def reject(application_id: UUID, desk: Desk, reason: str = "unreadable") -> None:
    done(lambda: reviewing.open_case(application_id, desk))
    done(lambda: reviewing.reject(application_id, desk, reasons=[reason]))


def ask(application_id: UUID, desk: Desk, *fields: str) -> None:
    """Ask for a correction."""
    done(lambda: reviewing.open_case(application_id, desk))
    done(lambda: reviewing.ask_for_correction(application_id, desk, fields=fields, reasons=["differs"]))


def run_notices() -> None:
    jobs.open_notices()
    jobs.end_notices()


def a_life(clock: SimulatedClock) -> None:
    """Live through applications of every state, so that every table that a check looks at has rows."""
    a_scene = scene(code="cars-again", dealer_number=7, release={"budget_yuan": 24_000})
    ids = submitted(a_scene, 8, first=30, seller_uscc=world.a_uscc(7))
    approved, noticed, held, rejected, _reviewed, _other, _promoted, waiting = ids
    assert status(waiting) == "waiting"
    passed(a_scene, approved)
    jobs.open_notices()
    clock.move_to(clock.now() + timedelta(days=10))
    jobs.end_notices()
    assert status(approved) == "approved"
    for application_id in (noticed, held):
        passed(a_scene, application_id)
    jobs.open_notices()
    reason = "这辆车在公示以前已经转卖。"
    notice_id = row(held).notice_id
    assert notice_id is not None
    done(lambda: notices.object_to(held, notice_id, reason=reason, contact="", place="10.0.0.1"))
    reject(rejected, a_scene.county)
    raising.published(raising.raised(code="cars-again"))
    raising.run()

"""Applications against a small model of themselves: whatever people do in whatever order, who is served, who waits and
how much money is reserved is what the model says."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from applications import endings, jobs
from applications.errors import CannotWithdraw
from foundation import clock as clocks
from foundation.db import db
from ledger import audit
from tests import cars, databases, people
from tests.applications import desk
from tests.applications.desk import papers, row
from tests.conftest import BEGINNING
from tests.world import done
from webapp import create_app

MOST, AWARDS = 11_000_00, {"nev": 4_000_00, "ice": 3_000_00}
RESERVED = ("reviewing", "correcting", "passed", "noticed")


class Applications(RuleBasedStateMachine):
    """The model: a list in the order of submission, each with its state and award."""

    @initialize()
    def begin(self) -> None:
        self.clock_block = clocks.simulated(BEGINNING)
        self.clock = self.clock_block.__enter__()
        self.database = databases.fresh_sqlite()
        self.app = create_app(databases.settings_for(self.database.__enter__()))
        self.context = self.app.app_context()
        self.context.push()
        self.scene = desk.scene(release={"budget_yuan": MOST // 100}, reviews=["city"])
        self.ids: list = []
        self.model: list[dict] = []
        self.paid = 0

    def teardown(self) -> None:
        if not hasattr(self, "context"):
            return
        findings = audit.run()
        db.session.remove()
        db.engine.dispose()
        self.context.pop()
        self.database.__exit__(None, None, None)
        self.clock_block.__exit__(None, None, None)
        assert findings == []

    def free(self) -> int:
        return MOST - self.paid - sum(each["award"] for each in self.model if each["state"] in RESERVED)

    def move_up(self) -> None:
        for each in self.model:
            if each["state"] != "waiting":
                continue
            if each["award"] > self.free():
                return
            each["state"] = "reviewing"

    def pick(self, number: int, *states: str):
        found = [place for place, each in enumerate(self.model) if each["state"] in states]
        return found[number % len(found)] if found else None

    @rule(powertrain=st.sampled_from(["nev", "ice"]))
    def hand_in(self, powertrain: str) -> None:
        number = len(self.ids) + 1
        if number > 7:
            return
        citizen_id = people.citizens(1, first_phone=13800000000 + number)[0]
        application_id = desk.filled(citizen_id, self.scene.release, papers(number, powertrain=powertrain))
        desk.submit(application_id, citizen_id)
        award = AWARDS[powertrain]
        waits = any(each["state"] == "waiting" for each in self.model) or award > self.free()
        self.ids.append(application_id)
        self.model.append({"state": "waiting" if waits else "reviewing", "award": award})

    @rule(number=st.integers(0, 9))
    def approve(self, number: int) -> None:
        place = self.pick(number, "reviewing")
        if place is not None:
            desk.approve(self.ids[place], self.scene.city)
            self.model[place]["state"] = "passed"

    @rule(number=st.integers(0, 9))
    def reject(self, number: int) -> None:
        place = self.pick(number, "reviewing")
        if place is not None:
            desk.reject(self.ids[place], self.scene.city)
            self.model[place]["state"] = "rejected"
            self.move_up()

    @rule(number=st.integers(0, 9))
    def ask_for_correction(self, number: int) -> None:
        place = self.pick(number, "reviewing")
        if place is not None:
            desk.ask(self.ids[place], self.scene.city, "id_card")
            self.model[place]["state"] = "correcting"
            self.model[place]["asked"] = self.model[place].get("asked", 0) + 1
            if self.model[place]["asked"] > 3:
                self.model[place]["state"] = "rejected"
                self.move_up()

    @rule(number=st.integers(0, 9))
    def correct(self, number: int) -> None:
        place = self.pick(number, "correcting")
        if place is not None:
            citizen_id = row(self.ids[place]).citizen_id
            desk.submit(self.ids[place], citizen_id)
            self.model[place]["state"] = "reviewing"

    @rule(number=st.integers(0, 9))
    def withdraw(self, number: int) -> None:
        if not self.ids:
            return
        place = number % len(self.ids)
        citizen_id = row(self.ids[place]).citizen_id
        if self.model[place]["state"] in ("rejected", "withdrawn", "approved"):
            with pytest.raises(CannotWithdraw):
                done(lambda: endings.withdraw(self.ids[place], citizen_id))
            return
        done(lambda: endings.withdraw(self.ids[place], citizen_id))
        self.model[place]["state"] = "withdrawn"
        self.move_up()

    @rule()
    def put_in_public(self) -> None:
        jobs.open_notices()
        for each in self.model:
            if each["state"] == "passed":
                each["state"] = "noticed"

    @rule()
    def ten_days_pass(self) -> None:
        if self.clock.now() > BEGINNING + timedelta(days=35):
            return
        self.clock.move_to(self.clock.now() + timedelta(days=10))
        jobs.end_overdue()
        for each in self.model:
            if each["state"] == "correcting":
                each["state"] = "rejected"
        self.move_up()
        jobs.end_notices()
        for each in self.model:
            if each["state"] == "noticed":
                each["state"] = "approved"
                self.paid += each["award"]

    @invariant()
    def everybody_is_where_the_model_says(self) -> None:
        if not hasattr(self, "ids"):
            return
        assert [row(each).status for each in self.ids] == [each["state"] for each in self.model]
        db.session.rollback()
        reserved = sum(each["award"] for each in self.model if each["state"] in RESERVED)
        assert cars.standing(self.scene.campaign)["reserved"] == reserved


def test_applications_do_what_their_model_says() -> None:
    run_state_machine_as_test(
        Applications,
        settings=settings(
            max_examples=5, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

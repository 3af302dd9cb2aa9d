"""Nothing changes a status but a state machine, and no history leaves its machine's table."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import String, cast, func, select

from campaigns.models import CampaignRound, CampaignVersion
from campaigns.states import ROUND, VERSION
from foundation.db import db
from foundation.states import StateChange, Step
from merchants.models import Redemption
from merchants.states import REDEMPTION
from settlement.models import SettlementBatch
from settlement.states import BATCH
from tests.settlement import random_year
from voucher.models import Entitlement
from voucher.states import ENTITLEMENT

ROOT = Path(__file__).parent.parent.parent
ROOMS = (
    "identity",
    "ledger",
    "evidence",
    "campaigns",
    "voucher",
    "merchants",
    "applications",
    "settlement",
    "webapp",
    "demo",
)
MACHINES = [
    (VERSION, CampaignVersion),
    (ROUND, CampaignRound),
    (ENTITLEMENT, Entitlement),
    (REDEMPTION, Redemption),
    (BATCH, SettlementBatch),
]


#: A line of a payout batch is what was sent to the bank; its status repeats the answer and is no machine's.
WITHOUT_MACHINE = "update(PayoutLine"


def writes_of_status(tree):
    """Yield the lines that set ``status`` of a row that is there: ``thing.status = …`` and ``….values(status=…)``."""
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Attribute) and target.attr == "status" for target in targets):
            yield node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "values":
            updates = "update(" in ast.unparse(node.func) or not isinstance(node.func.value, ast.Call)
            updates = updates and WITHOUT_MACHINE not in ast.unparse(node.func)
            if updates and any(word.arg == "status" for word in node.keywords):
                yield node.lineno


def test_only_a_state_machine_changes_a_status():
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    assert len(files) > 100
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in files
        for line in writes_of_status(ast.parse(file.read_text("utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    ["row.status = 'redeemed'", "db.session.execute(update(Row).where(Row.id == 1).values(status='redeemed'))"],
)
def test_the_search_for_such_writes_finds_them(code):
    assert list(writes_of_status(ast.parse(code)))


@pytest.mark.parametrize(("machine", "model"), MACHINES, ids=[machine.name for machine, _ in MACHINES])
def test_of_all_pairs_of_states_only_the_listed_ones_are_steps(clock, sqlite_app, machine, model):
    """Every event is tried on rows of a lived year in every state: a row moves along its table or stays."""
    random_year.live(clock, 1)
    db.session.rollback()
    rows = dict(db.session.execute(select(model.id, model.status)).all())
    assert rows
    events = {event for _, event in machine.steps if _}
    tried = 0
    for event in sorted(events):
        for state in machine.states:
            ids = [row_id for row_id, status in rows.items() if status == state]
            with db.session.begin_nested() as savepoint:
                listed = machine.steps.get((state, event))
                if listed is None:
                    assert machine.apply(model, ids, event, Step("officer:1", clock.now())) == set()
                    tried += bool(ids)
                    after = dict(db.session.execute(select(model.id, model.status)).all())
                    assert after == rows
                savepoint.rollback()
    assert tried


@pytest.mark.parametrize("seed", [1, 2])
def test_every_history_is_a_way_through_its_table_and_ends_where_its_row_is(clock, sqlite_app, seed):
    random_year.live(clock, seed)
    db.session.rollback()
    steps = 0
    for machine, model in MACHINES:
        plain = func.replace(cast(model.id, String), "-", "")
        now = dict(db.session.execute(select(plain, model.status)).all())
        rows = db.session.execute(
            select(StateChange).where(StateChange.machine == machine.name).order_by(StateChange.at, StateChange.id)
        )
        # That a redemption began stands in the history of its entitlement.
        at = dict.fromkeys(now, "redeemed") if machine is REDEMPTION else {}
        for (change,) in rows:
            assert at.get(change.thing_id, "") == change.from_state, change.thing_id
            assert machine.steps[change.from_state, change.event] == change.to_state
            at[change.thing_id] = change.to_state
            steps += 1
        assert at == now, machine.name
    assert steps > 100

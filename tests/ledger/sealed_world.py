"""Books that were sealed, ways to get at them behind the back of the database, and the script that stands alone."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text, update

from campaigns import events
from foundation.db import db, transaction
from foundation.prepared import insert_rows
from foundation.states import StateChange
from ledger import seal_checks, sealing
from ledger.seal_export import chunks
from ledger.seal_models import Seal, SealHead
from ledger.sealed_tables import leaves_of, parted, tables
from merchants import event_sales, redemptions
from merchants.errors import TillSuspended
from merchants.event_sales import SalesReport
from tests.world import DRAFTER, citizens, claim_and_show, done, opened, redeem, shop, spring, void

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_seals.py"
AT_ONCE = timedelta(0)
#: So small that a few claims fill several seals.
PORTION = 7


def some_life() -> None:
    """Claims, redemptions, a void with its reason, refused scans, a report of an event."""
    document = spring()
    document["rounds"][0]["releases"][0]["stock"] = 20
    campaign = opened(document)
    place = shop(campaign)
    for number, citizen in enumerate(citizens(12)):
        _, digits = claim_and_show(citizen, campaign.release)
        if number % 2:
            receipt = redeem(place.till, digits, 20_000 + 100 * number)
            if number % 3 == 0:
                void(receipt, place.till, f"顾客退货 {number}")
        else:
            done(
                lambda digits=digits: redemptions.record_refusal(
                    place.till, TillSuspended(), code_text=digits, bill_fen=1
                )
            )
    day = date(2023, 5, 7)
    event_id = done(lambda: events.announce(name="车展", kind="car_fair", starts_on=day, ends_on=day, by=DRAFTER).id)
    done(lambda: event_sales.join(event_id, [place.merchant_id], by=DRAFTER))
    report = SalesReport(event_id, place.merchant_id, day, deals=3, amount_fen=300)
    done(lambda: event_sales.report(report, by="cashier:1"))


def seal() -> sealing.Sealed:
    return sealing.seal_all(AT_ONCE, PORTION)


@contextmanager
def guards_off() -> Iterator[None]:
    """Do what the owner of the tables can do: a transaction without triggers, that stays."""
    with transaction():
        if db.engine.dialect.name == "postgresql":
            db.session.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for name in db.session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                db.session.execute(text(f"DROP TRIGGER {name}"))
        yield


def rows(model: Any = StateChange) -> list[dict[str, Any]]:
    """Return all rows of a table by id."""
    table = model.__table__
    with transaction():
        return [dict(row._mapping) for row in db.session.execute(select(table).order_by(table.c.id))]


def change(model: Any, row_id: Any, **values: Any) -> None:
    key = model.__table__.primary_key.columns[0]
    done_ = db.session.execute(update(model.__table__).where(key == row_id).values(**values))
    assert done_.rowcount == 1


def take_away(model: Any, row_id: Any) -> None:
    key = model.__table__.primary_key.columns[0]
    assert db.session.execute(delete(model.__table__).where(key == row_id)).rowcount == 1


def swap(model: Any, one: dict[str, Any], other: dict[str, Any]) -> None:
    """Let two rows exchange everything but their ids."""
    for row, values in ((one, other), (other, one)):
        change(model, row["id"], **{name: value for name, value in values.items() if name != "id"})


def put_after(model: Any, row: dict[str, Any]) -> UUID:
    """Put a copy of a row right behind it."""
    row_id = UUID(int=row["id"].int + 1)
    insert_rows(model, [row | {"id": row_id}])
    return row_id


def write_anew() -> None:
    """Recompute every leaf and every seal over what is there now, as somebody would who knows how it is done."""
    links = list(db.session.execute(select(Seal.__table__).order_by(Seal.number)))
    known = {sealed.name: sealed for sealed in tables()}
    before = sealing.NOTHING
    for link in links:
        sealed = known[link.table_name]
        ids = [row_id for row_id, _digest in parted(link.leaves)]
        there = sealing.rows_of(db.session.connection(), sealed, sealed.forms[link.form - 1], ids)
        after = sealing.seal_of(sealing.head_line(link, before), there)
        change(Seal, link.number, leaves=leaves_of(there), previous=before, seal=after)
        before = after
    change(SealHead, 1, seal=before)


def export(path: Path) -> Path:
    path.write_bytes(b"".join(chunks()))
    return path


def by_script(*words: Any) -> subprocess.CompletedProcess[str]:
    """Run the script as somebody would who has nothing but Python and the files."""
    command = [sys.executable, "-I", "-S", str(SCRIPT), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def found() -> list[tuple[str, str]]:
    """Return the kind and the row, or the number of the seal, of what differs."""
    verdict = seal_checks.verify()
    assert verdict.found == len(verdict.differences)
    return [(each.kind, each.row_id or str(each.number)) for each in verdict.differences]


def number_of(row_id: UUID) -> int:
    """Return the seal that covers a row."""
    with transaction():
        links = db.session.execute(select(Seal.number, Seal.leaves)).all()
    [number] = [number for number, leaves in links if row_id.hex in dict(parted(leaves))]
    return number

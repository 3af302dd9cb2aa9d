"""What somebody did to the books behind their back is found at the row where they did it."""

from uuid import UUID

import pytest
from sqlalchemy import select

from foundation.db import db, transaction
from foundation.ids import new_id
from foundation.prepared import insert_rows
from foundation.states import StateChange
from ledger import seal_checks, sealed_tables, sealing
from ledger.models import Transfer
from ledger.seal_models import Seal, SealHead
from ledger.sealed_tables import parted
from ledger.sealing import SealedRowsGone, SealsBroken
from tests.ledger.sealed_world import (
    by_script,
    change,
    export,
    found,
    guards_off,
    number_of,
    put_after,
    rows,
    seal,
    swap,
    take_away,
    write_anew,
)


def flip_a_byte(row, _other):
    change(StateChange, row["id"], actor=row["actor"][:-1] + chr(ord(row["actor"][-1]) ^ 1))
    return [("edited", row["id"].hex)]


def rewrite_a_reason(row, _other):
    change(StateChange, row["id"], reason="另一个理由")
    return [("edited", row["id"].hex)]


def move_a_tab(row, _other):
    """Two columns with the same text between them, cut elsewhere."""
    change(StateChange, row["id"], event=row["event"] + "\t" + row["from_state"], from_state="")
    return [("edited", row["id"].hex)]


def drop_a_row(row, _other):
    take_away(StateChange, row["id"])
    return [("missing", row["id"].hex)]


def swap_two_rows(row, other):
    swap(StateChange, row, other)
    return [("swapped", row["id"].hex)]


def insert_one(row, _other):
    return [("extra", put_after(StateChange, row).hex)]


def edit_two(row, other):
    change(StateChange, row["id"], actor="officer:99")
    take_away(StateChange, other["id"])
    return [("edited", row["id"].hex), ("missing", other["id"].hex)]


WAYS = (flip_a_byte, rewrite_a_reason, move_a_tab, drop_a_row, swap_two_rows, insert_one, edit_two)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("places", [(2, 3), (0, -1)], ids=["beside", "apart"])
def test_what_was_done_to_a_row_is_found_at_that_row(books, tmp_path, way, places):
    earlier = export(tmp_path / "earlier.tsv")
    claims = [row for row in rows() if row["event"] == "claim"]
    row, other = (claims[place] for place in places)
    assert row["thing_id"] != other["thing_id"]
    with guards_off():
        expected = way(row, other)
    assert found() == expected
    now = by_script(export(tmp_path / "now.tsv"))
    if way is insert_one:
        # It is in no seal, so not in the file of what was sealed.
        assert now.returncode == 0
    else:
        assert now.returncode == 1
        assert f"state_change {row['id'].hex}" in now.stderr
    told = by_script(tmp_path / "now.tsv", earlier)
    assert (told.returncode == 0) is (way is insert_one)


def test_money_that_was_changed_is_found_as_well(books):
    [first, *_, last] = rows(Transfer)
    with guards_off():
        change(Transfer, last["id"], amount_fen=last["amount_fen"] + 1)
        change(Transfer, first["id"], reverses_id=last["id"])
    assert found() == [("edited", first["id"].hex), ("edited", last["id"].hex)]


def test_what_was_added_at_the_end_of_time_is_only_not_sealed_yet(books):
    [*_, last] = rows()
    with transaction():
        insert_rows(StateChange, [last | {"id": new_id()}])
    assert found() == []
    assert seal_checks.verify().unsealed_rows == 1


def test_the_last_seal_cannot_be_dropped_unnoticed(books):
    last = sealing.newest().number
    with guards_off():
        take_away(Seal, last)
    assert found() == [("head", str(last))]
    with pytest.raises(SealsBroken):
        seal()


def test_nor_with_its_head_once_somebody_has_verified_it(books):
    last = sealing.newest().number
    with transaction():
        seal_checks.record(seal_checks.verify(), "officer:1")
        before = db.session.scalar(select(Seal.seal).where(Seal.number == last - 1))
    with guards_off():
        take_away(Seal, last)
        change(SealHead, 1, number=last - 1, seal=before)
    assert found() == [("head", str(last))]


def test_a_seal_in_the_middle_is_missed(books):
    row = rows()[20]
    number = number_of(row["id"])
    with guards_off():
        take_away(Seal, number)
    assert found()[0] == ("gone", str(number))
    assert ("extra", row["id"].hex) in found()


@pytest.mark.parametrize(
    "values",
    [{"row_count": 6}, {"previous": "1" * 64}, {"seal": "2" * 64}, {"leaves": b"x" * 24 * 7}, {"leaves": b""},
     {"is_late": True}, {"table_name": "entitlement"}, {"form": 2}, {"last_id": UUID(int=1)}],
    ids=lambda values: next(iter(values)),
)  # fmt: skip
def test_a_seal_that_was_touched_is_found(books, values):
    number = number_of(rows()[20]["id"])
    with guards_off():
        change(Seal, number, **values)
    kinds = {kind for kind, place in found() if place == str(number)}
    assert kinds & {"seal", "unknown", "link", "rewritten"}


def test_a_row_and_its_leaf_changed_together_are_found_at_their_seal(books):
    row = rows()[20]
    number = number_of(row["id"])
    with guards_off():
        change(StateChange, row["id"], actor="officer:99")
        link = db.session.execute(select(Seal.__table__).where(Seal.number == number)).one()
        [sealed] = [each for each in sealed_tables.tables() if each.name == "state_change"]
        ids = [row_id for row_id, _ in parted(link.leaves)]
        lines = sealed_tables.rows_of(db.session.connection(), sealed, sealed.forms[-1], ids)
        change(Seal, number, leaves=sealed_tables.leaves_of(lines))
    assert found() == [("seal", str(number))]


def test_a_chain_written_anew_is_found_by_what_was_kept_elsewhere(books, tmp_path):
    earlier, printed = export(tmp_path / "earlier.tsv"), sealing.newest().short
    row = rows()[20]
    with guards_off():
        change(StateChange, row["id"], actor="officer:99")
        write_anew()
    assert found() == []
    last = sealing.newest().number
    verdict = seal_checks.verify([seal_checks.expected(printed)])
    assert [(each.kind, each.number) for each in verdict.differences] == [("rewritten", last)]
    now = export(tmp_path / "now.tsv")
    assert by_script(now).returncode == 0
    assert "is no seal of this file" in by_script(now, printed).stderr
    # An earlier file has the row itself.
    assert f"state_change {row['id'].hex}: the earlier file says otherwise" in by_script(now, earlier).stderr


def test_a_chain_written_anew_is_found_by_an_earlier_verification(books):
    with transaction():
        seal_checks.record(seal_checks.verify(), "officer:1")
    with guards_off():
        change(StateChange, rows()[20]["id"], actor="officer:99")
        write_anew()
    assert [kind for kind, _ in found()] == ["rewritten"]


def test_the_job_that_seals_says_that_rows_are_gone(books):
    with guards_off():
        take_away(StateChange, rows()[20]["id"])
    with pytest.raises(SealedRowsGone, match="state_change: 1"):
        seal()

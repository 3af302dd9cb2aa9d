"""What is only added to is sealed, in order and once, and nothing is found where nobody did anything."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from foundation import crypto
from foundation.db import db, transaction
from foundation.ids import id_made_before, new_id
from foundation.prepared import insert_rows
from foundation.states import StateChange
from ledger import seal_checks, sealed_tables, sealing
from ledger.commands import ledger
from ledger.jobs import SealsDiffer, seal_books, verify_seals
from ledger.models import Transfer
from ledger.seal_models import Seal, SealCheck
from ledger.sealed_tables import Form, parted
from tests.ledger import sealed_world
from tests.ledger.sealed_world import (
    by_script,
    export,
    found,
    guards_off,
    number_of,
    put_after,
    rows,
    seal,
    some_life,
    take_away,
)
from tests.ledger.test_audit import a_whole_life

# --- normal life ----------------------------------------------------------------------------------------------


def test_everything_that_is_only_added_to_is_sealed(app):
    """A table that comes with these triggers is registered, or it would be the one without a seal."""
    if db.engine.dialect.name == "postgresql":
        guarded = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%append_only'"
    else:
        guarded = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%only be added to%'"
    tables = set(db.session.scalars(text(guarded)))
    assert {sealed.name for sealed in sealed_tables.tables()} == tables - {"seal"}


def test_the_form_in_use_names_every_column_of_its_table():
    """A column that comes later goes into a further form: what is sealed keeps the one it was sealed in."""
    for sealed in sealed_tables.tables():
        form = sealed.forms[-1]
        assert {*form.plain, *form.hidden, sealed.key} == set(sealed.table.columns.keys()), sealed.name


def test_every_row_is_in_one_seal_and_nothing_is_found(clock, app):
    some_life()
    assert found() == []
    done = seal()
    assert (done.rows, done.late_rows) == (sum(len(rows(t)) for t in (StateChange, Transfer)) + 7, 0)
    assert seal() == sealing.Sealed()
    verdict = seal_checks.verify()
    assert (verdict.found, verdict.rows, verdict.seals, verdict.unsealed_rows) == (0, done.rows, done.seals, 0)
    ids = [row_id for leaves in db.session.scalars(select(Seal.leaves)) for row_id, _digest in parted(leaves)]
    assert len(ids) == len(set(ids)) == done.rows
    assert {row["id"].hex for row in rows()} | {row["id"].hex for row in rows(Transfer)} < set(ids)


def test_what_comes_after_a_seal_is_in_the_next_and_the_file_begins_as_it_did(clock, app, tmp_path):
    some_life()
    seal()
    first = export(tmp_path / "first.tsv").read_bytes()
    with transaction():
        seal_checks.record(seal_checks.verify(), "officer:1")
    assert seal_checks.verify().unsealed_rows == 1
    assert seal().rows == 1
    second = export(tmp_path / "second.tsv").read_bytes()
    assert second.startswith(first)
    assert len(second) > len(first)
    assert found() == []


def test_what_is_not_settled_waits(clock, app):
    some_life()
    assert sealing.seal_all().rows == 0
    assert seal_checks.verify().unsealed_rows > 50


def test_an_id_made_earlier_is_less_than_the_horizon():
    before, horizon, after = new_id(), id_made_before(timedelta(0)), new_id()
    assert before < horizon < after
    assert id_made_before(timedelta(minutes=10)) < before


def test_a_run_that_was_stopped_half_way_is_gone_on_with(clock, app, monkeypatch):
    some_life()
    at_full_length = sealing._write

    def dies(before, *words, **named):
        if before.number == 3:
            raise KeyboardInterrupt
        return at_full_length(before, *words, **named)

    with monkeypatch.context() as patched:
        patched.setattr(sealing, "_write", dies)
        with pytest.raises(KeyboardInterrupt):
            seal()
    assert sealing.newest().number == 3
    assert found() == []
    seal()
    assert found() == []
    assert seal_checks.verify().unsealed_rows == 0


def test_rows_that_come_before_sealed_ones_are_sealed_late_and_once(clock, app, tmp_path):
    some_life()
    seal()
    [first, second, *_] = rows()
    with transaction():
        late = [put_after(StateChange, first), put_after(StateChange, second)]
    assert found() == [("extra", each.hex) for each in late]
    done = seal()
    assert (done.rows, done.late_rows) == (2, 2)
    verdict = seal_checks.verify()
    assert (verdict.found, verdict.late_rows, verdict.unsealed_rows) == (0, 2, 0)
    assert seal() == sealing.Sealed()
    assert by_script(export(tmp_path / "seals.tsv")).returncode == 0


# --- the canonical text -----------------------------------------------------------------------------------------


def test_the_text_of_a_row_is_the_same_bytes_on_either_database(clock, app):
    """Written out by hand, as docs/seals.md has it."""
    row = {
        "id": UUID("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"),
        "machine": "merchant",
        "thing_id": "7",
        "event": "suspend",
        "from_state": "active",
        "to_state": "suspended",
        "actor": "officer:7",
        "reason": "张三 投诉",
        "campaign_version_id": None,
        "at": clock.now(),
    }
    odd = row | {"id": UUID(int=row["id"].int + 1), "actor": "a\\b\tc\nd 文\r", "reason": "", "campaign_version_id": 12}
    with transaction():
        insert_rows(StateChange, [row, odd])
        [sealed] = [each for each in sealed_tables.tables() if each.name == "state_change"]
        connection = db.session.connection()
        plain, spelled = sealed_tables.rows_between(connection, sealed, sealed.forms[-1], None, odd["id"])
    hidden = crypto.keyed_hash("seal state_change.reason", "张三 投诉").hex()
    assert plain.decode() == (
        "0190a1b2c3d47e5f8a6b7c8d9e0f1a2b\tmerchant\t7\tsuspend\tactive\tsuspended\tofficer:7\t\t"
        f"2023-05-08 02:00:00.000000\t{hidden}"
    )
    assert spelled.decode() == (
        "0190a1b2c3d47e5f8a6b7c8d9e0f1a2c\tmerchant\t7\tsuspend\tactive\tsuspended\ta\\\\b\\tc\\nd 文\r\t12\t"
        "2023-05-08 02:00:00.000000\t"
    )


def test_every_kind_of_column_that_is_sealed_can_be_read(clock, app):
    """An application's decision has lists and ciphertext, a hand-in's has what an officer wrote."""
    a_whole_life(clock)
    seal()
    counts = select(Seal.table_name, db.func.sum(Seal.row_count)).group_by(Seal.table_name)
    sealed = dict(db.session.execute(counts).all())
    assert sealed["application_decision"] > 0
    assert sealed["transfer"] == len(rows(Transfer))
    assert found() == []


def test_what_people_wrote_does_not_leave_with_the_file(clock, app, tmp_path):
    some_life()
    seal()
    text_ = export(tmp_path / "seals.tsv").read_text("utf-8")
    assert "顾客退货" not in text_
    assert "officer:" in text_


def test_a_column_without_a_canonical_text_is_told():
    table = sealed_tables.SealedTable(StateChange.__table__, (Form(("at",), hidden=("campaign_version_id",)),))
    with pytest.raises(sealed_tables.NoCanonicalText, match="campaign_version_id"):
        sealed_tables._columns(table, table.forms[0], "sqlite", False)
    nullable = sealed_tables.SealedTable(SealCheck.__table__, (Form(("id",)),))
    assert sealed_tables._columns(nullable, nullable.forms[0], "sqlite", False)
    with pytest.raises(ValueError, match="registered twice"):
        sealed_tables.register(Transfer, Form(("code",)))


# --- jobs and commands ------------------------------------------------------------------------------------------


def test_the_jobs_seal_and_verify_and_say_so(clock, app, monkeypatch):
    some_life()
    monkeypatch.setattr(sealing.seal_all, "__defaults__", (sealed_world.AT_ONCE, 1_000))
    assert seal_books() == f"4 seals over {len(rows()) + len(rows(Transfer)) + 7} rows; newest {sealing.newest().short}"
    assert "are as they were made" in verify_seals()
    [check] = seal_checks.last_checks()
    assert (check.checked_by, check.number, check.found) == ("job:verify_seals", sealing.newest().number, 0)


def test_the_job_fails_where_something_differs(books):
    with guards_off():
        take_away(StateChange, rows()[20]["id"])
    with pytest.raises(SealsDiffer, match=rows()[19]["id"].hex[:8]):
        verify_seals()
    assert seal_checks.last_checks()[0].found == 1


def run(app, *words):
    return app.test_cli_runner().invoke(ledger, words)


def test_the_command_recomputes_and_writes_down_who_asked(clock, sqlite_app, tmp_path):
    some_life()
    seal()
    printed = sealing.newest().short
    fine = run(sqlite_app, "verify-seals", "--by", "宋审", "--expect", printed)
    assert (fine.exit_code, printed in fine.stdout) == (0, True)
    assert "nothing differs" in fine.stdout
    assert seal_checks.last_checks()[0].checked_by == "terminal:宋审"
    wrong = run(sqlite_app, "verify-seals", "--expect", printed[:-4] + "0000")
    assert (wrong.exit_code, "rewritten" in wrong.stdout) == (1, True)
    assert run(sqlite_app, "verify-seals", "--expect", "twelve").exit_code == 2
    written = run(sqlite_app, "export-seals", str(tmp_path / "seals.tsv"))
    assert written.exit_code == 0
    assert by_script(tmp_path / "seals.tsv", printed).stdout.startswith("OK: ")


def test_the_command_names_the_row(books):
    row = rows()[20]
    with guards_off():
        take_away(StateChange, row["id"])
    told = run(books, "verify-seals")
    assert told.exit_code == 1
    assert f"missing seal {number_of(row['id'])} state_change {row['id'].hex}" in told.stdout


@pytest.mark.parametrize(
    "given", ["", "12", "12-3f7a", "x-3f7a91c204bd77e0", "12-3f7a91c204bd77eg", "-1-3f7a91c204bd77e0"]
)
def test_a_seal_that_nobody_can_have_printed_is_refused(given):
    with pytest.raises(seal_checks.SealMalformed):
        seal_checks.expected(given)


# --- the script alone -------------------------------------------------------------------------------------------


def test_the_script_needs_nothing_but_python_and_finds_what_was_done_to_the_file(clock, sqlite_app, tmp_path):
    some_life()
    seal()
    file = export(tmp_path / "seals.tsv")
    lines = file.read_bytes().split(b"\n")
    assert by_script(file, sealing.newest().short).returncode == 0

    def told(changed):
        (tmp_path / "changed.tsv").write_bytes(b"\n".join(changed))
        result = by_script(tmp_path / "changed.tsv")
        assert result.returncode == 1
        return result.stderr

    heads = [place for place, line in enumerate(lines) if line.startswith(b"seal\t")]
    place = heads[3] + 2
    row = lines[place].split(b"\t")[1].decode()
    assert f"{row}: the row was changed" in told([*lines[:place], lines[place][:-1] + b"~", *lines[place + 1 :]])
    assert "out of order" in told([*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]])
    assert "out of order" in told([*lines[:place], lines[place], *lines[place:]])
    assert "ends before its" in told(lines[:place] + lines[place + 1 :])
    assert "seal 4 is missing" in told(lines[: heads[3]] + lines[heads[4] :])
    assert "does not follow" in told([*lines[: heads[3]], lines[heads[3]][:-1] + b"_", *lines[heads[3] + 1 :]])
    assert "is not that of its rows" in told([line.replace(b"\t2023-", b"\t2023-") for line in _dated(lines, heads[3])])


def _dated(lines: list[bytes], head: int) -> list[bytes]:
    """Say that a seal was made on another day."""
    cells = lines[head].split(b"\t")
    cells[6] = b"2022" + cells[6][4:]
    return [*lines[:head], b"\t".join(cells), *lines[head + 1 :]]

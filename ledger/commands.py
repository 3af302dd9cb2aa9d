"""``flask ledger …``: the books, for an auditor at a terminal."""

import getpass
import sys
from pathlib import Path

import click
import orjson
from flask.cli import AppGroup

from foundation.db import transaction
from ledger import audit, seal_checks, seal_export
from ledger.seal_checks import SealMalformed, Verdict

ledger = AppGroup("ledger", help="The books: prove them.")


@ledger.command("audit")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def audit_command(*, as_json: bool) -> None:
    """Prove every invariant of the money. Exits 0 when the audit is clean, 1 when anything is wrong."""
    findings = audit.run()
    if as_json:
        document = {
            "checks": [check.name for check in audit.checks()],
            "findings": [
                {"check": f.check.name, "why": f.check.why, "found": f.found, "examples": list(f.examples)}
                for f in findings
            ],
            "clean": not findings,
        }
        click.echo(orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2))
    else:
        wrong = {finding.check.name for finding in findings}
        for check in audit.checks():
            click.echo(f"{'WRONG' if check.name in wrong else 'ok   '}  {check.name}: {check.why}")
        for finding in findings:
            click.echo(f"\n{finding.check.name}: {finding.found} found")
            for example in finding.examples:
                click.echo(f"  {example}")
    sys.exit(1 if findings else 0)


def _who() -> str:
    """Return who is logged in, or "unknown" where the machine has no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


@ledger.command("verify-seals")
@click.option(
    "--expect", "printed", multiple=True, help="A seal as it was printed, such as 12-3f7a-91c2-04bd-77e0-5a18."
)
@click.option("--by", default=_who, help="Who verifies; it is written down.  [default: who is logged in]")
def verify_seals_command(printed: tuple[str, ...], by: str) -> None:
    """Recompute the chain of seals over what is only added to. Exits 0 when nothing differs, else 1 and says where."""
    try:
        expectations = [seal_checks.expected(each) for each in printed]
    except SealMalformed as refusal:
        raise click.BadParameter(str(refusal), param_hint="--expect") from refusal
    _seals, rows = seal_checks.size()
    with click.progressbar(length=rows, label="Recomputing the seals", file=sys.stderr) as bar:
        verdict = seal_checks.verify(expectations, lambda _number, count: bar.update(count))
    with transaction():
        seal_checks.record(verdict, f"terminal:{by}")
    _tell(verdict)
    sys.exit(1 if verdict.found else 0)


@ledger.command("export-seals")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False, writable=True))
def export_seals_command(path: Path) -> None:
    """Write all seals and the rows that they cover to a file for docs/verify_seals.py."""
    with path.open("wb") as file:
        for chunk in seal_export.chunks():
            file.write(chunk)
    click.echo(f"{path.stat().st_size} bytes written to {path}")


def _tell(verdict: Verdict) -> None:
    for difference in verdict.differences:
        click.echo(f"WRONG  {difference}: {seal_checks.KINDS[difference.kind]}")
    if verdict.found > len(verdict.differences):
        click.echo(f"WRONG  and {verdict.found - len(verdict.differences)} more")
    if verdict.late_rows:
        click.echo(f"{verdict.late_rows} rows were sealed late: they came when rows with greater ids had been sealed.")
    click.echo(f"{verdict.unsealed_rows} rows wait for the next seal.")
    outcome = f"{verdict.found} differences" if verdict.found else "nothing differs"
    click.echo(f"{verdict.seals} seals over {verdict.rows} rows, newest {verdict.newest.short}: {outcome}")

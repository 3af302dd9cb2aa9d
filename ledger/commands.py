"""``flask ledger …``: the books, for an auditor at a terminal."""

import sys

import click
import orjson
from flask.cli import AppGroup

from ledger import audit

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

"""The demo's closing words: the year's settlement, for people or as JSON."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import click
import orjson
from sqlalchemy import select

from campaigns.models import Campaign
from demo.definition import CODE, YEAR
from foundation.db import db
from foundation.money import format_wan, format_yuan
from foundation.slots import JobRun
from ledger import audit
from settlement import event_figures
from settlement.event_figures import EventTotals
from settlement.metrics import METRICS
from settlement.reports import Query, Report, report
from settlement.sentence import cars_of, trade_ins_of, year_period, year_sentences

#: The job slot under which the year is played: its row says whether, and at which scale.
JOB = "demo_year"


def played_scale() -> Fraction | None:
    """Return the scale of the year in the database, or None if none was played to its end."""
    summary = db.session.scalar(select(JobRun.summary).where(JobRun.job == JOB, JobRun.outcome == "done"))
    return Fraction(summary) if summary else None


def was_begun() -> bool:
    """Return whether somebody has begun to play the year, however far they came."""
    return db.session.scalar(select(JobRun.job).where(JobRun.job == JOB)) is not None


def show(scale: Fraction, *, as_json: bool) -> int:
    """Print the settlement and return the exit code: 0 only if the audit is clean."""
    findings = audit.run()
    first_day, last_day = year_period(YEAR)
    # Of the year's campaign alone: balances are of now, and a campaign to try today may run beside it.
    campaign_id = db.session.scalar(select(Campaign.id).where(Campaign.code == CODE))
    by_source = report(Query(by="source", campaign_id=campaign_id, first_day=first_day, last_day=last_day))
    sentences = year_sentences(YEAR)
    cars_fen, buyers = cars_of(YEAR)
    articles, sales_fen = trade_ins_of(YEAR)
    happened = event_figures.totals(first_day=first_day, last_day=last_day)
    if as_json:
        audited = {
            "clean": not findings,
            "checks": len(audit.checks()),
            "findings": [{"check": finding.check.name, "found": finding.found} for finding in findings],
        }
        document = {
            "year": YEAR,
            "scale": float(scale),
            "sentence": "".join(sentences),
            **_plain(by_source.total.values),
            "sources": [{"name": row.label, **_plain(row.values)} for row in by_source.rows],
            "cars": {"given_fen": cars_fen, "buyers": buyers},
            "appliances": {"count": articles, "sales_fen": sales_fen},
            # Reported by merchants, and no part of what the vouchers drove.
            "events": {
                "count": happened.events,
                "deals": sum(happened.deals_by_unit.values()),
                "cars": happened.deals_by_unit.get("辆", 0),
                "amount_fen": happened.amount_fen,
            },
            "audit": audited,
        }
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    else:
        _print(by_source, sentences)
        click.echo(_events_in_words(happened))
        click.echo(f"Ledger audit: {len(audit.checks())} checks, {len(findings) or 'nothing'} wrong")
        for finding in findings:
            click.echo(f"  {finding.check.name}: {finding.found} found: {finding.check.why}")
    return 1 if findings else 0


def _events_in_words(happened: EventTotals) -> str:
    deals = "，".join(f"{count:,} {unit}" for unit, count in happened.deals_by_unit.items())
    return (
        f"促消费活动 {happened.events} 场，商户上报成交 {deals}，销售额 {format_wan(happened.amount_fen)} 万元"
        f"（{event_figures.NOT_DRIVEN}）\n"
    )


def _plain(values: Mapping[str, int | Decimal | None]) -> dict[str, Any]:
    """Fen and counts as integers, ratios as decimal text, metrics without meaning left out."""
    return {
        key: str(value) if isinstance(value, Decimal) else value for key, value in values.items() if value is not None
    }


def _print(by_source: Report, sentences: Sequence[str]) -> None:
    click.echo("\n" + "\n".join(sentences) + "\n")
    names = {metric.key: metric.name for metric in METRICS}
    columns = ("budget_fen", "claimed_fen", "net_redeemed_fen", "expired_fen", "driven_fen", "surplus_fen", "owed_fen")
    click.echo(_line("", [names[key] for key in columns]))
    for row in [*by_source.rows, by_source.total]:
        click.echo(_line(row.label, [format_yuan(int(row.values[key] or 0)) for key in columns]))
    click.echo("")


def _line(label: str, cells: list[str]) -> str:
    return _pad(label, 14, left=True) + "".join(_pad(cell, 17) for cell in cells)


def _pad(text: str, width: int, *, left: bool = False) -> str:
    """Pad to a width in columns of a terminal, where a Chinese character takes two."""
    blanks = " " * max(0, width - sum(2 if ord(char) > 0x2E80 else 1 for char in text))
    return text + blanks if left else blanks + text

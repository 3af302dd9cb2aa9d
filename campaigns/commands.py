"""``flask campaigns …``: campaign files at a terminal."""

import json
import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from campaigns import drafting, notice, quoting, simulation, simulation_words
from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.comparison import compare
from campaigns.definition import Definition
from campaigns.demand import ASSUMPTIONS, as_typed, read_demand
from campaigns.sale_file import SaleFaulty, read_sale
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.money import format_yuan
from identity.directory import officer_actor

#: The officers' roles that keep campaigns.
EDITORS = ("editor", "chief")

#: What needs neither database nor settings: these work on a bare clone.
WITHOUT_SETTINGS = ("check", "quote", "diff", "notice", "simulate")

campaigns = AppGroup("campaigns", help="Campaign files: check, quote, diff, notice, simulate, import, publish, export.")

_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)
_file = click.argument("file", type=_PATH)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, with amounts in fen.")
_officer = click.option("--as", "officer", required=True, metavar="LOGIN", help="The officer who does this.")


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        click.echo(f"{file}: 不是 UTF-8 编码的文本；请另存为 UTF-8 后再试", err=True)
        sys.exit(1)


def _refuse(refusal: Refusal) -> None:
    if isinstance(refusal, DefinitionFaulty | SaleFaulty):
        for fault in refusal.faults:
            click.echo(str(fault), err=True)
    click.echo(f"{refusal.message % refusal.params}。{refusal.way_out % refusal.params}", err=True)
    sys.exit(1)


@campaigns.command("check")
@_file
def check_command(file: Path) -> None:
    """Name every fault of FILE with its place and the allowed values. Exits 0 when there is none."""
    try:
        definition = check(_read(file))
    except Refusal as refusal:
        _refuse(refusal)
    else:
        click.echo(_summary(definition))


def _definition(file: Path) -> Definition:
    """Return the definition in a file, or name its faults and leave."""
    try:
        return check(_read(file))
    except Refusal as refusal:
        click.echo(f"{file}:", err=True)
        _refuse(refusal)
        raise


@campaigns.command("quote")
@_file
@click.argument("sale", type=_PATH)
@_json
def quote_command(file: Path, sale: Path, as_json: bool) -> None:
    """Say what FILE is worth to the purchase in SALE: award, payers and reasons of each offer, or why not."""
    definition = _definition(file)
    try:
        found = quoting.answers(definition, read_sale(_read(sale)))
    except Refusal as refusal:
        _refuse(refusal)
    else:
        click.echo(_dumped(quoting.as_data(definition, found)) if as_json else quoting.as_text(definition, found))


@campaigns.command("diff")
@click.argument("old", type=_PATH)
@click.argument("new", type=_PATH)
@_json
def diff_command(old: Path, new: Path, as_json: bool) -> None:
    """Say what changed from OLD to NEW by meaning. Exits 1 where something did, as diff does."""
    changes = compare(_definition(old), _definition(new))
    if as_json:
        rows = [{"place": one.place, "kind": one.kind, "before": one.before, "after": one.after} for one in changes]
        click.echo(_dumped(rows))
    else:
        for change in changes:
            click.echo(str(change))
        if not changes:
            click.echo("两份文件的含义相同")
    sys.exit(1 if changes else 0)


@campaigns.command("notice")
@_file
def notice_command(file: Path) -> None:
    """Print the public notice (公告) of FILE."""
    click.echo(notice.as_text(notice.notice(_definition(file))), nl=False)


@campaigns.command("simulate")
@_file
@click.option("--claims-per-day", default="", help="How many want one on an open day.")
@click.option("--redemption-rate", default="", help="How many of those claimed are used, in percent.")
@click.option("--days-to-use", default="", help="Mean days from claim to use.")
@click.option("--award-share", default="", help="Mean award in percent of the most it may be.")
@click.option("--people", default="", help="How many different people want one; 0 leaves limits per person aside.")
@click.option("--claims-each", default="", help="How many claims each person wants in a round, at most.")
@click.option("--take-up-rate", default="", help="How many prizes of lotteries are taken up in time, in percent.")
@click.option("--seed", default="", help="Which of the possible crowds.")
@_json
def simulate_command(file: Path, as_json: bool, **typed: str) -> None:
    """Play FILE against an assumed demand and say when each source runs out."""
    definition = _definition(file)
    try:
        demand = read_demand(typed, definition)
        played = simulation.simulate(definition, demand)
    except Refusal as refusal:
        _refuse(refusal)
        return
    if as_json:
        click.echo(_dumped(simulation_words.as_data(played)))
        return
    for name, value in as_typed(demand).items():
        click.echo(f"{ASSUMPTIONS[name].name}：{value}")
    click.echo(simulation_words.as_text(definition, played))


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


@campaigns.command("import")
@_file
@_officer
def import_command(file: Path, officer: str) -> None:
    """Keep FILE as a new draft version."""
    try:
        with transaction():
            version = drafting.import_draft(_read(file), by=officer_actor(officer, *EDITORS))
            click.echo(f"draft {version.id}: {version.campaign.code} version {version.number}")
    except Refusal as refusal:
        _refuse(refusal)


@campaigns.command("publish")
@click.argument("version_id", type=int)
@_officer
def publish_command(version_id: int, officer: str) -> None:
    """Put draft VERSION_ID in force; another officer than its drafter must do it."""
    try:
        with transaction():
            campaign = drafting.publish(version_id, by=officer_actor(officer, *EDITORS))
            click.echo(f"published {campaign.code}")
    except Refusal as refusal:
        _refuse(refusal)


@campaigns.command("export")
@click.argument("code")
def export_command(code: str) -> None:
    """Print the document in force of campaign CODE."""
    try:
        click.echo(drafting.export(code), nl=False)
    except Refusal as refusal:
        _refuse(refusal)


def _summary(definition: Definition) -> str:
    budget = sum(source.budget_fen for source in definition.sources)
    return (
        f"没有发现问题：{definition.name}，{len(definition.sources)} 个资金来源共 {format_yuan(budget)} 元，"
        f"{len(definition.offers)} 种券，{len(definition.rounds)} 轮"
    )

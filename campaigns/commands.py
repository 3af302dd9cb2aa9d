"""``flask campaigns …``: campaign files at a terminal."""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from campaigns import drafting
from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.definition import Definition
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.money import format_yuan
from identity.directory import officer_actor

#: The officers' roles that keep campaigns.
EDITORS = ("editor", "chief")

campaigns = AppGroup("campaigns", help="Campaign files: check, import, publish, export.")

_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_officer = click.option("--as", "officer", required=True, metavar="LOGIN", help="The officer who does this.")


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        click.echo(f"{file}: 不是 UTF-8 编码的文本；请另存为 UTF-8 后再试", err=True)
        sys.exit(1)


def _refuse(refusal: Refusal) -> None:
    if isinstance(refusal, DefinitionFaulty):
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

"""``python -m demo play|live``: fill the database with the bureau's year, and make it fit to be tried."""

import gc
import sys
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import click

from demo import live, report, year
from demo.sign_ins import SignIns
from foundation import clock
from foundation.config import SettingsError
from foundation.slots import run_in_slot
from ledger import sealing
from webapp import create_app

SMALLEST_SCALE = Fraction(1, 500)


def _scale(_context: click.Context, _parameter: click.Parameter, text: str) -> Fraction:
    try:
        scale = Fraction(text)
    except (ValueError, ZeroDivisionError):
        scale = Fraction(0)
    if not SMALLEST_SCALE <= scale <= 1:
        raise click.BadParameter(f"must be a number from {float(SMALLEST_SCALE)} to 1, such as 0.1")
    return scale


@click.group()
def cli() -> None:
    """The demo."""


@cli.command()
@click.option("--scale", default="1", callback=_scale, help="Play a smaller year: 0.002 to 1.")
@click.option("--json", "as_json", is_flag=True, help="Print only one JSON document.")
def play(scale: Fraction, *, as_json: bool) -> None:
    """Play the year 2023 unless it is there, and print its settlement. Exits 0 only if the ledger audit is clean."""
    app = create_app()
    with app.app_context():
        played = report.played_scale()
        if played is None and report.was_begun():
            click.echo("The demo was interrupted before. Start it again with --fresh.", err=True)
            sys.exit(2)
        if played is not None and played != scale:
            click.echo(
                f"The demo's database holds a year of scale {float(played):g}, not {float(scale):g}. Start it again "
                f"with --fresh, or with --scale {float(played):g} to keep it.",
                err=True,
            )
            sys.exit(2)
        if played is None:
            _play(scale, app.config["VAR_DIR"])
        sys.exit(report.show(scale, as_json=as_json))


def _play(scale: Fraction, var_dir: Path) -> None:
    # Millions of short-lived rows: the collector would look for circles among them all the time and find none.
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    with (
        clock.simulated(year.START) as simulated,
        click.progressbar(
            length=year.LENGTH_DAYS, label="Playing the year 2023", file=sys.stderr, item_show_func=lambda day: day
        ) as bar,
    ):
        run_in_slot(
            report.JOB,
            year.START,
            lambda: year.play(scale, simulated, var_dir, lambda day: bar.update(1, day.isoformat())),
        )


@cli.command()
@click.option("--base-url", required=True, help="Where the site will be served.")
def live_command(base_url: str) -> None:
    """Open a campaign that can be tried today, and print addresses and sign-ins."""
    app = create_app()
    with app.app_context():
        live.open_campaign()
        # As the job does every hour; nobody writes beside us, so nothing has to settle first.
        sealing.seal_all(timedelta(0))
        live.show_sign_ins(base_url, SignIns(app.config["VAR_DIR"]))


live_command.name = "live"


if __name__ == "__main__":
    try:
        cli()
    except SettingsError as failure:
        click.echo(str(failure), err=True)
        sys.exit(2)

"""``flask accounts``: the first officer, and what staff cannot do from a page."""

import getpass
import secrets

import click
from flask.cli import AppGroup

from foundation import clock
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.states import Step
from identity.accounts import ROLES, account_by_login, create_account, resume_account, set_password, suspend_account

accounts = AppGroup("accounts", help="Accounts of officers, cashiers and tills.")


def _chosen_password(ask: bool) -> tuple[str, bool]:
    """Return a password and whether it was made up here and so must be shown."""
    if not ask:
        return secrets.token_urlsafe(15), True
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise click.ClickException("The two passwords differ; nothing was changed.")
    return password, False


def _step(reason: str) -> Step:
    return Step(actor="job:command", at=clock.now(), reason=reason)


def _say_no(refusal: Refusal) -> click.ClickException:
    return click.ClickException(str(refusal))


@accounts.command("create-officer")
@click.argument("login")
@click.option("--name", required=True, help="Name as colleagues know it.")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--ask-password", is_flag=True, help="Type the password instead of having one made.")
def create_officer(login: str, name: str, role: str, ask_password: bool) -> None:
    """Create an officer's account; a password made here is shown once."""
    password, made = _chosen_password(ask_password)
    try:
        with transaction():
            create_account(kind="officer", login=login, password=password, name=name, role=role, step=_step("created"))
    except Refusal as refusal:
        raise _say_no(refusal) from refusal
    click.echo(f"Officer {login} ({role}) created.")
    if made:
        click.echo(f"Password, shown only now: {password}")


@accounts.command("reset-password")
@click.argument("login")
@click.option("--ask-password", is_flag=True, help="Type the password instead of having one made.")
def reset_password(login: str, ask_password: bool) -> None:
    """Give an account a new password and sign it out everywhere."""
    password, made = _chosen_password(ask_password)
    try:
        with transaction():
            set_password(account_by_login(login).id, password)
    except Refusal as refusal:
        raise _say_no(refusal) from refusal
    click.echo(f"Password of {login} replaced.")
    if made:
        click.echo(f"Password, shown only now: {password}")


@accounts.command("suspend")
@click.argument("login")
@click.option("--reason", required=True, help="Kept with the account's history.")
def suspend(login: str, reason: str) -> None:
    """Suspend an account: it is signed out everywhere and cannot sign in."""
    try:
        with transaction():
            suspend_account(account_by_login(login).id, _step(reason))
    except Refusal as refusal:
        raise _say_no(refusal) from refusal
    click.echo(f"{login} is suspended.")


@accounts.command("resume")
@click.argument("login")
@click.option("--reason", required=True, help="Kept with the account's history.")
def resume(login: str, reason: str) -> None:
    """Let a suspended account in again."""
    try:
        with transaction():
            resume_account(account_by_login(login).id, _step(reason))
    except Refusal as refusal:
        raise _say_no(refusal) from refusal
    click.echo(f"{login} is active.")

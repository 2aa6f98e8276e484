"""``moyai keys``: access keys for a moyai that others can reach."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from moyai.app.clock import SystemClock
from moyai.app.config import StatePaths
from moyai.cli.options import STATE, Json, State


def key_commands() -> typer.Typer:
    """create, list, revoke."""
    commands = typer.Typer(help="Access keys, needed as soon as moyai listens beyond loopback.", no_args_is_help=True)
    for command in (create, list_keys, revoke):
        commands.command(name="list" if command is list_keys else command.__name__)(command)
    return commands


def create(state: State = STATE, as_json: Json = False) -> None:
    """Make a key. Its secret is shown now and never again."""
    from moyai.app.keys import AccessKeys

    access_key, secret = AccessKeys(StatePaths(state).keys).create(SystemClock().now())
    if as_json:
        typer.echo(json.dumps({"AccessKeyId": access_key, "SecretAccessKey": secret}))
    else:
        typer.echo(f"AWS_ACCESS_KEY_ID={access_key}\nAWS_SECRET_ACCESS_KEY={secret}")


def list_keys(state: State = STATE, as_json: Json = False) -> None:
    """List the keys that are valid."""
    from moyai.app.keys import AccessKeys

    keys = AccessKeys(StatePaths(state).keys).list()
    made = {k.access_key: datetime.fromtimestamp(k.created_at, UTC).isoformat(timespec="seconds") for k in keys}
    if as_json:
        typer.echo(json.dumps([{"AccessKeyId": key, "CreateDate": at} for key, at in made.items()]))
    else:
        typer.echo("\n".join(f"{key}  {at}" for key, at in made.items()) or "There are no keys.")


def revoke(access_key: Annotated[str, typer.Argument(help="The key's id, AKIA…")], state: State = STATE) -> None:
    """Make a key invalid, at once and for good."""
    from moyai.app.keys import AccessKeys

    AccessKeys(StatePaths(state).keys).revoke(access_key)
    typer.echo(f"{access_key} is revoked.")

"""``moyai keys``: access keys of a server that other machines can reach."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from moyai.app.state_paths import StatePaths
from moyai.cli.options import STATE, Json, State
from moyai.cli.text import echo


def key_commands() -> typer.Typer:
    """The group ``moyai keys``."""
    commands = typer.Typer(
        help="Create, list and revoke access keys. A server that listens beyond loopback needs one.",
        no_args_is_help=True,
    )
    commands.command("create")(create)
    commands.command("list")(list_keys)
    commands.command("revoke")(revoke)
    return commands


def create(state: State = STATE, as_json: Json = False) -> None:
    """Create an access key. Its secret is printed now and never again."""
    from moyai.app.adapters.access_keys import AccessKeys
    from moyai.app.clock import SystemClock

    access_key, secret = AccessKeys(StatePaths(state).keys).create(SystemClock().now())
    if as_json:
        echo(json.dumps({"AccessKeyId": access_key, "SecretAccessKey": secret}))
    else:
        echo(f"AWS_ACCESS_KEY_ID={access_key}", f"AWS_SECRET_ACCESS_KEY={secret}")


def list_keys(state: State = STATE, as_json: Json = False) -> None:
    """List the valid access keys."""
    from moyai.app.adapters.access_keys import AccessKeys

    keys = AccessKeys(StatePaths(state).keys).list()
    created_at = {k.access_key: datetime.fromtimestamp(k.created_at, UTC).isoformat(timespec="seconds") for k in keys}
    if as_json:
        echo(json.dumps([{"AccessKeyId": key, "CreateDate": date} for key, date in created_at.items()]))
    else:
        echo(*([f"{key}  {date}" for key, date in created_at.items()] or ["There are no access keys."]))


def revoke(
    access_key: Annotated[str, typer.Argument(help="The key's ID, AKIA…")], state: State = STATE, as_json: Json = False
) -> None:
    """Revoke an access key, immediately and permanently."""
    from moyai.app.adapters.access_keys import AccessKeys

    AccessKeys(StatePaths(state).keys).revoke(access_key)
    echo(json.dumps({"AccessKeyId": access_key}) if as_json else f"Revoked {access_key}")

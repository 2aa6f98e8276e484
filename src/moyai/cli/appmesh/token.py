"""``moyai appmesh token``: tokens of proxies that come over TCP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from moyai.app.clock import SystemClock
from moyai.app.config import StatePaths
from moyai.cli.options import STATE, Json, State

Reach = Annotated[
    str,
    typer.Option(
        "--for", help="mesh/M, mesh/M/virtualNode/N or mesh/M/virtualGateway/G, if it is to be good for that alone."
    ),
]
Name = Annotated[str, typer.Argument(help="The token's id: what stands before its point.")]


def token_commands() -> typer.Typer:
    """issue, list, revoke."""
    commands = typer.Typer(help="Tokens of proxies that come over TCP (--appmesh-xds).", no_args_is_help=True)
    for command in (issue, list_tokens, revoke):
        commands.command(name="list" if command is list_tokens else command.__name__)(command)
    return commands


def issue(reach: Reach = "", state: State = STATE) -> None:
    """Make a token. It is shown now and never again."""
    from moyai.app.tokens import tokens_in

    typer.echo(tokens_in(StatePaths(state)).issue(reach, SystemClock().now()))


def list_tokens(state: State = STATE, as_json: Json = False) -> None:
    """List the tokens that are good, by their ids."""
    from moyai.app.tokens import tokens_in

    found = [
        {"Id": one.id, "For": one.reach, "CreateDate": datetime.fromtimestamp(one.created_at, UTC).isoformat()}
        for one in tokens_in(StatePaths(state)).list()
    ]
    if as_json:
        typer.echo(json.dumps(found))
    else:
        lines = (f"{one['Id']}  {one['CreateDate']}  {one['For'] or 'everything'}" for one in found)
        typer.echo("\n".join(lines) or "There are no tokens.")


def revoke(name: Name, state: State = STATE) -> None:
    """Make a token worthless, for good; proxies that show it are cut off with their next request, within the hour."""
    from moyai.app.tokens import tokens_in

    tokens_in(StatePaths(state)).revoke(name)
    typer.echo(f"{name} is revoked.")

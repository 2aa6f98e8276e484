"""``moyai appmesh``: tools for App Mesh that its API does not have, and the tokens of external proxies."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from moyai.app.state_paths import StatePaths
from moyai.cli.appmesh.compare import compare
from moyai.cli.appmesh.proxy import proxy
from moyai.cli.options import STATE, Json, State
from moyai.cli.text import echo

Reach = Annotated[
    str,
    typer.Option(
        "--for",
        help="Restrict the token to mesh/M, mesh/M/virtualNode/N or mesh/M/virtualGateway/G; default: no limit.",
    ),
]
TokenId = Annotated[str, typer.Argument(help="The token's ID: the part before its dot.", metavar="ID")]


def appmesh_commands() -> typer.Typer:
    """The group ``moyai appmesh``."""
    commands = typer.Typer(help="Run external App Mesh proxies and compare configurations.", no_args_is_help=True)
    commands.command("compare")(compare)
    commands.command("proxy")(proxy)
    tokens = typer.Typer(
        help="Issue, list and revoke tokens of proxies that connect over TCP (--appmesh-xds).", no_args_is_help=True
    )
    tokens.command("issue")(issue)
    tokens.command("list")(list_tokens)
    tokens.command("revoke")(revoke)
    commands.add_typer(tokens, name="token")
    return commands


def issue(reach: Reach = "", state: State = STATE, as_json: Json = False) -> None:
    """Create a token. It is printed now and never again."""
    from moyai.app.adapters.proxy_tokens import open_tokens
    from moyai.app.clock import SystemClock

    token = open_tokens(StatePaths(state)).issue(reach, SystemClock().now())
    echo(json.dumps({"Id": token.partition(".")[0], "Token": token}) if as_json else token)


def list_tokens(state: State = STATE, as_json: Json = False) -> None:
    """List the valid tokens by their IDs."""
    from moyai.app.adapters.proxy_tokens import open_tokens

    tokens = [
        {"Id": token.id, "For": token.reach, "CreateDate": datetime.fromtimestamp(token.created_at, UTC).isoformat()}
        for token in open_tokens(StatePaths(state)).list()
    ]
    if as_json:
        echo(json.dumps(tokens))
    else:
        lines = [f"{token['Id']}  {token['CreateDate']}  {token['For'] or 'everything'}" for token in tokens]
        echo(*(lines or ["There are no tokens."]))


def revoke(token_id: TokenId, state: State = STATE, as_json: Json = False) -> None:
    """Revoke a token permanently. Its proxies are disconnected at their next request, within an hour."""
    from moyai.app.adapters.proxy_tokens import open_tokens

    open_tokens(StatePaths(state)).revoke(token_id)
    echo(json.dumps({"Id": token_id}) if as_json else f"Revoked {token_id}")

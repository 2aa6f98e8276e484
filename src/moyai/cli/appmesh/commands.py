"""The commands of ``moyai appmesh``, put together."""

from __future__ import annotations

import typer

from moyai.cli.appmesh.compare import compare
from moyai.cli.appmesh.proxy import proxy
from moyai.cli.appmesh.token import token_commands


def appmesh_commands() -> typer.Typer:
    """compare, proxy, token."""
    commands = typer.Typer(help="App Mesh, beside its API: proxies and their configuration.", no_args_is_help=True)
    commands.callback()(_group)
    commands.command("compare")(compare)
    commands.command("proxy")(proxy)
    commands.add_typer(token_commands(), name="token")
    return commands


def _group() -> None:
    """App Mesh, beside its API: proxies and their configuration."""

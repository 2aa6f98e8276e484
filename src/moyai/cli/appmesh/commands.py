"""The commands of ``moyai appmesh``, put together."""

from __future__ import annotations

import typer

from moyai.cli.appmesh.compare import compare


def appmesh_commands() -> typer.Typer:
    """Compare."""
    commands = typer.Typer(help="App Mesh, beside its API: proxies and their configuration.", no_args_is_help=True)
    commands.callback()(_group)
    commands.command("compare")(compare)
    return commands


def _group() -> None:
    """App Mesh, beside its API: proxies and their configuration."""

"""The command ``moyai``: all commands, each in a module of its own.

A command's module imports at its top only what its options need, and everything else when the command runs:
tests/unit/cli/test_startup.py lists what must not be imported for ``moyai --help``.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from moyai.cli.analyze.command import analyze
from moyai.cli.appmesh.commands import appmesh_commands
from moyai.cli.box.command import box_commands
from moyai.cli.demo.command import demo
from moyai.cli.dns import dns
from moyai.cli.doctor import doctor
from moyai.cli.down import down, reset
from moyai.cli.env import env
from moyai.cli.errors import error_message
from moyai.cli.events import events
from moyai.cli.exec.command import execute
from moyai.cli.file import file_commands
from moyai.cli.hook import hook_commands
from moyai.cli.image import image_commands
from moyai.cli.keys import key_commands
from moyai.cli.logs import logs
from moyai.cli.mesh.command import mesh
from moyai.cli.migrate.command import migrate_commands
from moyai.cli.open import open_page
from moyai.cli.proxy.commands import proxy_commands
from moyai.cli.proxy.explain import explain
from moyai.cli.secret import secret_commands
from moyai.cli.services import services
from moyai.cli.status import status
from moyai.cli.tap import tap
from moyai.cli.text import echo
from moyai.cli.top import top
from moyai.cli.trace import trace
from moyai.cli.up import up


class _Commands(TyperGroup):
    """Typer's group without ``--install-completion``, which edits the user's shell configuration."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401 (typer's own classes are private)
        return [option for option in super().get_params(ctx) if option.name != "install_completion"]


def command_line() -> typer.Typer:
    """All commands, in the order in which ``--help`` lists them."""
    cli = typer.Typer(cls=_Commands, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
    cli.callback()(_options)
    everyday = (up, down, env, status, events, logs, doctor, explain, analyze)
    for command in (*everyday, mesh, top, tap, trace, dns, services, reset, demo):
        cli.command()(command)
    cli.command("open")(open_page)
    cli.command("exec", no_args_is_help=True, context_settings={"allow_interspersed_args": False})(execute)
    cli.add_typer(box_commands(), name="box")
    cli.add_typer(proxy_commands(), name="proxy")
    cli.add_typer(image_commands(), name="image")
    cli.add_typer(secret_commands(), name="secret")
    cli.add_typer(file_commands(), name="file")
    cli.add_typer(hook_commands(), name="hook")
    cli.add_typer(key_commands(), name="keys")
    cli.add_typer(appmesh_commands(), name="appmesh")
    cli.add_typer(migrate_commands(), name="migrate")
    return cli


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"moyai {version('moyai')}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Amazon ECS Service Connect on your own machine."""


def _leave_out_others(cli: typer.Typer, name: str) -> None:
    """Keep only the command of this name, if there is one: typer builds the options of all before it runs one."""
    commands = [c for c in cli.registered_commands if c.callback and name == (c.name or c.callback.__name__)]
    groups = [group for group in cli.registered_groups if group.name == name]
    if commands or groups:
        cli.registered_commands, cli.registered_groups = commands, groups


def main() -> None:
    """Run a command. An error that the user can fix is one line, without a traceback."""
    cli = command_line()
    _leave_out_others(cli, sys.argv[1] if len(sys.argv) > 1 else "")
    try:
        cli()
    except Exception as error:
        message = error_message(error)
        if message is None:
            raise
        echo(*f"moyai: {message}".splitlines(), err=True)
        sys.exit(1)

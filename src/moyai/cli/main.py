"""The command ``moyai``: all commands, each in a module of its own.

Only the module of the command that runs is imported. It imports at its top only what its options need, and everything
else when the command runs: tests/unit/cli/test_startup.py lists what must not be imported for ``moyai --help``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from moyai.cli.errors import error_message
from moyai.cli.text import echo

_COMMANDS: Final = MappingProxyType(
    {
        "up": "up:up",
        "down": "down:down",
        "env": "env:env",
        "status": "status:status",
        "events": "events:events",
        "logs": "logs:logs",
        "doctor": "doctor:doctor",
        "explain": "proxy.explain:explain",
        "analyze": "analyze.command:analyze",
        "mesh": "mesh.command:mesh",
        "top": "top:top",
        "tap": "tap:tap",
        "trace": "trace:trace",
        "dns": "dns:dns",
        "services": "services:services",
        "reset": "down:reset",
        "demo": "demo.command:demo",
        "open": "open:open_page",
        "exec": "exec.command:execute",
    }
)
"""The module and the function of each command, in the order in which ``--help`` lists them."""
_GROUPS: Final = MappingProxyType(
    {
        "box": "box.command:box_commands",
        "proxy": "proxy.commands:proxy_commands",
        "image": "image:image_commands",
        "secret": "secret:secret_commands",
        "file": "file:file_commands",
        "hook": "hook:hook_commands",
        "keys": "keys:key_commands",
        "appmesh": "appmesh.commands:appmesh_commands",
        "migrate": "migrate.command:migrate_commands",
    }
)
"""The module of each group of commands, and the function that makes the group."""


class _CommandInTask(TyperCommand):
    """A command whose arguments are a task and a command. Options end at the command, or at ``--`` where they follow
    the task: ``exec TASK --container NAME -- COMMAND``.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 (typer's own classes are private)
        """Parse the options, and return the arguments that are left."""
        if "--" in args:
            options, *_ = self.make_parser(ctx).parse_args(args[: args.index("--")])
            ctx.allow_interspersed_args = "".join(options.get("command") or ()).startswith("-")
        return super().parse_args(ctx, args)


_SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "exec": {
            "cls": _CommandInTask,
            "no_args_is_help": True,
            "context_settings": {"allow_interspersed_args": False},
        }
    }
)
"""The settings of commands that differ from typer's defaults."""


class _Commands(TyperGroup):
    """Typer's group without ``--install-completion``, which edits the user's shell configuration."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401 (typer's own classes are private)
        return [option for option in super().get_params(ctx) if option.name != "install_completion"]


def command_line(name: str | None = None) -> typer.Typer:
    """The command line with the command of this name; without one for ``--version``, and with all for any other name.

    typer builds the options of all commands before it runs one, so commands that are not needed would cost time.
    """
    cli = typer.Typer(cls=_Commands, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
    cli.callback()(_options)
    is_known = name in _COMMANDS or name in _GROUPS or name == "--version"
    for command, place in _COMMANDS.items():
        if not is_known or command == name:
            cli.command(command, **_SETTINGS.get(command, {}))(_function(place))
    for group, place in _GROUPS.items():
        if not is_known or group == name:
            cli.add_typer(_function(place)(), name=group)
    return cli


def _function(place: str) -> Any:  # noqa: ANN401 (each command has other parameters)
    module, _, function = place.partition(":")
    return getattr(import_module(f"moyai.cli.{module}"), function)


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


def main() -> None:
    """Run a command. An error that the user can fix is one line, without a traceback."""
    try:
        command_line(next(iter(sys.argv[1:]), None))()
    except Exception as error:
        message = error_message(error)
        if message is None:
            raise
        echo(*f"moyai: {message}".splitlines(), err=True)
        sys.exit(1)

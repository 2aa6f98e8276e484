"""The command line: each command in a module of its own, put together here."""

from __future__ import annotations

import sys

import typer
from botocore.exceptions import BotoCoreError, ClientError

from moyai.cli.appmesh.commands import appmesh_commands
from moyai.cli.demo.run import demo
from moyai.cli.dns import dns
from moyai.cli.doctor import doctor
from moyai.cli.down import down
from moyai.cli.exec.command import execute
from moyai.cli.file import file_commands
from moyai.cli.hook import hook_commands
from moyai.cli.image import image_commands
from moyai.cli.keys import key_commands
from moyai.cli.logs import logs
from moyai.cli.mesh.command import mesh
from moyai.cli.migrate.command import migrate_commands
from moyai.cli.remote import Unreachable, say
from moyai.cli.reset import reset
from moyai.cli.secret import secret_commands
from moyai.cli.status import status
from moyai.cli.up import up
from moyai.kernel.errors import MoyaiError


def command_line() -> typer.Typer:
    """All commands."""
    cli = typer.Typer(
        help="Amazon ECS Service Connect on your own machine.", no_args_is_help=True, pretty_exceptions_enable=False
    )
    for command in (up, down, status, doctor, logs, mesh, dns, reset, demo):
        cli.command()(command)
    cli.command("exec", no_args_is_help=True, context_settings={"allow_interspersed_args": False})(execute)
    cli.add_typer(key_commands(), name="keys")
    cli.add_typer(image_commands(), name="image")
    cli.add_typer(secret_commands(), name="secret")
    cli.add_typer(hook_commands(), name="hook")
    cli.add_typer(file_commands(), name="file")
    cli.add_typer(appmesh_commands(), name="appmesh")
    cli.add_typer(migrate_commands(), name="migrate")
    return cli


def main() -> None:
    """Run; an error that the user can mend is one line, without a traceback."""
    try:
        command_line()()
    except (Unreachable, MoyaiError, OSError, BotoCoreError, ClientError) as error:
        said = say(error) if isinstance(error, BotoCoreError | ClientError) else str(error)
        sys.stderr.write(f"moyai: {said}\n")
        sys.exit(1)

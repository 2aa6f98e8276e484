"""``moyai migrate appmesh``: from App Mesh to Service Connect, service by service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from moyai.cli.console import console
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region


def migrate_commands() -> typer.Typer:
    """Appmesh."""
    commands = typer.Typer(help="Move on from what AWS has ended.", no_args_is_help=True)
    commands.callback()(_group)
    commands.command("appmesh")(appmesh)
    return commands


def _group() -> None:
    """Move on from what AWS has ended."""


def appmesh(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    mesh: Annotated[str | None, typer.Argument(help="The mesh; of files with one mesh, that one.")] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option("--from", help="A file or folder of JSON that `aws … describe-…` printed; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write inputs for the AWS CLI, and the steps, here.")] = None,
    namespace: Annotated[str | None, typer.Option(help="The Service Connect namespace; else the nodes' own.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Carry it out, one service at a time.")] = False,
    only: Annotated[str | None, typer.Option(help="With --apply: this service alone.")] = None,
    as_json: Json = False,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
) -> None:
    """Plan the way of a mesh's ECS services into Service Connect: field by field what maps, what a moyai: tag keeps,
    what is lost, and what has to stay. Nothing is changed without --apply.

    The mesh and the services are read from the running moyai, or with --from out of files that were saved from AWS.
    """
    from moyai.cli.migrate.apply import apply as carry_out
    from moyai.cli.migrate.documents import from_files, from_server
    from moyai.cli.migrate.files import write
    from moyai.cli.migrate.inventory import Unreadable, gather
    from moyai.cli.migrate.plan import plan
    from moyai.cli.migrate.report import as_json as told
    from moyai.cli.migrate.report import show
    from moyai.cli.remote import Remote

    remote = Remote(endpoint, region)
    if files is None and mesh is None:
        raise Unreadable("Which mesh? Name one that the running moyai has, or give files with --from.")
    if only is not None and not apply:
        raise Unreadable("--only goes with --apply.")
    migration = plan(gather(from_files(files) if files else from_server(remote, mesh or ""), mesh), namespace)
    if as_json:
        typer.echo(json.dumps(told(migration), default=str))
    else:
        show(console(), migration)
    if out is not None:
        written = write(migration, out)
        typer.echo(f"{len(written)} files are in {out}; {out / 'steps.sh'} says in which order.", err=as_json)
    if apply:
        carry_out(remote, migration, lambda line: typer.echo(line, err=as_json), only)

"""``moyai migrate appmesh``: move ECS services from App Mesh to Service Connect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.text import echo


def migrate_commands() -> typer.Typer:
    """The group ``moyai migrate``."""
    commands = typer.Typer(help="Migrate from AWS App Mesh.", no_args_is_help=True)
    commands.command("appmesh")(appmesh)
    return commands


def appmesh(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    mesh: Annotated[
        str | None, typer.Argument(help="Name of the mesh; not needed if the files of --from have only one.")
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option("--from", help="File or directory with JSON that `aws … describe-…` printed on AWS. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Directory for the inputs of the AWS CLI and the script steps.sh.")
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(help="Service Connect namespace; by default that of the virtual nodes.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Carry out the plan, one service at a time.")] = False,
    only: Annotated[str | None, typer.Option(help="With --apply: migrate only this service.")] = None,
    as_json: Json = False,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
) -> None:
    """Plan the migration of a mesh's ECS services to Service Connect. Nothing is changed without --apply.

    The report says for each member of the mesh's configuration whether Service Connect has it, a moyai: tag keeps it,
    it is lost, or it prevents the migration. The mesh and the services are read from the running server, or with --from
    from files that were saved from AWS.
    """
    from moyai.cli.migrate.apply import apply as carry_out
    from moyai.cli.migrate.documents import from_files, from_server
    from moyai.cli.migrate.files import write
    from moyai.cli.migrate.inventory import Unreadable, build_inventory
    from moyai.cli.migrate.plan import plan
    from moyai.cli.migrate.report import as_json as report_json
    from moyai.cli.migrate.report import show
    from moyai.cli.output import console
    from moyai.cli.remote import Remote

    remote = Remote(endpoint, region)
    if files is None and mesh is None:
        raise Unreadable("name a mesh of the running server, or give files with --from")
    if only is not None and not apply:
        raise Unreadable("--only requires --apply")
    migration = plan(build_inventory(from_files(files) if files else from_server(remote, mesh or ""), mesh), namespace)
    if as_json:
        typer.echo(json.dumps(report_json(migration), default=str))
    else:
        show(console(), migration)
    if out is not None:
        paths = write(migration, out)
        echo(f"Wrote {len(paths)} files to {out}; run {out / 'steps.sh'}", err=as_json)
    if apply:
        carry_out(remote, migration, lambda line: echo(line, err=as_json), only)

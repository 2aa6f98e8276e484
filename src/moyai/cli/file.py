"""``moyai file``: put, list and remove the files that containers name in ``environmentFiles``.

Promise: what a file holds is sent, and never printed. The files are kept in the running moyai, where S3 would be.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json
from moyai.cli.remote import Remote
from moyai.domain.s3.env_file import LARGEST, env_file_arn
from moyai.kernel.errors import MoyaiError

_Name = Annotated[str, typer.Argument(help="s3://BUCKET/KEY.env", metavar="NAME")]


class BadFile(MoyaiError):
    """The name is none, or the file is too large."""


def file_commands() -> typer.Typer:
    """put, list, rm."""
    commands = typer.Typer(help="Files of environment variables, where S3 would be.", no_args_is_help=True)
    for name, command in (("put", put), ("list", list_files), ("rm", remove)):
        commands.command(name=name)(command)
    return commands


def put(
    name: _Name,
    path: Annotated[str, typer.Argument(help="The file to keep; - reads it from standard input.")],
    endpoint: Endpoint = ENDPOINT,
    as_json: Json = False,
) -> None:
    """Keep a file under a name, instead of what was there. Prints what to write as value in environmentFiles."""
    body = _read(path)
    kept = Remote(endpoint, REGION).put_file(_checked(name), body)
    typer.echo(json.dumps(kept) if as_json else kept["Arn"])


def list_files(endpoint: Endpoint = ENDPOINT, as_json: Json = False) -> None:
    """List names, sizes and dates, without what the files hold."""
    found = Remote(endpoint, REGION).files()
    if as_json:
        typer.echo(json.dumps(found))
        return
    lines = (
        f"{datetime.fromtimestamp(f['LastModified'], UTC).isoformat(timespec='seconds')}  {f['Size']:6}  {f['Name']}"
        for f in found
    )
    typer.echo("\n".join(lines) or "There are no files.")


def remove(name: _Name, endpoint: Endpoint = ENDPOINT) -> None:
    """Delete a file. Containers that run keep what they started with."""
    Remote(endpoint, REGION).remove_file(_checked(name))
    typer.echo(f"{name} is deleted.")


def _checked(name: str) -> str:
    if env_file_arn(name) is None:
        raise BadFile(f"{name} is no name of a file; one is s3://BUCKET/KEY.env")
    return name


def _read(path: str) -> bytes:
    if path == "-":
        body = sys.stdin.buffer.read(LARGEST + 1)
    else:
        with Path(path).open("rb") as opened:
            body = opened.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise BadFile(f"A file has at most {LARGEST} bytes.")
    return body

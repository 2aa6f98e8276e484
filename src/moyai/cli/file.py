"""``moyai file``: the files that containers name in ``environmentFiles``.

The server stores them in place of S3. A file's contents are sent and never printed.
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
from moyai.cli.text import echo
from moyai.domain.s3.env_file import LARGEST, env_file_arn
from moyai.kernel.errors import MoyaiError

_Name = Annotated[str, typer.Argument(help="s3://BUCKET/KEY.env", metavar="NAME")]


class BadFile(MoyaiError):
    """The name is not an S3 URL of an .env file, or the file is too large."""


def file_commands() -> typer.Typer:
    """The group ``moyai file``."""
    commands = typer.Typer(help="Store, list and delete environment files, in place of S3.", no_args_is_help=True)
    for name, command in (("put", put), ("list", list_files), ("rm", remove)):
        commands.command(name=name)(command)
    return commands


def put(
    name: _Name,
    path: Annotated[str, typer.Argument(help="The file to store; - reads standard input.")],
    endpoint: Endpoint = ENDPOINT,
    as_json: Json = False,
) -> None:
    """Store a file, or replace it. Prints the value to use in environmentFiles."""
    body = _read(path)
    stored = Remote(endpoint, REGION).put_file(_valid_name(name), body)
    echo(json.dumps(stored) if as_json else stored["Arn"])


def list_files(endpoint: Endpoint = ENDPOINT, as_json: Json = False) -> None:
    """List the files with their sizes and dates."""
    files = Remote(endpoint, REGION).files()
    if as_json:
        echo(json.dumps(files))
        return
    lines = [
        f"{datetime.fromtimestamp(f['LastModified'], UTC).isoformat(timespec='seconds')}  {f['Size']:6}  {f['Name']}"
        for f in files
    ]
    echo(*(lines or ["There are no files."]))


def remove(name: _Name, endpoint: Endpoint = ENDPOINT, as_json: Json = False) -> None:
    """Delete a file. Running containers keep the variables that they were started with."""
    Remote(endpoint, REGION).remove_file(_valid_name(name))
    echo(json.dumps({"Name": name}) if as_json else f"Deleted {name}")


def _valid_name(name: str) -> str:
    if env_file_arn(name) is None:
        raise BadFile(f"{name!r} is not s3://BUCKET/KEY.env")
    return name


def _read(path: str) -> bytes:
    if path == "-":
        body = sys.stdin.buffer.read(LARGEST + 1)
    else:
        with Path(path).open("rb") as stream:
            body = stream.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise BadFile(f"the file has more than {LARGEST} bytes")
    return body

"""``moyai secret``: put, list and remove what tasks get as secrets.

Promise: a value comes from standard input, a prompt that doesn't show it, or a file; it is never printed. A value on
the command line is taken, and stands in the shell's history and the process list like any other argument.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from botocore.exceptions import ClientError

from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote, pages
from moyai.kernel.errors import MoyaiError

_LONGEST: Final = 65536
_Parameter = Annotated[
    bool, typer.Option("--parameter", "-p", help="A SecureString of Parameter Store, not a secret of Secrets Manager.")
]
_Name = Annotated[str, typer.Argument(help="The name to put in valueFrom, or whose ARN to put there.")]


class BadValue(MoyaiError):
    """There is no value, or it is too long."""


def secret_commands() -> typer.Typer:
    """put, list, rm."""
    commands = typer.Typer(help="Secrets and parameters that tasks get as variables.", no_args_is_help=True)
    for name, command in (("put", put), ("list", list_secrets), ("rm", remove)):
        commands.command(name=name)(command)
    return commands


def put(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    name: _Name,
    value: Annotated[str | None, typer.Argument(help="The value; - or nothing reads it from standard input.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Read the value from this file, as it is.")] = None,
    parameter: _Parameter = False,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    as_json: Json = False,
) -> None:
    """Keep a value under a name; a new version where there is one. Prints what to write as valueFrom."""
    text = _value(value, file)
    remote = Remote(endpoint, region)
    if parameter:
        made = remote.client("ssm").put_parameter(Name=name, Value=text, Type="SecureString", Overwrite=True)
        shown = {"Name": name, "ValueFrom": name, "Version": made["Version"]}
    else:
        made = _put_secret(remote.client("secretsmanager"), name, text)
        shown = {"Name": name, "ValueFrom": made["ARN"], "VersionId": made["VersionId"]}
    typer.echo(json.dumps(shown) if as_json else shown["ValueFrom"])


def list_secrets(endpoint: Endpoint = ENDPOINT, region: Region = REGION, as_json: Json = False) -> None:
    """List names, without values."""
    remote = Remote(endpoint, region)
    parameters = pages(remote.client("ssm"), "describe_parameters", "Parameters")
    secrets = pages(remote.client("secretsmanager"), "list_secrets", "SecretList")
    found = [
        *({"Name": s["Name"], "Kind": "secret", "ValueFrom": s["ARN"]} for s in secrets),
        *({"Name": p["Name"], "Kind": "parameter", "ValueFrom": p["Name"]} for p in parameters),
    ]
    if as_json:
        typer.echo(json.dumps(found))
    else:
        lines = (f"{one['Kind']:9}  {one['Name']}  {one['ValueFrom']}" for one in found)
        typer.echo("\n".join(lines) or "There are no secrets and no parameters.")


def remove(name: _Name, parameter: _Parameter = False, endpoint: Endpoint = ENDPOINT, region: Region = REGION) -> None:
    """Delete a secret, or with --parameter a parameter, at once and for good."""
    remote = Remote(endpoint, region)
    if parameter:
        remote.client("ssm").delete_parameter(Name=name)
    else:
        client = remote.client("secretsmanager")
        client.describe_secret(SecretId=name)
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    typer.echo(f"{name} is deleted.")


def _put_secret(client: Any, name: str, text: str) -> Any:  # noqa: ANN401 (botocore's client and answer)
    try:
        return client.create_secret(Name=name, SecretString=text)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceExistsException":
            raise
    return client.put_secret_value(SecretId=name, SecretString=text)


def _value(given: str | None, file: Path | None) -> str:
    """The value, from where the options say. A single line break at the end of standard input is the shell's."""
    if file is not None:
        if given is not None:
            raise BadValue("Give a value or --file, not both.")
        with file.open("rb") as opened:
            raw = opened.read(_LONGEST + 1)
    elif given is not None and given != "-":
        raw = given.encode()
    elif given is None and sys.stdin.isatty():
        raw = str(typer.prompt("Value", hide_input=True, confirmation_prompt=True)).encode()
    else:
        raw = sys.stdin.buffer.read(_LONGEST + 2).removesuffix(b"\n")
    if not raw or len(raw) > _LONGEST:
        raise BadValue(f"A value has 1 to {_LONGEST} bytes.")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadValue("The value is no text in UTF-8.") from error

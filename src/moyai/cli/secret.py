"""``moyai secret``: the secrets and parameters that containers receive as environment variables.

Values are read from standard input, a hidden prompt or a file, and never printed. A value may also be an argument; it
is then visible in the shell's history and in the process list.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote, pages
from moyai.cli.text import echo
from moyai.kernel.errors import MoyaiError

_LONGEST: Final = 65536
_Parameter = Annotated[
    bool,
    typer.Option(
        "--parameter", "-p", help="A SecureString parameter in Parameter Store instead of a secret in Secrets Manager."
    ),
]
_Name = Annotated[str, typer.Argument(help="Name of the secret or parameter, or a secret's ARN.")]
_SECRET_ARN: Final = re.compile(r"arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:(.+?)(?:-[A-Za-z0-9]{6})?")
"""A secret's ARN, with its name and the six characters that AWS adds to it."""


class BadValue(MoyaiError):
    """The value is missing, too long or not text."""


def secret_commands() -> typer.Typer:
    """The group ``moyai secret``."""
    commands = typer.Typer(help="Store, list and delete secrets and parameters for containers.", no_args_is_help=True)
    for name, command in (("put", put), ("list", list_secrets), ("rm", remove)):
        commands.command(name=name)(command)
    return commands


def put(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    name: _Name,
    value: Annotated[
        str | None, typer.Argument(help="The value; without it, or with -, it is read from standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Read the value from this file.")] = None,
    parameter: _Parameter = False,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    as_json: Json = False,
) -> None:
    """Store a value, as a new version if the name exists. Prints the valueFrom to use in a task definition."""
    text = _value(value, file)
    remote = Remote(endpoint, region)
    if parameter:
        parameter_version = remote.client("ssm").put_parameter(
            Name=name, Value=text, Type="SecureString", Overwrite=True
        )
        task_secret = {"Name": name, "ValueFrom": name, "Version": parameter_version["Version"]}
    else:
        secret = _put_secret(remote.client("secretsmanager"), secret_name(name), text)
        task_secret = {"Name": name, "ValueFrom": secret["ARN"], "VersionId": secret["VersionId"]}
    echo(json.dumps(task_secret) if as_json else task_secret["ValueFrom"])


def secret_name(name_or_arn: str) -> str:
    """The name of a secret. A task definition written for AWS has an ARN, whose suffix differs here and is ignored when
    the secret is looked up.
    """
    arn = _SECRET_ARN.fullmatch(name_or_arn)
    return name_or_arn if arn is None else arn[1]


def list_secrets(endpoint: Endpoint = ENDPOINT, region: Region = REGION, as_json: Json = False) -> None:
    """List secrets and parameters, without their values."""
    remote = Remote(endpoint, region)
    parameters = pages(remote.client("ssm"), "describe_parameters", "Parameters")
    secrets = pages(remote.client("secretsmanager"), "list_secrets", "SecretList")
    entries = [
        *({"Name": s["Name"], "Kind": "secret", "ValueFrom": s["ARN"]} for s in secrets),
        *({"Name": p["Name"], "Kind": "parameter", "ValueFrom": p["Name"]} for p in parameters),
    ]
    if as_json:
        echo(json.dumps(entries))
    else:
        lines = [f"{entry['Kind']:9}  {entry['Name']}  {entry['ValueFrom']}" for entry in entries]
        echo(*(lines or ["There are no secrets and no parameters."]))


def remove(
    name: _Name,
    parameter: _Parameter = False,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    as_json: Json = False,
) -> None:
    """Delete a secret, or with --parameter a parameter, immediately and permanently."""
    remote = Remote(endpoint, region)
    if parameter:
        remote.client("ssm").delete_parameter(Name=name)
    else:
        client = remote.client("secretsmanager")
        client.describe_secret(SecretId=name)
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    kind = "parameter" if parameter else "secret"
    echo(json.dumps({"Name": name, "Kind": kind}) if as_json else f"Deleted {name}")


def _put_secret(client: Any, name: str, text: str) -> Any:  # noqa: ANN401 (botocore's client and answer)
    from botocore.exceptions import ClientError

    try:
        return client.create_secret(Name=name, SecretString=text)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceExistsException":
            raise
    return client.put_secret_value(SecretId=name, SecretString=text)


def _value(argument: str | None, file: Path | None) -> str:
    """Read the value. One line break at the end of standard input is the shell's and is removed."""
    if file is not None:
        if argument is not None:
            raise BadValue("give either a value or --file, not both")
        with file.open("rb") as stream:
            raw = stream.read(_LONGEST + 1)
    elif argument is not None and argument != "-":
        raw = argument.encode()
    elif argument is None and sys.stdin.isatty():
        raw = str(typer.prompt("Value", hide_input=True, confirmation_prompt=True)).encode()
    else:
        raw = sys.stdin.buffer.read(_LONGEST + 2).removesuffix(b"\n")
    if not raw or len(raw) > _LONGEST:
        raise BadValue(f"the value must have 1 to {_LONGEST} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadValue("the value is not UTF-8 text") from error

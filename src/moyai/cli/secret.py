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
from moyai.domain.secretsmanager.secret import RESOURCE_PREFIX
from moyai.kernel.arn import Arn, parse_arn
from moyai.kernel.errors import MoyaiError
from moyai.kernel.scope import is_account, is_region

_LONGEST: Final = 65536
_Parameter = Annotated[
    bool,
    typer.Option(
        "--parameter", "-p", help="A SecureString parameter in Parameter Store instead of a secret in Secrets Manager."
    ),
]
_Name = Annotated[str, typer.Argument(help="Name of the secret or parameter, or a secret's ARN, whose Region is used.")]
_SUFFIX: Final = re.compile(r"-[A-Za-z0-9]{6}\Z")
"""The characters that AWS adds to a secret's name in its ARN."""


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
    remote = _remote(endpoint, region, name, parameter=parameter)
    if parameter:
        parameter_version = remote.client("ssm").put_parameter(
            Name=name, Value=text, Type="SecureString", Overwrite=True
        )
        task_secret = {"Name": name, "ValueFrom": name, "Version": parameter_version["Version"]}
    else:
        secret = put_secret(remote, name, text)
        task_secret = {"Name": secret["Name"], "ValueFrom": secret["ARN"], "VersionId": secret["VersionId"]}
    echo(json.dumps(task_secret) if as_json else task_secret["ValueFrom"])


def secret_arn(name: str) -> Arn | None:
    """The ARN of a secret, without the key, the staging label and the version that a task definition adds to it; None
    for a name. Raises BadParameter for another ARN.
    """
    if not name.startswith("arn:"):
        return None
    arn = parse_arn(name)
    resource = "" if arn is None else ":".join(arn.resource.split(":")[:2])
    is_secret = resource.startswith(RESOURCE_PREFIX) and resource != RESOURCE_PREFIX
    if arn is None or arn.service != "secretsmanager" or not is_secret or not _has_scope(arn):
        message = f"{name} is not the ARN of a secret; give one, or the name of the secret or parameter"
        raise typer.BadParameter(message, param_hint="NAME")
    return arn._replace(resource=resource)


def _has_scope(arn: Arn) -> bool:
    return is_region(arn.scope.region) and is_account(arn.scope.account)


def _remote(endpoint: str, region: str, name: str, *, parameter: bool) -> Remote:
    """The server, in the Region of the ARN where the name is one. Raises BadParameter."""
    if parameter and name.startswith("arn:"):
        raise typer.BadParameter("with --parameter, give the parameter's name instead of its ARN", param_hint="NAME")
    arn = None if parameter else secret_arn(name)
    return Remote(endpoint, region if arn is None else arn.scope.region)


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
    remote = _remote(endpoint, region, name, parameter=parameter)
    if parameter:
        remote.client("ssm").delete_parameter(Name=name)
    else:
        client = remote.client("secretsmanager")
        identifier = str(secret_arn(name) or name)
        client.describe_secret(SecretId=identifier)
        client.delete_secret(SecretId=identifier, ForceDeleteWithoutRecovery=True)
    kind = "parameter" if parameter else "secret"
    echo(json.dumps({"Name": name, "Kind": kind}) if as_json else f"Deleted {name}")


def put_secret(remote: Remote, name: str, text: str) -> Any:  # noqa: ANN401 (botocore's answer)
    """Store the value of the secret with this name or ARN. A task definition written for AWS has an ARN, whose suffix
    the server ignores unless a secret's name ends with it; a new secret has the name without it. Raises BadParameter
    for another account's ARN.
    """
    client, arn = remote.client("secretsmanager"), secret_arn(name)
    if arn is None:
        return _create_or_put(client, name, text)
    account = remote.client("sts").get_caller_identity()["Account"]
    if arn.scope.account != account:
        message = f"{arn} is in account {arn.scope.account}; the credentials are of account {account}"
        raise typer.BadParameter(message, param_hint="NAME")
    try:
        return client.put_secret_value(SecretId=str(arn), SecretString=text)
    except client.exceptions.ResourceNotFoundException:
        return _create_or_put(client, _SUFFIX.sub("", arn.resource.removeprefix(RESOURCE_PREFIX)), text)


def _create_or_put(client: Any, name: str, text: str) -> Any:  # noqa: ANN401 (botocore's client and answer)
    try:
        return client.create_secret(Name=name, SecretString=text)
    except client.exceptions.ResourceExistsException:
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

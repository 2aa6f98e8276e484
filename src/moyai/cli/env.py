"""``moyai env``: the environment variables with which AWS's clients and moyai's commands reach this server."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import typer

from moyai.cli.options import ENDPOINT, REGION, STATE, Endpoint, Json, Region, State, state_elsewhere
from moyai.cli.text import echo

_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_PLACEHOLDER: Final = "local"
_CREDENTIALS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


class ShellSyntax(StrEnum):
    """The syntax of the commands that set variables."""

    SH = "sh"
    FISH = "fish"


def env(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    state: State = STATE,
    account: Annotated[
        str | None, typer.Option(help="Account of twelve digits, which becomes the access key's ID.")
    ] = None,
    keep_credentials: Annotated[
        bool, typer.Option("--keep-credentials", help="Leave the credentials alone, for a server with access keys.")
    ] = False,
    shell: Annotated[ShellSyntax, typer.Option(help="Syntax of the commands.")] = ShellSyntax.SH,
    as_json: Json = False,
) -> None:
    """Print the variables for AWS's CLI, SDKs and Terraform, and for moyai, as in eval "$(moyai env)"."""
    if account is not None and not _ACCOUNT.fullmatch(account):
        raise typer.BadParameter(f"{account!r} is not twelve digits", param_hint="--account")
    if account is not None and keep_credentials:
        raise typer.BadParameter("the account is that of the credentials that are kept", param_hint="--account")
    values = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    }
    if not keep_credentials:
        values |= dict.fromkeys(_CREDENTIALS, account or _PLACEHOLDER)
    directory = state_elsewhere(state)
    if directory is not None:
        values["MOYAI_STATE"] = directory
    if as_json:
        echo(json.dumps(values))
        return
    dropped = () if keep_credentials else ("AWS_SESSION_TOKEN", "AWS_PROFILE")
    echo(*_commands(values, dropped, shell))


def _commands(values: Mapping[str, str], dropped: tuple[str, ...], shell: ShellSyntax) -> list[str]:
    """The commands that set ``values`` and unset ``dropped``: an earlier profile or session token would override the
    new values, or not match them.
    """
    if shell is ShellSyntax.FISH:
        return [
            *(f"set -gx {name} {shlex.quote(value)}" for name, value in values.items()),
            *(f"set -e {name}" for name in dropped),
            "# moyai env --shell fish | source",
        ]
    return [
        *(f"export {name}={shlex.quote(value)}" for name, value in values.items()),
        *(f"unset {name}" for name in dropped),
        '# eval "$(moyai env)"',
    ]

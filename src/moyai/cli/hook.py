"""``moyai hook``: URLs that are called instead of the Lambda functions of lifecycle hooks."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json
from moyai.cli.remote import Remote
from moyai.cli.text import echo

Name = Annotated[
    str,
    typer.Argument(metavar="ARN", help="The Lambda function's ARN, or its name alone for all accounts and regions."),
]


def hook_commands() -> typer.Typer:
    """The group ``moyai hook``."""
    commands = typer.Typer(
        help="Map the Lambda functions of deployment lifecycle hooks to URLs.",
        no_args_is_help=True,
    )
    commands.command("put")(put)
    commands.command("list")(list_hooks)
    commands.command("rm")(remove)
    return commands


def put(
    name: Name,
    url: Annotated[str, typer.Argument(metavar="URL", help="http://… or https://…; receives Lambda's payload.")],
    endpoint: Endpoint = ENDPOINT,
    as_json: Json = False,
) -> None:
    """Call this URL instead of the function."""
    Remote(endpoint, REGION).put_hook(name, url)
    echo(json.dumps({"name": name, "url": url}) if as_json else f"{name} calls {url}")


def list_hooks(endpoint: Endpoint = ENDPOINT, as_json: Json = False) -> None:
    """List the functions and their URLs."""
    hooks = Remote(endpoint, REGION).hooks()
    if as_json:
        echo(json.dumps([{"name": hook["name"], "url": hook["url"]} for hook in hooks]))
    else:
        echo(*([f"{hook['name']}  {hook['url']}" for hook in hooks] or ["There are no functions."]))


def remove(name: Name, endpoint: Endpoint = ENDPOINT, as_json: Json = False) -> None:
    """Remove the URL of a function."""
    Remote(endpoint, REGION).remove_hook(name)
    echo(json.dumps({"name": name}) if as_json else f"Removed {name}")

"""``moyai hook``: where the functions of lifecycle hooks are."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json
from moyai.cli.remote import Remote

_NAME = typer.Argument(metavar="ARN", help="The Lambda function's ARN, or its name alone for every account and region.")


def hook_commands() -> typer.Typer:
    """put, list, rm."""
    commands = typer.Typer(
        help="Which URL is asked in place of a lifecycle hook's Lambda function.",
        no_args_is_help=True,
    )
    commands.command()(put)
    commands.command(name="list")(list_hooks)
    commands.command()(rm)
    return commands


def put(
    name: Annotated[str, _NAME],
    url: Annotated[str, typer.Argument(metavar="URL", help="http://… or https://…; it gets what Lambda would get.")],
    endpoint: Endpoint = ENDPOINT,
) -> None:
    """Have this URL asked in place of a function."""
    Remote(endpoint, REGION).put_hook(name, url)
    typer.echo(f"{name} is asked at {url}")


def list_hooks(endpoint: Endpoint = ENDPOINT, as_json: Json = False) -> None:
    """List the functions whose place is known."""
    known = Remote(endpoint, REGION).hooks()
    if as_json:
        typer.echo(json.dumps([{"name": f["name"], "url": f["url"]} for f in known]))
    else:
        typer.echo("\n".join(f"{f['name']}  {f['url']}" for f in known) or "There are no functions.")


def rm(name: Annotated[str, _NAME], endpoint: Endpoint = ENDPOINT) -> None:
    """Forget where a function is."""
    Remote(endpoint, REGION).remove_hook(name)
    typer.echo(f"{name} is forgotten")

"""``moyai logs``: a container's output."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from moyai.cli.choice import TASK_HELP, choose, only_container
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote
from moyai.cli.snapshot import running_tasks, stopped_tasks


def logs(
    task: Annotated[str, typer.Argument(help=TASK_HELP)],
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    container: Annotated[str | None, typer.Option(help="Which container; needed when the task has several.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the container ends.")] = False,
    as_json: Json = False,
) -> None:
    """Print what a container wrote to stdout and stderr, oldest line first."""
    remote = Remote(endpoint, region)
    found = choose(task, running_tasks(remote), stopped_tasks(remote))
    name = container or only_container(found)
    for line in remote.logs(found["id"], name, follow=follow):
        if as_json:
            typer.echo(json.dumps(line))
        else:
            at = datetime.fromtimestamp(line["at"], UTC).isoformat(timespec="milliseconds")
            typer.echo(f"{at} {_shown(line['text'])}")


def _shown(text: str) -> str:
    """The text as a terminal may have it: what would steer the terminal is escaped there, and only there."""
    if not sys.stdout.isatty():
        return text
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text)

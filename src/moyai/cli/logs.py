"""``moyai logs``: a container's output."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Annotated, Any

import typer

from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote
from moyai.cli.snapshot import snapshot, stopped_tasks


def logs(
    task: Annotated[str, typer.Argument(help="A task's id or ARN, the start of an id, or a service's name.")],
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    container: Annotated[str | None, typer.Option(help="Which container; needed when the task has several.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the container ends.")] = False,
    as_json: Json = False,
) -> None:
    """Print what a container wrote to stdout and stderr, oldest line first."""
    remote = Remote(endpoint, region)
    found = _find(remote, task)
    name = container or _only_container(found)
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


def _find(remote: Remote, wanted: str) -> dict[str, Any]:
    """The one task that is meant: a running one if there is any, else the last that stopped."""
    wanted = wanted.rpartition("/")[2]
    running = [t for cluster in snapshot(remote)["clusters"] for t in cluster["tasks"]]
    for task in chain(running, stopped_tasks(remote)):
        if task["id"].startswith(wanted) or task["group"] == f"service:{wanted}":
            return dict(task)
    known = ", ".join(sorted({t["group"].removeprefix("service:") for t in running})) or "none"
    raise typer.BadParameter(f"no task or service {wanted!r}; running: {known}")


def _only_container(task: Mapping[str, Any]) -> str:
    names = [n for n in task["containers"] if not n.startswith("ecs-service-connect-")]
    if len(names) != 1:
        choice = ", ".join(names)
        raise typer.BadParameter(f"task {task['id']} has several containers; choose one with --container: {choice}")
    return str(names[0])

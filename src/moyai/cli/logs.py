"""``moyai logs``: a container's output, or that of a service's tasks."""

from __future__ import annotations

import contextlib
import json
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from moyai.cli.choice import TASK_HELP, choose, containers_of, of_service, only_container
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote
from moyai.cli.snapshot import running_tasks, stopped_tasks
from moyai.cli.streams import Source, Told, followed, merged

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_cyan", "bright_yellow", "bright_green")


def logs(
    task: Annotated[str, typer.Argument(help=TASK_HELP)],
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    container: Annotated[
        str | None, typer.Option(help="Which container; needed when a task has several, and a service has all.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the container ends.")] = False,
    as_json: Json = False,
) -> None:
    """Print what a container wrote to stdout and stderr, or all containers of a service's tasks, oldest line first."""
    remote = Remote(endpoint, region)
    running = list(running_tasks(remote))
    sources = _sources(of_service(task, running), container)
    if len(sources) > 1 and follow:
        told = followed(remote, lambda: _sources(of_service(task, running_tasks(remote)), container))
    elif len(sources) > 1:
        told = merged(remote, sources)
    else:
        found = choose(task, running, stopped_tasks(remote))
        alone = Source(found["id"], container or only_container(found))
        told = ((alone, line) for line in remote.logs(*alone, follow=follow))
    with contextlib.suppress(KeyboardInterrupt):
        _print(told, labelled=len(sources) > 1, as_json=as_json)


def _sources(tasks: Iterable[Mapping[str, Any]], container: str | None) -> list[Source]:
    return [Source(t["id"], name) for t in tasks for name in containers_of(t, container)]


def _print(told: Iterator[Told], *, labelled: bool, as_json: bool) -> None:
    for source, line in told:
        if as_json:
            typer.echo(json.dumps({**line, **(source._asdict() if labelled else {})}))
            continue
        at = datetime.fromtimestamp(line["at"], UTC).isoformat(timespec="milliseconds")
        label = f"{_coloured(source.label)} " if labelled else ""
        typer.echo(f"{label}{at} {_shown(line['text'])}")


def _coloured(label: str) -> str:
    """On a terminal, each container's own colour; typer leaves it out elsewhere."""
    return typer.style(label, fg=_COLOURS[zlib.crc32(label.encode()) % len(_COLOURS)])


def _shown(text: str) -> str:
    """The text as a terminal may have it: what would steer the terminal is escaped there, and only there."""
    if not sys.stdout.isatty():
        return text
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text)

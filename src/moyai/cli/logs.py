"""``moyai logs``: the output of a container, or of all tasks of a service."""

from __future__ import annotations

import contextlib
import json
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moyai.cli.choice import TASK_HELP, choose_task, containers_of, only_container, tasks_of_service
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote
from moyai.cli.snapshot import running_tasks, stopped_tasks

if TYPE_CHECKING:
    from moyai.cli.streams import LogSource, SourcedLine

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_cyan", "bright_yellow", "bright_green")


def logs(
    task: Annotated[str, typer.Argument(help=TASK_HELP)],
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    container: Annotated[
        str | None, typer.Option(help="Container name; required for a task with several containers.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing until the container ends.")] = False,
    as_json: Json = False,
) -> None:
    """Print the output of a container or of a service. A service's lines are those of all its tasks, oldest first."""
    from moyai.cli.streams import LogSource, follow_logs, merge_logs

    remote = Remote(endpoint, region)
    running = list(running_tasks(remote))
    sources = _sources(tasks_of_service(task, running), container)
    if len(sources) > 1 and follow:
        lines = follow_logs(remote, lambda: _sources(tasks_of_service(task, running_tasks(remote)), container))
    elif len(sources) > 1:
        lines = merge_logs(remote, sources)
    else:
        chosen = choose_task(task, running, stopped_tasks(remote))
        source = LogSource(chosen["id"], container or only_container(chosen))
        lines = ((source, line) for line in remote.logs(*source, follow=follow))
    with contextlib.suppress(KeyboardInterrupt):
        _print(lines, labelled=len(sources) > 1, as_json=as_json)


def _sources(tasks: Iterable[Mapping[str, Any]], container: str | None) -> list[LogSource]:
    from moyai.cli.streams import LogSource

    return [LogSource(t["id"], name) for t in tasks for name in containers_of(t, container)]


def _print(lines: Iterator[SourcedLine], *, labelled: bool, as_json: bool) -> None:
    for source, line in lines:
        if as_json:
            typer.echo(json.dumps({**line, **(source._asdict() if labelled else {})}))
            continue
        at = datetime.fromtimestamp(line["at"], UTC).isoformat(timespec="milliseconds")
        label = f"{_coloured(source.label)} " if labelled else ""
        typer.echo(f"{label}{at} {_printable(line['text'])}")


def _coloured(label: str) -> str:
    """The label in its container's colour; typer removes colours where there is no terminal."""
    return typer.style(label, fg=_COLOURS[zlib.crc32(label.encode()) % len(_COLOURS)])


def _printable(text: str) -> str:
    """The text with control characters escaped, so that output cannot control the user's terminal. Only there."""
    if not sys.stdout.isatty():
        return text
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text)

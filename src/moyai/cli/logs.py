"""``moyai logs``: the output of a container, or of all tasks of a service."""

from __future__ import annotations

import contextlib
import json
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from moyai.cli.choice import TASK_HELP, choose_container, choose_task, containers_of, tasks_of_service
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region, seconds_ago
from moyai.cli.remote import LogSelection, Remote
from moyai.cli.snapshot import running_tasks, stopped_tasks
from moyai.cli.text import echo, printable

if TYPE_CHECKING:
    from moyai.cli.streams import LogSource, SourcedLine

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_cyan", "bright_yellow", "bright_green")
MOST_LINES = 10_000
"""The limit of --tail: the server keeps the last lines of a container in memory while it looks for them."""


def logs(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    task: Annotated[str, typer.Argument(help=TASK_HELP)],
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    container: Annotated[
        str | None, typer.Option(help="Container name; required for a task with several containers.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing until the container ends.")] = False,
    since: Annotated[str | None, typer.Option(help="Only the last 90s, 5m, 1h, 2d.")] = None,
    tail: Annotated[
        int | None, typer.Option("--tail", "-n", help="Only the last lines of each container.", min=0, max=MOST_LINES)
    ] = None,
    previous: Annotated[
        bool, typer.Option("--previous", "-p", help="Of a service: its task that stopped last, within an hour.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the output of a container or of a service. A service's lines are those of all its tasks, oldest first."""
    from moyai.cli.streams import follow_logs, merge_logs

    remote = Remote(endpoint, region)
    selection = LogSelection(None if since is None else seconds_ago(since, "--since"), tail)
    reader = SelectedLogs(remote, selection)
    running = [] if previous else list(running_tasks(remote))
    sources = _sources(tasks_of_service(task, running), container)
    if len(sources) > 1 and follow:
        lines = follow_logs(reader, lambda: _sources(tasks_of_service(task, running_tasks(remote)), container))
    elif len(sources) > 1:
        lines = merge_logs(reader, sources)
    else:
        if previous:
            chosen = choose_task(task, stopped_tasks(remote), state="stopped within the last hour")
        else:
            chosen = choose_task(task, running, stopped_tasks(remote))
        lines = _lines_of_task(reader, chosen, container, follow=follow)
    with contextlib.suppress(KeyboardInterrupt):
        _print(lines, labelled=len(sources) > 1, as_json=as_json)


class SelectedLogs(NamedTuple):
    """Reads the selected lines of each container."""

    remote: Remote
    selection: LogSelection

    def logs(self, task: str, container: str, *, follow: bool) -> Iterator[Mapping[str, Any]]:
        """The container's selected lines; with ``follow``, until it ends."""
        return self.remote.logs(task, container, self.selection, follow=follow)


def _sources(tasks: Iterable[Mapping[str, Any]], container: str | None) -> list[LogSource]:
    from moyai.cli.streams import LogSource

    return [LogSource(t["id"], name) for t in tasks for name in containers_of(t, container)]


def _lines_of_task(
    reader: SelectedLogs, task: Mapping[str, Any], container: str | None, *, follow: bool
) -> Iterator[SourcedLine]:
    """The lines of one container. Where there are none because the task never started, it says so on stderr."""
    from moyai.cli.streams import LogSource

    source, has_lines = LogSource(task["id"], choose_container(task, container)), False
    for line in reader.logs(*source, follow=follow):
        has_lines = True
        yield source, line
    if not has_lines and not task.get("has_started", True):
        echo(f"Task {source.task} stopped before it started, so it has no logs: {task['reason']}", err=True)


def _print(lines: Iterator[SourcedLine], *, labelled: bool, as_json: bool) -> None:
    for source, line in lines:
        if as_json:
            typer.echo(json.dumps({**source._asdict(), **line}))
            continue
        at = datetime.fromtimestamp(line["at"], UTC).isoformat(timespec="milliseconds")
        label = f"{_colour(source.label)} " if labelled else ""
        typer.echo(f"{label}{at} {_printable(line['text'])}")


def _colour(label: str) -> str:
    """The label in its container's colour; typer removes colours where there is no terminal."""
    return typer.style(label, fg=_COLOURS[zlib.crc32(label.encode()) % len(_COLOURS)])


def _printable(text: str) -> str:
    """The text, printable in a terminal, so that output cannot control it; unchanged in a file or a pipe."""
    return "\t".join(map(printable, text.split("\t"))) if sys.stdout.isatty() else text

"""``moyai proxy``: the configuration and the state of a task's Envoy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from moyai.cli.choice import TASK_HELP, choose_task
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.proxy.configuration import Row, cluster_rows, endpoint_rows, route_rows
from moyai.cli.remote import Remote
from moyai.cli.snapshot import running_tasks
from moyai.cli.text import echo, printable

_Task = Annotated[str, typer.Argument(help=TASK_HELP, metavar="TASK")]
_LONGEST_PATTERN: Final = 200


def proxy_commands() -> typer.Typer:
    """The group ``moyai proxy``."""
    commands = typer.Typer(help="Show the configuration and state of a task's proxy.", no_args_is_help=True)
    for name, command in (("clusters", clusters), ("routes", routes), ("endpoints", endpoints), ("stats", stats)):
        commands.command(name)(command)
    return commands


def clusters(task: _Task, endpoint: Endpoint = ENDPOINT, region: Region = REGION, as_json: Json = False) -> None:
    """List the clusters: what the proxy calls, and how."""
    _print(_configured_rows(Remote(endpoint, region), task, cluster_rows), as_json=as_json)


def routes(task: _Task, endpoint: Endpoint = ENDPOINT, region: Region = REGION, as_json: Json = False) -> None:
    """List the routes: which requests go to which cluster, with timeouts and retries."""
    _print(_configured_rows(Remote(endpoint, region), task, route_rows), as_json=as_json)


def endpoints(task: _Task, endpoint: Endpoint = ENDPOINT, region: Region = REGION, as_json: Json = False) -> None:
    """List the endpoints of each cluster with their health, ejections and requests, as the proxy has them now."""
    remote = Remote(endpoint, region)
    record = choose_task(task, running_tasks(remote))
    live = remote.read("proxy", task=record["id"])["endpoints"]
    rows = list(_configured_rows(remote, record["id"], endpoint_rows) if live is None else map(_live_row, live))
    _print(rows, as_json=as_json)


def stats(
    task: _Task,
    pattern: Annotated[str, typer.Option("--filter", help="Regular expression that a statistic's name matches.")] = ".",
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    as_json: Json = False,
) -> None:
    """Print the proxy's statistics that are not zero, by Envoy's names."""
    if not pattern or len(pattern) > _LONGEST_PATTERN:
        message = f"a regular expression has 1 to {_LONGEST_PATTERN} characters"
        raise typer.BadParameter(message, param_hint="--filter")
    remote = Remote(endpoint, region)
    record = choose_task(task, running_tasks(remote))
    values = remote.read("proxy", task=record["id"], stats=pattern)["stats"]
    if values is None:
        raise typer.BadParameter(f"the proxy of task {record['id']} does not answer", param_hint="TASK")
    echo(*([json.dumps(values)] if as_json else [f"{name}: {value}" for name, value in sorted(values.items())]))


def _configured_rows(remote: Remote, task: str, rows: Callable[[Mapping[str, Any]], Iterable[Row]]) -> Iterator[Row]:
    """The rows of the configuration that the control plane sends to a task's proxy."""
    yield from rows(configuration_of(remote, choose_task(task, running_tasks(remote))))


def configuration_of(remote: Remote, task: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration that the control plane sends to the proxy of a running task, as in Envoy's ``/config_dump``."""
    arn = f"{task['cluster'].replace(':cluster/', ':task/', 1)}/{task['id']}"
    return remote.read("configuration", of=arn)


def _live_row(endpoint: Mapping[str, Any]) -> Row:
    state = "ejected" if endpoint["ejected"] else "draining" if endpoint["draining"] else endpoint["health"]
    counts = {name: str(endpoint[name]) for name in ("active", "connections", "requests", "errors")}
    at = f"{endpoint['address']}:{endpoint['port']}"
    return {"cluster": endpoint["cluster"], "endpoint": at, "state": state, **counts}


def _print(rows: Iterable[Row], *, as_json: bool) -> None:
    listed: Sequence[Row] = list(rows)
    if as_json:
        echo(json.dumps(listed))
    elif not listed:
        echo("There are none.")
    else:
        from rich.table import Table

        from moyai.cli.output import console

        table = Table(*listed[0], box=None, pad_edge=False, header_style="bold")
        for column in table.columns:
            column.overflow = "fold"
        for row in listed:
            table.add_row(*(printable(row[name]) for name in listed[0]))
        console().print(table)

"""``moyai status``: what runs, at which URLs, and why tasks stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from moyai.cli.choice import name_of, unknown_service
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region, Watch
from moyai.cli.remote import Remote
from moyai.cli.snapshot import snapshot
from moyai.cli.text import printable

if TYPE_CHECKING:  # Rich is imported when a table is drawn
    from rich.console import Console, RenderableType
    from rich.table import Table

_COLUMNS: Final = MappingProxyType(
    {"id": "task", **{name: name for name in ("group", "status", "health", "zone", "address", "public")}}
)
"""The columns of the table of tasks, each with its title."""
_DROPPED_FIRST: Final = ("", "zone", "address", "health")
_SHORT_ID: Final = 8
_STOPPED_SHOWN: Final = 5
"""The number of stopped tasks of a cluster that the tables show; JSON has all."""

_Cluster = Mapping[str, Any]


def status(
    service: Annotated[str | None, typer.Argument(help="Show only this service, by name or ARN.")] = None,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    watch: Watch = None,
    as_json: Json = False,
) -> None:
    """Show clusters, services, container instances, tasks, load balancers and URLs. Tasks with a public IP address and
    internet-facing load balancers have URLs. Tasks that stopped within the last hour, and public ports that could not
    be opened, are shown with their reasons.
    """
    remote = Remote(endpoint, region)
    with suppress(KeyboardInterrupt):
        while True:
            current = snapshot(remote)
            if service is not None:
                current = _only(current, name_of(service))
            if as_json:
                typer.echo(json.dumps(current, indent=None if watch else 2))
            else:
                _print(current, is_repeated=watch is not None)
            if watch is None:
                return
            time.sleep(watch)


def _only(current: _Cluster, service: str) -> dict[str, Any]:
    """The service with this name, its tasks and its clusters. Raises BadParameter."""
    group = f"service:{service}"
    clusters = [
        {
            **cluster,
            "services": [s for s in cluster["services"] if s["name"] == service],
            "instances": [],
            "tasks": [t for t in cluster["tasks"] if t["group"] == group],
            "stopped": [t for t in cluster["stopped"] if t["group"] == group],
        }
        for cluster in current["clusters"]
    ]
    clusters = [cluster for cluster in clusters if cluster["services"]]
    if not clusters:
        raise unknown_service(service, (s["name"] for cluster in current["clusters"] for s in cluster["services"]))
    return {**current, "clusters": clusters, "loadBalancers": []}


def _print(current: _Cluster, *, is_repeated: bool) -> None:
    from moyai.app.clock import SystemClock
    from moyai.cli.output import can_redraw, console

    out = console()
    if is_repeated and can_redraw(out):
        out.clear()
    if is_repeated:
        out.print(datetime.fromtimestamp(SystemClock().now(), UTC).isoformat(timespec="seconds"))
    if not current["clusters"]:
        out.print(f"moyai runs on {current['endpoint']}. There are no clusters in {current['region']}.")
    for cluster in current["clusters"]:
        _print_cluster(out, cluster)
    if current["loadBalancers"]:
        out.print(_balancer_table(current["loadBalancers"]))
    for port, reason in current["portFailures"].items():
        out.print(f"{port} can't be opened: {printable(reason)}. moyai doctor says what to do.")


def _print_cluster(out: Console, cluster: _Cluster) -> None:
    tables: list[RenderableType] = [_service_table(cluster)]
    if cluster["instances"]:
        tables.append(_instance_table(cluster["instances"]))
    tables.append(_task_table(cluster["tasks"], out.width))
    if cluster["stopped"]:
        tables.append(_stopped_table(cluster["stopped"]))
    out.print(*tables)


def _service_table(cluster: _Cluster) -> Table:
    from rich.table import Table

    has_urls = ["public"] if any(s["url"] for s in cluster["services"]) else []
    titles = ("service", "status", "desired", "running", "pending", "rollout", "names", *has_urls)
    services = Table(*titles, title=printable(cluster["name"]))
    services.columns[0].overflow = services.columns[-1].overflow = "fold"
    for s in cluster["services"]:
        counts = (str(s["desired"]), str(s["running"]), str(s["pending"]))
        names = " ".join(s["names"])
        _add_row(services, s["name"], s["status"], *counts, s["rollout"], names, *(s["url"] for _ in has_urls))
    return services


def _instance_table(instances: Sequence[Mapping[str, Any]]) -> Table:
    from rich.table import Table

    table = Table("container instance", "machine", "status", "connected", "zone", "tasks", "CPU left", "MiB left")
    for i in instances:
        connected, left = "yes" if i["connected"] else "no", (str(i["cpu_left"]), str(i["memory_left"]))
        _add_row(table, i["id"], i["instance"], i["status"], connected, i["zone"], str(i["tasks"]), *left)
    return table


def _balancer_table(balancers: Sequence[Mapping[str, Any]]) -> Table:
    """The table of load balancers: where one has no URL, its DNS name is for tasks."""
    from rich.table import Table

    table = Table("load balancer", "scheme", "state", "URLs", title="load balancers")
    for column in table.columns:
        column.overflow = "fold"
    for b in balancers:
        state = f"{b['state']}: {b['reason']}" if b["reason"] else b["state"]
        _add_row(table, b["name"], b["scheme"], state, " ".join(b["urls"] or [b["dns_name"]]))
    return table


def _stopped_table(tasks: Sequence[Mapping[str, Any]]) -> Table:
    """The newest stopped tasks, each with its reason. All IDs are short, which all commands accept."""
    from rich.table import Table

    more = len(tasks) - _STOPPED_SHOWN
    table = Table("stopped task", "group", "at (UTC)", "reason", caption=f"and {more} older" if more > 0 else None)
    table.columns[-1].overflow = "fold"
    for t in tasks[:_STOPPED_SHOWN]:
        stopped_at = t["stopped_at"]
        at = "stopping" if stopped_at is None else f"{datetime.fromtimestamp(stopped_at, UTC):%H:%M:%S}"
        _add_row(table, t["id"][:_SHORT_ID], t["group"], at, t["reason"] or t["code"])
    return table


def _task_table(tasks: Sequence[Mapping[str, Any]], width: int) -> Table:
    """The table in this width: IDs are shortened first, which all commands accept, then columns are dropped."""
    from rich.table import Table

    rows = [{**t, "public": " ".join(t["urls"])} for t in tasks]
    columns = list(_COLUMNS)
    for dropped_column in (None, *_DROPPED_FIRST):
        if dropped_column is not None:
            rows = [{**row, "id": row["id"][:_SHORT_ID]} for row in rows]
            columns = [name for name in columns if name != dropped_column]
        if _table_width(rows, columns) <= width:
            break
    table = Table(*(_COLUMNS[name] for name in columns))
    for column in table.columns:
        column.overflow = "fold"
    table.columns[0].no_wrap = table.columns[-1].no_wrap = True
    for row in rows:
        _add_row(table, *(row[name] for name in columns))
    return table


def _table_width(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> int:
    return 1 + sum(3 + max(len(_COLUMNS[name]), *(len(row[name]) for row in rows), 0) for name in columns)


def _add_row(table: Table, *cells: str) -> None:
    table.add_row(*map(printable, cells))

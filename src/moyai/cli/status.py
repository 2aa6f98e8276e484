"""``moyai status``: what runs, and at which URLs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import typer

from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote
from moyai.cli.snapshot import snapshot

if TYPE_CHECKING:  # Rich is imported when a table is drawn
    from rich.console import Console
    from rich.table import Table

_COLUMNS: Final = MappingProxyType(
    {"id": "task", **{name: name for name in ("group", "status", "health", "zone", "address", "public")}}
)
"""The columns of the table of tasks, each with its title."""
_DROPPED_FIRST: Final = ("", "zone", "address", "health")
_SHORT_ID: Final = 8


def status(
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    as_json: Json = False,
) -> None:
    """Show clusters, services, container instances, tasks, load balancers and URLs. Tasks with a public IP address and
    internet-facing load balancers have URLs.
    """
    current = snapshot(Remote(endpoint, region))
    if as_json:
        typer.echo(json.dumps(current, indent=2))
        return
    from moyai.cli.output import console

    out = console()
    if not current["clusters"]:
        out.print(f"moyai runs on {endpoint}. There are no clusters in {region}.")
    for cluster in current["clusters"]:
        _print_cluster(out, cluster)
    if current["loadBalancers"]:
        out.print(_balancer_table(current["loadBalancers"]))


def _print_cluster(out: Console, cluster: Mapping[str, Any]) -> None:
    from rich.table import Table

    has_urls = ["public"] if any(s["url"] for s in cluster["services"]) else []
    titles = ("service", "status", "desired", "running", "pending", "rollout", "names", *has_urls)
    services = Table(*titles, title=cluster["name"])
    services.columns[0].overflow = services.columns[-1].overflow = "fold"
    for s in cluster["services"]:
        counts = (str(s["desired"]), str(s["running"]), str(s["pending"]))
        services.add_row(
            s["name"], s["status"], *counts, s["rollout"], " ".join(s["names"]), *(s["url"] for _ in has_urls)
        )
    instances = Table("container instance", "machine", "status", "connected", "zone", "tasks", "CPU left", "MiB left")
    for i in cluster["instances"]:
        connected, left = "yes" if i["connected"] else "no", (str(i["cpu_left"]), str(i["memory_left"]))
        instances.add_row(i["id"], i["instance"], i["status"], connected, i["zone"], str(i["tasks"]), *left)
    out.print(services, *([instances] if cluster["instances"] else []), _task_table(cluster["tasks"], out.width))


def _balancer_table(balancers: Sequence[Mapping[str, Any]]) -> Table:
    """The table of load balancers: where one has no URL, its DNS name is for tasks."""
    from rich.table import Table

    table = Table("load balancer", "scheme", "state", "URLs", title="load balancers")
    for column in table.columns:
        column.overflow = "fold"
    for b in balancers:
        state = f"{b['state']}: {b['reason']}" if b["reason"] else b["state"]
        table.add_row(b["name"], b["scheme"], state, " ".join(b["urls"] or [b["dns_name"]]))
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
        table.add_row(*(row[name] for name in columns))
    return table


def _table_width(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> int:
    return 1 + sum(3 + max(len(_COLUMNS[name]), *(len(row[name]) for row in rows), 0) for name in columns)

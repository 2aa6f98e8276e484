"""``moyai status``: what runs, and where to reach it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from moyai.cli.console import console
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote
from moyai.cli.snapshot import snapshot

_TASKS: Final = MappingProxyType(
    {"id": "task", **{name: name for name in ("group", "status", "health", "zone", "address", "public")}}
)
_FIRST_TO_GO: Final = ("", "zone", "address", "health")
_SHORT_ID: Final = 8


def status(
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    as_json: Json = False,
) -> None:
    """Show clusters, services, container instances and tasks, and the URLs of tasks with a public address."""
    found = snapshot(Remote(endpoint, region))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    out = console()
    if not found["clusters"]:
        out.print(f"moyai runs on {endpoint}; there is no cluster in {region} yet.")
    for cluster in found["clusters"]:
        _show(out, cluster)


def _show(out: Console, cluster: Mapping[str, Any]) -> None:
    services = Table("service", "status", "desired", "running", "pending", "rollout", "names", title=cluster["name"])
    services.columns[0].overflow = "fold"
    for s in cluster["services"]:
        counts = (str(s["desired"]), str(s["running"]), str(s["pending"]))
        services.add_row(s["name"], s["status"], *counts, s["rollout"], " ".join(s["names"]))
    instances = Table("container instance", "machine", "status", "connected", "zone", "tasks", "CPU left", "MiB left")
    for i in cluster["instances"]:
        connected, left = "yes" if i["connected"] else "no", (str(i["cpu_left"]), str(i["memory_left"]))
        instances.add_row(i["id"], i["instance"], i["status"], connected, i["zone"], str(i["tasks"]), *left)
    out.print(services, *([instances] if cluster["instances"] else []), _tasks(cluster["tasks"], out.width))


def _tasks(tasks: Sequence[Mapping[str, Any]], width: int) -> Table:
    """What there is room for: ids grow short, which the commands take as well, and columns go, before any is cut."""
    rows = [{**t, "public": " ".join(t["urls"])} for t in tasks]
    shown = list(_TASKS)
    for less in (None, *_FIRST_TO_GO):
        if less is not None:
            rows = [{**row, "id": row["id"][:_SHORT_ID]} for row in rows]
            shown = [name for name in shown if name != less]
        if _wide(rows, shown) <= width:
            break
    drawn = Table(*(_TASKS[name] for name in shown))
    for column in drawn.columns:
        column.overflow = "fold"
    drawn.columns[0].no_wrap = drawn.columns[-1].no_wrap = True
    for row in rows:
        drawn.add_row(*(Text(row[name]) for name in shown))
    return drawn


def _wide(rows: Sequence[Mapping[str, str]], shown: Sequence[str]) -> int:
    """How many columns of a terminal such a table takes."""
    return 1 + sum(3 + max(len(_TASKS[name]), *(len(row[name]) for row in rows), 0) for name in shown)

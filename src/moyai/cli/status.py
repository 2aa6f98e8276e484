"""``moyai status``: what runs, and where to reach it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from moyai.cli.console import console
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote
from moyai.cli.snapshot import snapshot


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
    for s in cluster["services"]:
        counts = (str(s["desired"]), str(s["running"]), str(s["pending"]))
        services.add_row(s["name"], s["status"], *counts, s["rollout"], " ".join(s["names"]))
    tasks = Table("task", "group", "status", "health", "zone", "address", "public")
    tasks.columns[0].no_wrap = tasks.columns[-1].no_wrap = True
    for t in cluster["tasks"]:
        tasks.add_row(t["id"], t["group"], t["status"], t["health"], t["zone"], t["address"], " ".join(t["urls"]))
    instances = Table("container instance", "machine", "status", "connected", "zone", "tasks", "CPU left", "MiB left")
    for i in cluster["instances"]:
        connected, left = "yes" if i["connected"] else "no", (str(i["cpu_left"]), str(i["memory_left"]))
        instances.add_row(i["id"], i["instance"], i["status"], connected, i["zone"], str(i["tasks"]), *left)
    out.print(services, *([instances] if cluster["instances"] else []), tasks)

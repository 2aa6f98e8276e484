"""``moyai mesh``: who calls whom, from CloudWatch's own figures."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from moyai.app.clock import SystemClock
from moyai.app.config import caller_region, endpoint_url
from moyai.cli.edges import edge_table, read_edges
from moyai.cli.remote import Remote


def mesh(
    endpoint: Annotated[str, typer.Option(help="URL of the running moyai.", default_factory=endpoint_url)],
    region: Annotated[str, typer.Option(help="Region to look at.", default_factory=caller_region)],
    minutes: Annotated[int, typer.Option(help="How far to look back.", min=1, max=180)] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show requests, failures, retries and latency for each caller and target."""
    now = SystemClock().now()
    edges = read_edges(Remote(endpoint, region), now - 60 * minutes, now)
    if as_json:
        typer.echo(json.dumps([asdict(edge) for edge in edges], indent=2))
    else:
        Console().print(edge_table(edges))

"""``moyai mesh``: who calls whom, from CloudWatch's own figures."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from moyai.app.clock import SystemClock
from moyai.cli.console import console
from moyai.cli.edges import edge_table, read_edges
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote


def mesh(
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    minutes: Annotated[int, typer.Option(help="How far to look back.", min=1, max=180)] = 60,
    as_json: Json = False,
) -> None:
    """Show requests, failures, retries and latency for each caller and target."""
    now = SystemClock().now()
    edges = read_edges(Remote(endpoint, region), now - 60 * minutes, now)
    if as_json:
        typer.echo(json.dumps([asdict(edge) for edge in edges], indent=2))
    else:
        console().print(edge_table(edges))

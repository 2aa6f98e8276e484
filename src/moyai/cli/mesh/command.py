"""``moyai mesh``: print or watch who calls whom."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from moyai.cli.mesh.view import Group, Sort, View
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region, duration

if TYPE_CHECKING:
    from rich.console import Console

    from moyai.cli.mesh.values import MeshTraffic


def mesh(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    namespace: Annotated[str | None, typer.Option(help="Show only calls in this Cloud Map namespace.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Show only calls from or to services of this cluster.")] = None,
    service: Annotated[
        str | None, typer.Option(help="Show only calls from or to this service or discovery name.")
    ] = None,
    since: Annotated[str, typer.Option(help="How far to look back: 90s, 5m, 1h, 2d.")] = "5m",
    sort: Annotated[Sort, typer.Option(help="Order of the rows.")] = Sort.RATE,
    group: Annotated[Group, typer.Option(help="Grouping of the rows.")] = Group.NAMESPACE,
    watch: Annotated[float, typer.Option("--watch", "-w", help="Seconds between two updates.", min=1)] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Print once, also in a terminal.")] = False,
    as_json_: Json = False,
) -> None:
    """Show who calls whom, how often and how fast. In a terminal the table is live (h for help)."""
    from moyai.app.clock import SystemClock
    from moyai.cli.mesh.metrics import span_back
    from moyai.cli.mesh.reader import MeshReader
    from moyai.cli.mesh.values import EdgeFilter, as_json
    from moyai.cli.output import can_redraw, console
    from moyai.cli.remote import Remote

    view = View(since=duration(since, "--since"), sort=sort, group=group)
    reader = MeshReader(Remote(endpoint, region), EdgeFilter(namespace, cluster, service))

    def read(seconds: int) -> MeshTraffic:
        return reader.read(span_back(SystemClock().now(), seconds))

    if as_json_:
        typer.echo(as_json(read(view.since)))
        return
    out = console()
    if can_redraw(out) and sys.stdin.isatty() and not once:
        from moyai.cli.mesh.live import watch as watch_live

        watch_live(out, read, view, watch)
        return
    _print(out, read(view.since), view)


def _print(out: Console, current: MeshTraffic, view: View) -> None:
    from moyai.cli.mesh.table import headline, table

    out.print(table(current, view, out.width))
    out.print(headline(current))

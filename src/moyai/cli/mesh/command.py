"""The command and its options."""

from __future__ import annotations

import re
import sys
from types import MappingProxyType
from typing import Annotated, Final

import typer

from moyai.app.clock import SystemClock
from moyai.cli.console import console, redraws
from moyai.cli.mesh.figures import span_back
from moyai.cli.mesh.read import Reader
from moyai.cli.mesh.table import headline, table
from moyai.cli.mesh.values import Mesh, Wanted, as_json
from moyai.cli.mesh.view import Group, Sort, View
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote

_UNITS: Final = MappingProxyType({"s": 1, "m": 60, "h": 3600, "d": 86_400})
_MOST: Final = 15 * 86_400


def mesh(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    namespace: Annotated[str | None, typer.Option(help="Only edges of this Cloud Map namespace.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Only edges with a service of this cluster at an end.")] = None,
    service: Annotated[str | None, typer.Option(help="Only edges from or to this service or discovery name.")] = None,
    since: Annotated[str, typer.Option(help="How far to look back: 90s, 5m, 1h, 2d.")] = "5m",
    sort: Annotated[Sort, typer.Option(help="What rows are ordered by.")] = Sort.RATE,
    group: Annotated[Group, typer.Option(help="What rows are put under.")] = Group.NAMESPACE,
    watch: Annotated[float, typer.Option("--watch", "-w", help="Seconds between two looks.", min=1)] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Print once, in a terminal, too.")] = False,
    as_json_: Json = False,
) -> None:
    """Show who calls whom: rates, success, latency, retries, ejected hosts; alive in a terminal (h for help)."""
    view = View(since=_seconds(since), sort=sort, group=group)
    reader = Reader(Remote(endpoint, region), Wanted(namespace, cluster, service))

    def read(seconds: int) -> Mesh:
        return reader.read(span_back(SystemClock().now(), seconds))

    if as_json_:
        typer.echo(as_json(read(view.since)))
        return
    out = console()
    if redraws(out) and sys.stdin.isatty() and not once:
        from moyai.cli.mesh.live import watch as watch_live

        watch_live(out, read, view, watch)
        return
    found = read(view.since)
    out.print(table(found, view, out.width))
    out.print(headline(found))


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= _MOST:
        raise typer.BadParameter(f"{text!r} is not 90s, 5m, 1h, 2d or the like, up to 15d", param_hint="--since")
    return seconds

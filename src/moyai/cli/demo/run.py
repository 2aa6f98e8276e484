"""The demo's story, told while it happens; it ends well only if not one request failed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from moyai.app.clock import SystemClock
from moyai.app.config import DEFAULT_PORT
from moyai.cli.console import console as wide_console
from moyai.cli.demo.server import DidNotStart, Server, start
from moyai.cli.demo.shop import CLUSTERS, ORDER, Shop, TookTooLong, wait_until
from moyai.cli.demo.signals import interruptible, undisturbed
from moyai.cli.demo.traffic import Traffic
from moyai.cli.mesh.figures import span_back
from moyai.cli.mesh.read import Reader
from moyai.cli.mesh.table import table
from moyai.cli.mesh.values import Mesh
from moyai.cli.mesh.view import View
from moyai.cli.remote import Remote, Unreachable, say

_FOLDER = Path("examples/shop")


def demo(
    app: Annotated[Path, typer.Option(help="Folder with the application.", exists=True, file_okay=False)] = _FOLDER,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running and say where.")] = False,
) -> None:
    """Run four services in two clusters through real Envoys, break things under traffic, and count what failed."""
    with interruptible():
        if _failed(wide_console(), app, keep=keep):
            raise typer.Exit(1)


def _failed(console: Console, app: Path, *, keep: bool) -> bool:
    """Run it, and leave nothing unless everything went well and is to be kept."""
    try:
        server = _narrated_start(console, keep=keep)
    except DidNotStart as error:
        console.print(f"moyai did not start: {error}", style="red")
        return True
    kept = False
    try:
        failed = _story(console, server, app)
        kept = keep and not failed
    except (TookTooLong, DidNotStart, Unreachable, BotoCoreError, ClientError) as error:
        said = say(error) if isinstance(error, BotoCoreError | ClientError) else str(error)
        console.print(f"The demo stopped: {said}", style="red")
        console.print((server.state / "moyai.log").read_text()[-4000:], style="dim")
        failed = True
    finally:
        if kept:
            _say_where(console, server)
        else:
            with undisturbed(), _step(console, "everything stopped and removed"):
                server.stop()
    return failed


def _narrated_start(console: Console, *, keep: bool) -> Server:
    with _step(console, "control plane ready"):
        return start(DEFAULT_PORT if keep else 0)


def _story(console: Console, server: Server, folder: Path) -> bool:
    """Tell it; True when something failed."""
    shop = Shop(Remote(server.url, "us-east-1", own_credentials=True), folder)
    begun = SystemClock().now()
    with _step(console, "image moyai.local/shop:1 imported"):
        server.add_image("moyai.local/shop:1", folder / "image")
    with _step(console, f"clusters {', '.join(CLUSTERS)} and services {', '.join(ORDER)} created through the ECS API"):
        shop.create()
    for name in ORDER:
        with _step(console, f"{name} is steady"):
            shop.steady(name)
    url = shop.front_url()
    traffic = Traffic(url)
    with _step(console, f"traffic flows through {url}"):
        traffic.start()
        time.sleep(1)
    try:
        _break_and_change(console, shop)
    finally:
        tally = traffic.stop()
    with _step(console, "the last figures have come in"):
        mesh = _final_mesh(shop, begun, tally.sent)
    console.print(table(mesh, View(), console.width))
    failed = tally.failed + sum(edge.failures for edge in mesh.edges)
    console.print(f"{tally.sent} requests were sent from outside. {tally.last_failure}".rstrip())
    console.print(f"Requests that failed: {failed}", style="bold red" if failed else "bold green")
    return failed > 0


def _final_mesh(shop: Shop, begun: float, sent: int) -> Mesh:
    """The edges once CloudWatch has counted every request that was sent: each calls the catalog once, and the catalog
    calls the other two once for it (and once more when it was retried).
    """
    reader = Reader(shop.remote)
    found: list[Mesh] = []

    def complete() -> bool:
        now = SystemClock().now()
        found[:] = [reader.read(span_back(now, now - begun))]
        counted = {edge.target: edge.requests for edge in found[0].edges}
        return counted.get("catalog", 0) == sent and min(counted.get("pricing", 0), counted.get("stock", 0)) >= sent

    wait_until(complete, f"CloudWatch to have counted all {sent} requests", lambda: f"; it has {found}")
    return found[0]


def _break_and_change(console: Console, shop: Shop) -> None:
    """What happens under traffic."""
    with _step(console, "the process of one catalog task killed, and the task replaced"):
        shop.kill_one("catalog")
        shop.steady("catalog")
    with _step(console, "catalog rolled to a new revision"):
        shop.deploy("catalog", "2")
    with _step(console, "stock scaled out to 3 tasks"):
        shop.scale("stock", 3)
    with _step(console, "stock scaled in to 1 task"):
        shop.scale("stock", 1)


@contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    """Show that something goes on, then that it is done and how long it took."""
    started = time.monotonic()
    if console.is_terminal:
        with console.status(what):
            yield
    else:
        yield
    console.print(f"[green]✓[/green] {time.monotonic() - started:5.1f} s  {what}")


def _say_where(console: Console, server: Server) -> None:
    console.print(f"It goes on running on {server.url}; look at it with")
    console.print(f"  AWS_ENDPOINT_URL={server.url} {os.path.relpath(sys.argv[0])} status")
    console.print(f"  AWS_ENDPOINT_URL={server.url} aws ecs list-services --cluster shop-core")
    console.print("and take it away with")
    console.print(f"  {os.path.relpath(sys.argv[0])} down --forget --state {server.state} && rm -r {server.state}")

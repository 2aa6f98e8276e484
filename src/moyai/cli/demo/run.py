"""The steps of the demo, each printed when it is done. The demo fails if a single request fails."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from moyai.app.clock import SystemClock
from moyai.app.config import DEFAULT_PORT
from moyai.cli.demo.load_balancer import HOST, ShopLoadBalancer, create_load_balancer
from moyai.cli.demo.server import CommandFailed, NamedPorts, Server, free_gateway_ports, ignore_interrupts, start
from moyai.cli.demo.shop import CLUSTERS, IMPORTED_IMAGE, ORDER, PATH, PUSHED_IMAGE, Shop, TookTooLong, wait_until
from moyai.cli.demo.traffic import Traffic
from moyai.cli.errors import Unreachable, error_message
from moyai.cli.mesh.metrics import span_back
from moyai.cli.mesh.reader import MeshReader
from moyai.cli.mesh.table import table
from moyai.cli.mesh.values import MeshTraffic
from moyai.cli.mesh.view import View
from moyai.cli.output import console as make_console
from moyai.cli.remote import Remote

_GATEWAY_PORTS = NamedPorts(8080, 8443)
"""Where a shop that keeps running answers HTTP and HTTPS by name, if these ports are free."""
_ROOT_FILE = "shop-root.pem"


def run_demo(app: Path, *, has_own_image: bool, has_load_balancer: bool, keep: bool) -> bool:
    """Run the demo. Returns whether something failed. Everything is removed, except after a success with ``keep``.

    ``has_own_image``: the services run from an image with everything that they need, not on this machine's root.
    ``has_load_balancer``: requests come in through an application load balancer, by HTTPS.
    """
    console = make_console()
    try:
        with _step(console, "control plane ready"):
            preferred = _GATEWAY_PORTS if keep else NamedPorts(0, 0)
            ports = free_gateway_ports(preferred) if has_load_balancer else None
            server = start(DEFAULT_PORT if keep else 0, ports)
    except CommandFailed as error:
        console.print(f"moyai did not start: {error}", style="red")
        return True
    is_kept = False
    try:
        has_failed = _run_steps(console, server, app, has_own_image=has_own_image)
        is_kept = keep and not has_failed
    except (TookTooLong, CommandFailed, Unreachable, BotoCoreError, ClientError) as error:
        console.print(f"The demo stopped: {error_message(error) or error}", style="red")
        console.print((server.state / "moyai.log").read_text()[-4000:], style="dim")
        has_failed = True
    finally:
        if is_kept:
            _print_how_to_use(console, server)
        else:
            with ignore_interrupts(), _step(console, "everything stopped and removed"):
                server.stop()
    return has_failed


def _run_steps(console: Console, server: Server, app: Path, *, has_own_image: bool) -> bool:
    """Create the application, change it under traffic, and print the calls. Returns whether a request failed."""
    image = PUSHED_IMAGE if has_own_image else IMPORTED_IMAGE
    remote = Remote(server.url, "us-east-1", own_credentials=True)
    started_at = SystemClock().now()
    if has_own_image:
        with _step(console, f"image {image} built and pushed"):
            server.push_image(app)
    else:
        with _step(console, f"image {image} imported"):
            server.add_image(image, app / "image")
    ports = server.gateway_ports
    balancer = _create_load_balancer(console, server, remote, ports) if ports else None
    shop = Shop(remote, app, image, balancer.target_group if balancer else None)
    with _step(console, f"clusters {', '.join(CLUSTERS)} and services {', '.join(ORDER)} created through the ECS API"):
        shop.create()
    for name in ORDER:
        with _step(console, f"service {name} is steady"):
            shop.wait_until_steady(name)
    traffic = Traffic(balancer.url, balancer.root) if balancer else Traffic(shop.front_url())
    with _step(console, f"traffic flows through {traffic.url}"):
        traffic.start()
        time.sleep(1)
    try:
        _change_under_traffic(console, shop)
    finally:
        count = traffic.stop()
    with _step(console, "all requests counted by CloudWatch"):
        mesh = _final_mesh(shop, started_at, count.sent)
    console.print(table(mesh, View(), console.width))
    failures = count.failed + sum(edge.failures for edge in mesh.edges)
    console.print(f"{count.sent} requests were sent from outside. {count.last_failure}".rstrip())
    console.print(f"Requests that failed: {failures}", style="bold red" if failures else "bold green")
    return failures > 0


def _change_under_traffic(console: Console, shop: Shop) -> None:
    with _step(console, "the process of one catalog task killed, and the task replaced"):
        shop.kill_one("catalog")
        shop.wait_until_steady("catalog")
    with _step(console, "catalog rolled to a new revision"):
        shop.deploy("catalog", "2")
    with _step(console, "stock scaled out to 3 tasks"):
        shop.scale("stock", 3)
    with _step(console, "stock scaled in to 1 task"):
        shop.scale("stock", 1)
    if shop.target_group is not None:
        with _step(console, "front rolled to a new revision behind the load balancer"):
            shop.deploy("front", "2")


def _create_load_balancer(console: Console, server: Server, remote: Remote, ports: NamedPorts) -> ShopLoadBalancer:
    """Create a load balancer, and leave the root of its certificate beside the server's state."""
    with _step(console, f"load balancer for https://{HOST} created through the APIs of ELB, ACM and Private CA"):
        balancer = create_load_balancer(remote, ports)
        (server.state / _ROOT_FILE).write_text(balancer.root)
    with _step(console, f"{balancer.http_url} is redirected to HTTPS"):
        balancer.wait_until_reachable()
    return balancer


def _final_mesh(shop: Shop, started_at: float, requests_sent: int) -> MeshTraffic:
    """The edges once CloudWatch has counted all requests: each of them calls catalog once, and catalog then calls
    pricing and stock once each, or more often when a call is retried.
    """
    reader = MeshReader(shop.remote)
    meshes: list[MeshTraffic] = []

    def is_complete() -> bool:
        now = SystemClock().now()
        meshes[:] = [reader.read(span_back(now, now - started_at))]
        counts = {edge.target: edge.requests for edge in meshes[0].edges}
        return (
            counts.get("catalog", 0) == requests_sent
            and min(counts.get("pricing", 0), counts.get("stock", 0)) >= requests_sent
        )

    wait_until(is_complete, f"CloudWatch to count all {requests_sent} requests", lambda: f"; it has {meshes}")
    return meshes[0]


@contextmanager
def _step(console: Console, description: str) -> Iterator[None]:
    """Show a spinner in a terminal; then print the step with its duration."""
    started_at = time.monotonic()
    if console.is_terminal:
        with console.status(description):
            yield
    else:
        yield
    console.print(Text.assemble(("✓", "green"), f" {time.monotonic() - started_at:5.1f} s  {description}"))


def _print_how_to_use(console: Console, server: Server) -> None:
    moyai = "moyai" if shutil.which("moyai") else sys.argv[0]
    console.print(f"It keeps running on {server.url}. Look at it with")
    console.print(f"  AWS_ENDPOINT_URL={server.url} {moyai} status")
    console.print(f"  AWS_ENDPOINT_URL={server.url} aws ecs list-services --cluster shop-core")
    console.print(f"  {server.url}/console/")
    if server.gateway_ports is not None:
        url = f"https://{HOST}:{server.gateway_ports.https}{PATH}/42"
        console.print(f"  {url} in a browser, which warns of the demo's own authority, or")
        console.print(f"  curl --cacert {server.state / _ROOT_FILE} {url}")
    console.print("and remove it with")
    console.print(f"  {moyai} down --forget --state {server.state} && rm -r {server.state}")

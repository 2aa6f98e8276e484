"""``moyai open``: the console, or a service's URL, in the browser."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from moyai.cli.choice import name_of
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote
from moyai.cli.snapshot import snapshot
from moyai.cli.text import echo


def open_page(
    name: Annotated[
        str | None, typer.Argument(help="A service or load balancer with a URL; by default the console.")
    ] = None,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    only_print: Annotated[bool, typer.Option("--print", help="Print the URL and open nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Open the console, or the URL of a service or load balancer, in the browser. Prints the URL."""
    remote = Remote(endpoint, region)
    url = f"{endpoint.rstrip('/')}/console/" if name is None else _url_of(remote, name_of(name))
    if name is None:
        remote.health()
    echo(json.dumps({"url": url}) if as_json else url)
    if not only_print and not as_json:
        import webbrowser

        webbrowser.open(url)


def _url_of(remote: Remote, name: str) -> str:
    """The first URL of the service or load balancer with this name. Raises BadParameter."""
    current = snapshot(remote)
    clusters, balancers = current["clusters"], current["loadBalancers"]
    urls = [url for c in clusters for s in c["services"] if s["name"] == name for url in s["url"].split()]
    urls += [url for c in clusters for t in c["tasks"] if t["group"] == f"service:{name}" for url in t["urls"]]
    urls += [url for b in balancers if b["name"] == name for url in b["urls"]]
    urls = [url for url in urls if not url.startswith("udp:")]
    if not urls:
        message = f"nothing called {name!r} has a URL: give its tasks assignPublicIp ENABLED, or a load balancer"
        raise typer.BadParameter(message, param_hint="NAME")
    return str(urls[0])

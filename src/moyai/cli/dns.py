"""``moyai dns``: how this machine comes to know the names of Cloud Map's namespaces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from moyai.app.config import DEFAULT_DNS_PORT
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote, pages

_HOST = "127.0.0.1"
_PATIENCE = 2.0
_EXAMPLE = "example.local"


def dns(
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    port: Annotated[int, typer.Option(help="`moyai up`'s --dns-port.", min=1, max=65535)] = DEFAULT_DNS_PORT,
    as_json: Json = False,
) -> None:
    """Print how to point systemd-resolved, dnsmasq or macOS at moyai's resolver, for the namespaces there are."""
    remote = Remote(endpoint, region)
    found = pages(remote.client("servicediscovery"), "list_namespaces", "Namespaces")
    domains = sorted({namespace["Name"] for namespace in found if namespace["Type"] != "HTTP"})
    answers = _answers(port)
    if as_json:
        typer.echo(json.dumps({"address": _HOST, "port": port, "answers": answers, "domains": domains}))
        return
    typer.echo(_page(port, domains, answers=answers))


def _answers(port: int) -> bool:
    """Whether somebody answers questions there."""
    import dns.exception
    import dns.message
    import dns.query

    try:
        dns.query.udp(dns.message.make_query("localhost", "A", flags=0), _HOST, timeout=_PATIENCE, port=port)
    except (OSError, dns.exception.DNSException):
        return False
    return True


def _page(port: int, domains: Sequence[str], *, answers: bool) -> str:
    state = "answers" if answers else "DOES NOT ANSWER: see the log of `moyai up`, and its --dns-port"
    known = " ".join(domains) or f"none yet; {_EXAMPLE} stands for the first one below"
    names = domains or [_EXAMPLE]
    return f"""\
moyai's resolver: {_HOST} port {port} (UDP and TCP), {state}
namespaces found by DNS: {known}

Ask it yourself:
  dig @{_HOST} -p {port} SERVICE.{names[0]}

systemd-resolved, /etc/systemd/resolved.conf.d/moyai.conf, then `systemctl restart systemd-resolved`:
  [Resolve]
  DNS={_HOST}:{port}
  Domains={" ".join(f"~{name}" for name in names)}

dnsmasq (also NetworkManager's: /etc/NetworkManager/dnsmasq.d/moyai.conf):
{_lines(f"  server=/{name}/{_HOST}#{port}" for name in names)}

macOS (moyai's port forwarded to the Mac), a file for each name:
{_lines(f"  /etc/resolver/{name}:  nameserver {_HOST}  and on the next line  port {port}" for name in names)}"""


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)

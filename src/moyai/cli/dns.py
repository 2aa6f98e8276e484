"""``moyai dns``: how to make this machine resolve the names of hosted zones, including Cloud Map's namespaces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import typer

from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote, pages
from moyai.cli.text import echo

_HOST = "127.0.0.1"
_TIMEOUT = 2.0
_EXAMPLE = "example.local"
_NO_SERVER = "moyai has no DNS server on this machine: its port was in use. Start moyai with another --dns-port."


def dns(endpoint: Endpoint = ENDPOINT, region: Region = REGION, as_json: Json = False) -> None:
    """Print how to resolve moyai's DNS names on this machine. For systemd-resolved, dnsmasq and macOS."""
    remote = Remote(endpoint, region)
    zones = pages(remote.client("route53"), "list_hosted_zones", "HostedZones")
    domains = sorted({zone["Name"].removesuffix(".") for zone in zones})
    port: int | None = remote.health().get("dns_port")
    answers = port is not None and _answers(port)
    if as_json:
        echo(json.dumps({"address": _HOST, "port": port, "answers": answers, "domains": domains}))
    elif port is None:
        echo(_NO_SERVER, err=True)
        raise typer.Exit(1)
    else:
        echo(*_page(port, domains, answers=answers).split("\n"))


def _answers(port: int) -> bool:
    """Whether a DNS server answers on this port."""
    import dns.exception
    import dns.message
    import dns.query

    try:
        dns.query.udp(dns.message.make_query("localhost", "A", flags=0), _HOST, timeout=_TIMEOUT, port=port)
    except (OSError, dns.exception.DNSException):
        return False
    return True


def _page(port: int, domains: Sequence[str], *, answers: bool) -> str:
    state = "answering" if answers else "NOT ANSWERING here: it is on the loopback of the machine that moyai runs on"
    known_domains = " ".join(domains) or f"none yet; {_EXAMPLE} stands for one below"
    names = domains or [_EXAMPLE]
    return f"""\
moyai's DNS server: {_HOST} port {port} (UDP and TCP), {state}
zones and namespaces with DNS names: {known_domains}

Query it directly:
  dig @{_HOST} -p {port} NAME.{names[0]}

systemd-resolved, /etc/systemd/resolved.conf.d/moyai.conf, then `systemctl restart systemd-resolved`:
  [Resolve]
  DNS={_HOST}:{port}
  Domains={" ".join(f"~{name}" for name in names)}

dnsmasq (also NetworkManager's: /etc/NetworkManager/dnsmasq.d/moyai.conf):
{_lines(f"  server=/{name}/{_HOST}#{port}" for name in names)}

macOS (with moyai's port forwarded to the Mac), one file per zone:
{_lines(f"  /etc/resolver/{name}:  nameserver {_HOST}  and, on the next line,  port {port}" for name in names)}"""


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)

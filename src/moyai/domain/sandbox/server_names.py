"""The encrypted public ports, by the server names that clients ask for in their TLS handshakes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from moyai.domain.sandbox.network_spec import PublishedPort


def by_service(ports: Iterable[PublishedPort]) -> Iterator[Sequence[PublishedPort]]:
    """The ports of services' tasks, grouped by service, VPC and port number, in this order. Services of several
    accounts or regions may have the same name, and their VPCs the same addresses.
    """

    def key(port: PublishedPort) -> tuple[str, str, int]:
        return port.service or "", port.vpc, port.port

    for _, same_port in groupby(sorted((port for port in ports if port.service), key=key), key=key):
        yield tuple(same_port)


def public_names(port: PublishedPort) -> tuple[str, str]:
    """The names of a port of a service or load balancer: with the port number, and without."""
    name = f"{port.service}{'' if port.proxy_header else '.localhost'}".lower()
    return f"{port.port}.{name}", name


def routed_server_names(ports: Iterable[PublishedPort]) -> Iterator[tuple[PublishedPort, Sequence[str]]]:
    """The encrypted ports, the first of each service, VPC and port, with the names that lead there. A load balancer's
    own name leads to no other one, whatever certificates they have; any other name leads to the first that has it.
    """
    services = [same_port[0] for same_port in by_service(ports)]
    owners = {name: first.service for first in services if first.proxy_header for name in public_names(first)}
    used_names: set[str] = set()
    for first in services:
        names = [
            name
            for name in dict.fromkeys(first.server_names)
            if name not in used_names and owners.get(name.lower(), first.service) == first.service
        ]
        used_names.update(names)
        if names:
            yield first, names

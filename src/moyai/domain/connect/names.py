"""The names that a deployment's tasks can call, and their virtual addresses.

The names are fixed when a deployment is created, so all of its tasks have the same names; only the members behind a
name change. In a cluster with live endpoints, a task's own names follow the namespace. Each name has a virtual address
in 127.255.0.0/16, which means nothing outside the task.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from itertools import chain
from typing import NamedTuple

import msgspec

from moyai.domain.connect.config import AccessLogConfiguration, ProxyLogLevel
from moyai.domain.ecs.task_definition import AppProtocol, LogConfiguration, TaskDefinition
from moyai.kernel.clock import Instant
from moyai.kernel.ids import CertificateAuthorityArn, DiscoveryServiceArn, NamespaceArn

VIRTUAL_CIDR = IPv4Network("127.255.0.0/16")
"""The range of virtual addresses inside a task, which are never routed."""

_VIRTUAL_PREFIX = "127.255."
_FIRST_PROXY_PORT = 15000


class SeenName(msgspec.Struct, frozen=True):
    """A name that the tasks of a deployment can call."""

    dns_name: str
    port: int
    address: str
    """The virtual address, inside VIRTUAL_CIDR."""
    target: DiscoveryServiceArn
    left_at: Instant | None = None
    """Since when no service offers the name, so that the task does not resolve it."""


class TrafficHeader(msgspec.Struct, frozen=True):
    """The header of requests for the revision under test; ``exact`` None: with any value."""

    name: str = "x-amzn-ecs-blue-green-test"
    exact: str | None = None


class Offer(msgspec.Struct, frozen=True):
    """A port that a deployment's tasks offer. ``protocol`` None = TCP; timeouts as in Timeouts."""

    discovery_service: DiscoveryServiceArn
    discovery_name: str
    container_port: int
    protocol: AppProtocol | None = None
    ingress_port: int | None = None
    """``ingressPortOverride``: where the proxy listens; None = on the container port, by interception."""
    idle_timeout_seconds: int | None = None
    per_request_timeout_seconds: int | None = None
    test_header: TrafficHeader = TrafficHeader()
    authority: CertificateAuthorityArn | None = None
    """The issuer of the proxy's certificate; None = no TLS."""
    dns_name: str | None = None
    """The name that clients call, at ``client_port``; None in records of old versions."""
    client_port: int = 0

    @property
    def reachable_port(self) -> int:
        """The port that other tasks connect to."""
        return self.ingress_port or self.container_port


class ConnectView(msgspec.Struct, frozen=True):
    """The resolved Service Connect configuration of a deployment: the names that its tasks can call, the ports that
    they offer, and their proxies' logs.
    """

    namespace: NamespaceArn
    names: tuple[SeenName, ...] = ()
    offers: tuple[Offer, ...] = ()
    access_log: AccessLogConfiguration | None = None
    proxy_log_level: ProxyLogLevel = ProxyLogLevel.INFO
    log_configuration: LogConfiguration | None = None
    """The log driver of the proxies."""
    allotted_count: int = msgspec.field(default=0, name="allotted")
    """The number of addresses that were allocated to names that came and went; none is allocated to a second name."""


class ProxyPorts(NamedTuple):
    """The two ports of a proxy in a task's network namespace."""

    ingress: int
    egress: int


def proxy_ports(definition: TaskDefinition) -> ProxyPorts:
    """Ports for the proxy that none of the task's containers has."""
    occupied = [m.ports for c in definition.container_definitions for m in c.port_mappings]
    order = chain(range(_FIRST_PROXY_PORT, 65536), range(1, _FIRST_PROXY_PORT))
    free = (p for p in order if not any(p in ports for ports in occupied))
    return ProxyPorts(ingress=next(free), egress=next(free))


def allocate_addresses(names: Iterable[str]) -> dict[str, str]:
    """A virtual address for each distinct name, the same for the same set of names."""
    first = int(VIRTUAL_CIDR.network_address) + 1
    return {name: str(IPv4Address(first + n)) for n, name in enumerate(sorted(set(names)))}


def allocate_more_addresses(view: ConnectView, names: Iterable[str]) -> tuple[dict[str, str], int]:
    """A virtual address for each distinct name, none of which any name of this view ever had, and the view's
    ``allotted_count`` after that. A name that the view has keeps its own.

    When the range is used up, addresses of removed names are used again.
    """
    first = int(VIRTUAL_CIDR.network_address) + 1
    size = VIRTUAL_CIDR.num_addresses - 2
    addresses = {n.dns_name: n.address for n in view.names}
    numbers = {int(IPv4Address(address)) - first for address in addresses.values()}
    number = max(view.allotted_count, max(numbers, default=-1) + 1)
    for name in sorted(set(names) - addresses.keys()):
        while number % size in numbers:
            number += 1
        numbers.add(number % size)
        addresses[name] = str(IPv4Address(first + number % size))
        number += 1
    return addresses, number


def is_virtual(address: str) -> bool:
    """Whether an IPv4 address in the usual notation is in VIRTUAL_CIDR."""
    return address.startswith(_VIRTUAL_PREFIX)

"""The names a deployment's tasks see, and the addresses behind them.

The alias set is frozen when a deployment is made (a task started later by the same deployment sees
the same names); only the members behind a name move live. Where a cluster has live endpoints, a task's own
names follow the namespace (``plan.live``). One virtual address a name, counted up inside 127.255.0.0/16, so that
it means nothing outside the task.
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
"""Where names point inside a task; never routed."""

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
    """Since when nobody offers it any more; its task doesn't find it by name then."""


class TrafficHeader(msgspec.Struct, frozen=True):
    """The header by which a call asks for the revision under test; ``exact`` None: with any value."""

    name: str = "x-amzn-ecs-blue-green-test"
    exact: str | None = None


class Offer(msgspec.Struct, frozen=True):
    """A port that the tasks of a deployment offer. ``protocol`` None = TCP; timeouts as in Timeouts."""

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
    """Whose certificate the proxy shows; None = no TLS."""
    dns_name: str | None = None
    """The name that clients call, at ``client_port``; None in what was recorded before this stood here."""
    client_port: int = 0

    @property
    def reachable_port(self) -> int:
        """The port other tasks connect to."""
        return self.ingress_port or self.container_port


class ConnectView(msgspec.Struct, frozen=True):
    """What Service Connect is for the tasks of one deployment: whom they can call, what they offer, what their
    proxies write down.
    """

    namespace: NamespaceArn
    names: tuple[SeenName, ...] = ()
    offers: tuple[Offer, ...] = ()
    access_log: AccessLogConfiguration | None = None
    proxy_log_level: ProxyLogLevel = ProxyLogLevel.INFO
    log_configuration: LogConfiguration | None = None
    """Where the proxies' lines go."""
    allotted: int = 0
    """How many addresses have been given out, where names came and went: none is given to a second name."""


class ProxyPorts(NamedTuple):
    """The two ports an Envoy takes in a task's namespace."""

    ingress: int
    egress: int


def proxy_ports(definition: TaskDefinition) -> ProxyPorts:
    """Ports for the proxy that none of the task's containers has claimed."""
    taken = [m.ports for c in definition.container_definitions for m in c.port_mappings]
    order = chain(range(_FIRST_PROXY_PORT, 65536), range(1, _FIRST_PROXY_PORT))
    free = (p for p in order if not any(p in ports for ports in taken))
    return ProxyPorts(ingress=next(free), egress=next(free))


def allot(names: Iterable[str]) -> dict[str, str]:
    """A virtual address for each distinct name, the same for the same set of names."""
    first = int(VIRTUAL_CIDR.network_address) + 1
    return {name: str(IPv4Address(first + n)) for n, name in enumerate(sorted(set(names)))}


def allot_more(view: ConnectView, names: Iterable[str]) -> tuple[dict[str, str], int]:
    """A virtual address for each distinct name, none of which any name of this view ever had, and the view's
    ``allotted`` after that. A name that the view has keeps its own.

    When the range is used up, addresses of names that are gone come round again.
    """
    first = int(VIRTUAL_CIDR.network_address) + 1
    room = VIRTUAL_CIDR.num_addresses - 2
    found = {n.dns_name: n.address for n in view.names}
    used = {int(IPv4Address(address)) - first for address in found.values()}
    number = max(view.allotted, max(used, default=-1) + 1)
    for name in sorted(set(names) - found.keys()):
        while number % room in used:
            number += 1
        used.add(number % room)
        found[name] = str(IPv4Address(first + number % room))
        number += 1
    return found, number


def is_virtual(address: str) -> bool:
    """Whether an IPv4 address, as it is usually written, lies in VIRTUAL_CIDR."""
    return address.startswith(_VIRTUAL_PREFIX)

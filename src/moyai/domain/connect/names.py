"""The names a deployment's tasks see, and the addresses behind them.

The alias set is frozen when a deployment is made (a task started later by the same deployment sees
the same names); only the members behind a name move live. One virtual address a name, counted up
inside 127.255.0.0/16, so that it means nothing outside the task.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

import msgspec

from moyai.domain.connect.config import AccessLogConfiguration, ProxyLogLevel
from moyai.domain.ecs.task_definition import AppProtocol, TaskDefinition
from moyai.kernel.ids import DiscoveryServiceArn, NamespaceArn

VIRTUAL_CIDR = IPv4Network("127.255.0.0/16")
"""Where names point inside a task; never routed."""

_FIRST_PROXY_PORT = 15000


class SeenName(msgspec.Struct, frozen=True):
    """A name that the tasks of a deployment can call."""

    dns_name: str
    port: int
    address: str
    """The virtual address, inside VIRTUAL_CIDR."""
    target: DiscoveryServiceArn


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


class ProxyPorts(NamedTuple):
    """The two ports an Envoy takes in a task's namespace."""

    ingress: int
    egress: int


def proxy_ports(definition: TaskDefinition) -> ProxyPorts:
    """Ports for the proxy that none of the task's containers has claimed."""
    taken = {m.container_port for c in definition.container_definitions for m in c.port_mappings}
    free = (p for p in range(_FIRST_PROXY_PORT, 65536) if p not in taken)
    return ProxyPorts(ingress=next(free), egress=next(free))


def allot(names: Iterable[str]) -> dict[str, str]:
    """A virtual address for each distinct name, the same for the same set of names."""
    first = int(VIRTUAL_CIDR.network_address) + 1
    return {name: str(IPv4Address(first + n)) for n, name in enumerate(sorted(set(names)))}

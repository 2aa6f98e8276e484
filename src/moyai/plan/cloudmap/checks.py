"""What a health check's outcomes mean.

Promise: an instance's health turns when so many checks in a row say otherwise; the first verdict needs as many.
Addresses outside the networks that may be asked are never asked, and their instances stay UNKNOWN.
Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

import msgspec

from moyai.domain.cloudmap.service import (
    INSTANCE_IPV4,
    INSTANCE_IPV6,
    INSTANCE_PORT,
    DiscoveryInstance,
    DiscoveryService,
    HealthCheckType,
)
from moyai.domain.sandbox.state import Health
from moyai.domain.world import World

Networks = Sequence[IPv4Network | IPv6Network]


class Target(msgspec.Struct, frozen=True):
    """Whom to ask, and how. ``host`` is the name in an HTTP request."""

    type: HealthCheckType
    address: str
    port: int
    path: str
    host: str


class Streak(msgspec.Struct, frozen=True):
    """Checks in a row with one outcome."""

    passed: bool = True
    count: int = 0

    def and_then(self, *, passed: bool) -> Streak:
        """With one more."""
        return Streak(passed, self.count + 1 if passed == self.passed else 1)

    def verdict(self, threshold: int) -> Health | None:
        """What they say; None while they are too few."""
        if self.count < threshold:
            return None
        return Health.HEALTHY if self.passed else Health.UNHEALTHY


def target(world: World, service: DiscoveryService, instance: DiscoveryInstance, networks: Networks) -> Target | None:
    """Whom to ask about the instance; None when nobody is to be asked."""
    check, namespace = service.health_check, world.namespaces.get(service.namespace)
    address = instance.attributes.get(INSTANCE_IPV4) or instance.attributes.get(INSTANCE_IPV6)
    if check is None or namespace is None or address is None or INSTANCE_PORT not in instance.attributes:
        return None
    asked = ip_address(address)
    if not any(asked in network for network in networks):
        return None
    port = int(instance.attributes[INSTANCE_PORT])
    host = namespace.name if service.name == "." else f"{service.name}.{namespace.name}"
    return Target(check.type, address, port, check.path or "/", host)

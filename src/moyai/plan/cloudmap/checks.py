"""The evaluation of health checks' outcomes.

Promise: an instance's health is UNKNOWN until ``failureThreshold`` checks in a row have one outcome, and changes after
as many with the other one. Addresses outside the networks that may be probed are never probed; their instances stay
UNKNOWN.
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


class ProbeTarget(msgspec.Struct, frozen=True):
    """The address to probe, and how. ``host`` is the name in an HTTP request."""

    type: HealthCheckType
    address: str
    port: int
    path: str
    host: str


class Streak(msgspec.Struct, frozen=True):
    """The number of checks in a row with one outcome."""

    has_passed: bool = True
    count: int = 0

    def and_then(self, *, has_passed: bool) -> Streak:
        """The streak after one more check."""
        return Streak(has_passed, self.count + 1 if has_passed == self.has_passed else 1)

    def verdict(self, threshold: int) -> Health | None:
        """The health after ``threshold`` equal outcomes; None before."""
        if self.count < threshold:
            return None
        return Health.HEALTHY if self.has_passed else Health.UNHEALTHY


def probe_target(
    world: World, service: DiscoveryService, instance: DiscoveryInstance, networks: Networks
) -> ProbeTarget | None:
    """The address to probe for the instance's health; None when it is not to be probed."""
    check, namespace = service.health_check, world.namespaces.get(service.namespace)
    address = instance.attributes.get(INSTANCE_IPV4) or instance.attributes.get(INSTANCE_IPV6)
    if check is None or namespace is None or address is None or INSTANCE_PORT not in instance.attributes:
        return None
    parsed = ip_address(address)
    if not any(parsed in network for network in networks):
        return None
    port = int(instance.attributes[INSTANCE_PORT])
    host = namespace.name if service.name == "." else f"{service.name}.{namespace.name}"
    return ProbeTarget(check.type, address, port, check.path or "/", host)

"""A service's DNS and health settings, as requests and responses have them.

Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_DnsConfig.html, API_HealthCheckConfig.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.cloudmap.service import (
    DiscoveryService,
    DnsConfig,
    DnsRecord,
    EndpointHealthCheck,
    HealthCheckType,
    RoutingPolicy,
)


class DnsConfigShape(msgspec.Struct, frozen=True):
    """The records of a new service. ``namespace_id`` is the older member for the namespace."""

    dns_records: tuple[DnsRecord, ...]
    routing_policy: RoutingPolicy = RoutingPolicy.MULTIVALUE
    namespace_id: str | None = None


class DnsConfigChange(msgspec.Struct, frozen=True):
    """The records of an existing service, with their new TTLs."""

    dns_records: tuple[DnsRecord, ...]


class HealthCheckConfig(msgspec.Struct, frozen=True):
    """A health check, which moyai performs instead of Route 53."""

    type: HealthCheckType
    resource_path: str | None = None
    failure_threshold: int = 1

    def to_record(self) -> EndpointHealthCheck:
        """The health check as it is stored."""
        return EndpointHealthCheck(self.type, self.resource_path, self.failure_threshold)


class HealthCheckCustomConfig(msgspec.Struct, frozen=True):
    """A custom health check, whose status comes from outside. As on AWS, the threshold is ignored."""

    failure_threshold: int = 1


def settings_view(service: DiscoveryService) -> dict[str, object]:
    """The settings of a service as answers have them."""
    dns, check = service.dns, service.health_check
    return {
        "type": "HTTP" if dns is None else "DNS_HTTP",
        "dns_config": None if dns is None else _dns(service, dns),
        "health_check_config": None
        if check is None
        else {"type": check.type, "resource_path": check.path, "failure_threshold": check.threshold},
        "health_check_custom_config": {"failure_threshold": 1} if service.custom_health else None,
    }


def _dns(service: DiscoveryService, dns: DnsConfig) -> dict[str, object]:
    return {
        "namespace_id": service.namespace.rpartition("/")[2],
        "routing_policy": dns.routing_policy,
        "dns_records": [{"type": record.type, "ttl": record.ttl} for record in dns.records],
    }

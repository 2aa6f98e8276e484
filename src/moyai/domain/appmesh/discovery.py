"""Service discovery: how the members of a virtual node are found.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ServiceDiscovery.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class IpPreference(StrEnum):
    """The family of addresses that is used; no preference is a choice of its own."""

    IPV4_ONLY = "IPv4_ONLY"
    IPV4_PREFERRED = "IPv4_PREFERRED"
    IPV6_ONLY = "IPv6_ONLY"
    IPV6_PREFERRED = "IPv6_PREFERRED"


def loopback_of(preference: IpPreference | None) -> str:
    """The address at which a proxy calls the application of its own task."""
    return "::1" if preference in {IpPreference.IPV6_ONLY, IpPreference.IPV6_PREFERRED} else "127.0.0.1"


class DnsResponseType(StrEnum):
    """Whether a name's addresses are those of a load balancer, or of each member."""

    LOADBALANCER = "LOADBALANCER"
    ENDPOINTS = "ENDPOINTS"


class DnsServiceDiscovery(msgspec.Struct, frozen=True):
    """Discovery by a DNS name. ``response_type``: None is LOADBALANCER."""

    hostname: str
    response_type: DnsResponseType | None = None
    ip_preference: IpPreference | None = None


class CloudMapInstanceAttribute(msgspec.Struct, frozen=True):
    """An attribute that instances have to have."""

    key: str
    value: str


class CloudMapServiceDiscovery(msgspec.Struct, frozen=True):
    """Discovery by the instances of a Cloud Map service that have all of the attributes."""

    namespace_name: str
    service_name: str
    attributes: tuple[CloudMapInstanceAttribute, ...] | None = None
    ip_preference: IpPreference | None = None


class ServiceDiscovery(msgspec.Struct, frozen=True):
    """The discovery of a virtual node: at most one member is set."""

    dns: DnsServiceDiscovery | None = None
    aws_cloud_map: CloudMapServiceDiscovery | None = None

    @property
    def ip_preference(self) -> IpPreference | None:
        """The preference of the member that is set."""
        method = self.dns or self.aws_cloud_map
        return None if method is None else method.ip_preference

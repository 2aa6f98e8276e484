"""Services of a namespace, and the instances behind them.

Service Connect has a service for each discovery name and an instance for each task; these instances are the endpoints
of proxies.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Service.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.domain.record import ArnRecord, StoredRecord
from moyai.domain.sandbox.state import Health
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    AccountId,
    DiscoveryServiceArn,
    DiscoveryServiceId,
    InstanceId,
    NamespaceArn,
    ServiceArn,
    TaskArn,
)

INSTANCE_IPV4 = "AWS_INSTANCE_IPV4"
INSTANCE_IPV6 = "AWS_INSTANCE_IPV6"
INSTANCE_CNAME = "AWS_INSTANCE_CNAME"
EC2_INSTANCE_ID = "AWS_EC2_INSTANCE_ID"
ALIAS_DNS_NAME = "AWS_ALIAS_DNS_NAME"
INIT_HEALTH_STATUS = "AWS_INIT_HEALTH_STATUS"
INSTANCE_PORT = "AWS_INSTANCE_PORT"
ZONE = "AVAILABILITY_ZONE"


class RecordType(StrEnum):
    """The types of DNS records that a service can have."""

    A = "A"
    AAAA = "AAAA"
    SRV = "SRV"
    CNAME = "CNAME"


VALUE_ATTRIBUTES: Final[Mapping[RecordType, str]] = MappingProxyType(
    {RecordType.A: INSTANCE_IPV4, RecordType.AAAA: INSTANCE_IPV6, RecordType.CNAME: INSTANCE_CNAME}
)
"""The instance attribute that has the value of a record of each type. That of SRV is made from several."""
SRV_PRIORITY: Final = 1
SRV_WEIGHT: Final = 1
"""Cloud Map has no other priorities and weights."""


class RoutingPolicy(StrEnum):
    """The instances in a DNS response: up to eight healthy ones, or one that is selected by weight."""

    MULTIVALUE = "MULTIVALUE"
    WEIGHTED = "WEIGHTED"


class DnsRecord(msgspec.Struct, frozen=True):
    """A type of DNS record; ``ttl`` in seconds."""

    type: RecordType
    ttl: int


class DnsConfig(msgspec.Struct, frozen=True):
    """The DNS records of a service's instances."""

    records: tuple[DnsRecord, ...]
    routing_policy: RoutingPolicy = RoutingPolicy.MULTIVALUE


class HealthCheckType(StrEnum):
    """The protocol of a health check, in a public namespace."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    TCP = "TCP"


class EndpointHealthCheck(msgspec.Struct, frozen=True):
    """A health check that moyai makes; ``path``: not for TCP; ``threshold``: equal results in a row that change the
    health.
    """

    type: HealthCheckType
    path: str | None = None
    threshold: int = 1


class DiscoveryService(ArnRecord, frozen=True, tag="discovery_service"):
    """A Cloud Map service. ``owner``: the ECS service whose Service Connect created it, or has adopted it."""

    arn: DiscoveryServiceArn
    id: DiscoveryServiceId
    name: str
    namespace: NamespaceArn
    created_at: Instant
    owner: ServiceArn | None = None
    created_by: AccountId | None = None
    """The creating account, if it is not the namespace's."""
    adopted: bool = False
    """Whether ECS did not create it, and gives it up when it is no longer used."""
    protocol: str | None = None
    """The owner's appProtocol; ``None`` = TCP. Immutable while it is in use."""
    description: str | None = None
    creator_request_id: str | None = None
    dns: DnsConfig | None = None
    health_check: EndpointHealthCheck | None = None
    custom_health: bool = False
    """Whether UpdateInstanceCustomHealthStatus (or ECS) sets the health of instances."""
    remembered_until: Instant | None = None
    """Until when DNS caches may have a record that has since got a shorter TTL, or was removed."""
    attributes: Mapping[str, str] = {}
    """The attributes of the service itself, not of its instances."""
    tags: Mapping[str, str] = {}

    @property
    def takes_health_of_tasks(self) -> bool:
        """Whether ECS reports the health of a task as that of its instance."""
        return self.custom_health or self.owner is not None

    @property
    def record_types(self) -> frozenset[RecordType]:
        """The types of the service's DNS records; none without DNS."""
        return frozenset() if self.dns is None else frozenset(record.type for record in self.dns.records)

    @property
    def ttl(self) -> int:
        """The seconds for which DNS records of the service may be cached."""
        return 0 if self.dns is None else max((record.ttl for record in self.dns.records), default=0)

    @property
    def knows_health(self) -> bool:
        """Whether the health of instances is known: by moyai's checks, a caller of the API, or ECS."""
        return self.takes_health_of_tasks or self.health_check is not None


class InstancesRevision(StoredRecord, frozen=True, tag="discovery_revision"):
    """The number of changes of a service's instances. It is a record of its own, so that watchers of services are not
    notified of every instance.
    """

    service: DiscoveryServiceArn
    number: int

    @property
    def key(self) -> DiscoveryServiceArn:
        """The record's key in its table."""
        return self.service


class DiscoveryInstance(StoredRecord, frozen=True, tag="discovery_instance"):
    """An instance of a service. ``task``: the task that the instance is, if it is one."""

    service: DiscoveryServiceArn
    id: InstanceId
    attributes: Mapping[str, str]
    registered_at: Instant
    health: Health = Health.HEALTHY
    task: TaskArn | None = None
    creator_request_id: str | None = None
    created_by: AccountId | None = None
    """The registering account, if it is not the namespace's."""

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return f"{self.service}/{self.id}"

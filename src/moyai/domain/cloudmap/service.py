"""Services of a namespace, and the instances behind them.

Service Connect keeps one service a discovery name and one instance a task; a proxy's endpoints are
exactly these instances.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Service.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

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
    """The DNS records a service can have."""

    A = "A"
    AAAA = "AAAA"
    SRV = "SRV"
    CNAME = "CNAME"


class RoutingPolicy(StrEnum):
    """Which instances an answer has: up to eight healthy ones, or one drawn by weight."""

    MULTIVALUE = "MULTIVALUE"
    WEIGHTED = "WEIGHTED"


class DnsRecord(msgspec.Struct, frozen=True):
    """One kind of record; ``ttl`` in seconds."""

    type: RecordType
    ttl: int


class DnsConfig(msgspec.Struct, frozen=True):
    """How a service's instances stand in DNS."""

    records: tuple[DnsRecord, ...]
    routing_policy: RoutingPolicy = RoutingPolicy.MULTIVALUE


class HealthCheckType(StrEnum):
    """What a health check of a public namespace speaks."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    TCP = "TCP"


class EndpointHealthCheck(msgspec.Struct, frozen=True):
    """A check that moyai makes itself; ``path`` not for TCP. ``threshold``: checks in a row that turn the health."""

    type: HealthCheckType
    path: str | None = None
    threshold: int = 1


class DiscoveryService(ArnRecord, frozen=True, tag="discovery_service"):
    """A Cloud Map service. ``owner`` is the ECS service whose Service Connect made it, or has taken it over."""

    arn: DiscoveryServiceArn
    id: DiscoveryServiceId
    name: str
    namespace: NamespaceArn
    created_at: Instant
    owner: ServiceArn | None = None
    created_by: AccountId | None = None
    """Set where another account than the namespace's made it."""
    adopted: bool = False
    """Somebody else made it, and gets it back."""
    protocol: str | None = None
    """The appProtocol its owner gave it; ``None`` = TCP. Immutable while it is in use."""
    description: str | None = None
    creator_request_id: str | None = None
    dns: DnsConfig | None = None
    health_check: EndpointHealthCheck | None = None
    custom_health: bool = False
    """Health is told by UpdateInstanceCustomHealthStatus (or by ECS)."""
    remembered_until: Instant | None = None
    """Until when somebody may go by a record that has since been given a shorter TTL, or taken away."""
    attributes: Mapping[str, str] = {}
    """The service's own attributes, not its instances'."""
    tags: Mapping[str, str] = {}

    @property
    def told_by_ecs(self) -> bool:
        """Whether a task's health is its instance's."""
        return self.custom_health or self.owner is not None

    @property
    def record_types(self) -> frozenset[RecordType]:
        """The types of its records; none without DNS."""
        return frozenset() if self.dns is None else frozenset(record.type for record in self.dns.records)

    @property
    def ttl(self) -> int:
        """For how many seconds its records may be remembered."""
        return 0 if self.dns is None else max((record.ttl for record in self.dns.records), default=0)

    @property
    def knows_health(self) -> bool:
        """Whether anybody says how its instances are: moyai's checks, a caller of the API, or ECS."""
        return self.told_by_ecs or self.health_check is not None


class InstancesRevision(StoredRecord, frozen=True, tag="discovery_revision"):
    """How often a service's instances were registered or deregistered. Kept apart from the service, so that
    whoever follows services is not called for every instance.
    """

    service: DiscoveryServiceArn
    number: int

    @property
    def key(self) -> DiscoveryServiceArn:
        """The record's key in its table."""
        return self.service


class DiscoveryInstance(StoredRecord, frozen=True, tag="discovery_instance"):
    """One place that answers for a service. ``task`` is set where a task is that place."""

    service: DiscoveryServiceArn
    id: InstanceId
    attributes: Mapping[str, str]
    registered_at: Instant
    health: Health = Health.HEALTHY
    task: TaskArn | None = None
    creator_request_id: str | None = None
    created_by: AccountId | None = None
    """Set where another account than the namespace's registered it."""

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return f"{self.service}/{self.id}"

"""Services of a namespace, and the instances behind them.

Service Connect keeps one service a discovery name and one instance a task; a proxy's endpoints are
exactly these instances.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Service.html
"""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.sandbox.state import Health
from moyai.domain.stored import Stored
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    DiscoveryServiceArn,
    DiscoveryServiceId,
    InstanceId,
    NamespaceArn,
    ServiceArn,
    TaskArn,
)

INSTANCE_IPV4 = "AWS_INSTANCE_IPV4"
INSTANCE_PORT = "AWS_INSTANCE_PORT"
ZONE = "AVAILABILITY_ZONE"


class DiscoveryService(Stored, frozen=True, tag="discovery_service"):
    """A Cloud Map service. ``owner`` is the ECS service whose Service Connect made it."""

    arn: DiscoveryServiceArn
    id: DiscoveryServiceId
    name: str
    namespace: NamespaceArn
    created_at: Instant
    owner: ServiceArn | None = None
    protocol: str | None = None
    """The appProtocol its owner gave it; ``None`` = TCP. Immutable while it is in use."""
    description: str | None = None
    creator_request_id: str | None = None
    tags: Mapping[str, str] = {}

    @property
    def key(self) -> DiscoveryServiceArn:
        """The record's key in its table."""
        return self.arn


class DiscoveryInstance(Stored, frozen=True, tag="discovery_instance"):
    """One place that answers for a service. ``task`` is set where a task is that place."""

    service: DiscoveryServiceArn
    id: InstanceId
    attributes: Mapping[str, str]
    registered_at: Instant
    health: Health = Health.HEALTHY
    task: TaskArn | None = None

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return f"{self.service}/{self.id}"

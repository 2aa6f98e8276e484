"""Gateways: ingress that the services of several clusters share, their associations with clusters, and the connectors
by which services join them.

Promise: a gateway makes nothing before the first service joins. The route of a service is its ingress path in the
gateway's pool; its status follows from the records behind it.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/gateway-managing.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/gateway-connect-service.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from moyai.domain.ecs.ingress import AccessType
from moyai.domain.elb.load_balancer import IPV4
from moyai.domain.record import ArnRecord, StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ClusterArn, LoadBalancerArn, SecurityGroupId, ServiceGatewayArn, SubnetId, VpcId

GATEWAYS: Final = 100
"""The greatest number of gateways in an account and region, which is moyai's own limit."""
GATEWAYS_PER_CLUSTER: Final = 5
LOAD_BALANCERS: Final = 10
"""The default of ``maxAlbCount``."""


class GatewayStatus(StrEnum):
    """UPDATE_IN_PROGRESS until the front proxy has acknowledged the update for every load balancer."""

    ACTIVE = "ACTIVE"
    UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
    UPDATE_COMPLETE = "UPDATE_COMPLETE"
    UPDATE_FAILED = "UPDATE_FAILED"
    DELETED = "DELETED"


class GatewayAssociationStatus(StrEnum):
    """DISASSOCIATING until no service of the cluster has a route any more; then there is no association."""

    ACTIVE = "ACTIVE"
    DISASSOCIATING = "DISASSOCIATING"
    INACTIVE = "INACTIVE"


class CanaryHeader(msgspec.Struct, frozen=True):
    """The header of requests that go to the new tasks of a deployment first."""

    name: str
    values: tuple[str, ...]


class GatewayFailure(msgspec.Struct, frozen=True):
    """Why a load balancer was not updated."""

    arn: LoadBalancerArn
    message: str


class ServiceGateway(ArnRecord, frozen=True, tag="service_gateway"):
    """A gateway of services. Its ARN is also its pool of ingress paths."""

    arn: ServiceGatewayArn
    name: str
    infrastructure_role: str
    vpc: VpcId
    subnets: tuple[SubnetId, ...]
    access: AccessType
    created_at: Instant
    updated_at: Instant
    inbound_group: SecurityGroupId | None = None
    ip_address_type: str = IPV4
    max_balancers: int = LOAD_BALANCERS
    attributes: Mapping[str, str] = {}
    """The attributes of its load balancers that were set."""
    test_header: CanaryHeader | None = None
    deletion_protection: bool = True
    propagates_tags: bool = True
    status: GatewayStatus = GatewayStatus.ACTIVE
    updating: tuple[LoadBalancerArn, ...] = ()
    """The load balancers of which the front proxy has not acknowledged the last update."""
    failures: tuple[GatewayFailure, ...] = ()
    client_token: str | None = None
    tags: Mapping[str, str] = {}


class GatewayAssociation(StoredRecord, frozen=True, tag="gateway_association"):
    """The association of a gateway with a cluster, whose services may join it."""

    gateway: ServiceGatewayArn
    cluster: ClusterArn
    status: GatewayAssociationStatus = GatewayAssociationStatus.ACTIVE

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return association_key(self.gateway, self.cluster)


def association_key(gateway: str, cluster: str) -> str:
    """The key of the association of a gateway with a cluster."""
    return f"{cluster} {gateway}"


class ConnectorMatcher(msgspec.Struct, frozen=True):
    """The codes of a healthy answer."""

    http_code: str | None = None
    grpc_code: str | None = None


class ConnectorHealthCheck(msgspec.Struct, frozen=True):
    """The health check of a service's targets; None = the default of Elastic Load Balancing."""

    health_check_protocol: str | None = None
    health_check_port: int | None = None
    health_check_path: str | None = None
    health_check_timeout_seconds: int | None = None
    health_check_interval_seconds: int | None = None
    healthy_threshold_count: int | None = None
    unhealthy_threshold_count: int | None = None
    matcher: ConnectorMatcher | None = None


class ConnectorFilters(msgspec.Struct, frozen=True):
    """The access types of the gateways that a service joins; none = both."""

    access_types: tuple[AccessType, ...] = ()


class ConnectorDelay(msgspec.Struct, frozen=True):
    """How long deregistered targets drain, in seconds."""

    timeout_seconds: int = 300


class GatewayConnector(msgspec.Struct, frozen=True):
    """The port of a service that gets requests of the gateways of its cluster."""

    port_name: str = ""
    health_check: ConnectorHealthCheck | None = None
    filters: ConnectorFilters | None = None
    deregistration_delay: ConnectorDelay | None = None

"""Ingress paths: what ECS has made so that requests for one host name reach a service.

Promise: everything that a path names is made in one step, for the path alone or for all paths of one load balancer, and
is deleted with the last path that needs it. Meanwhile no client can delete it.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedIngressPath.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from moyai.domain.elb.load_balancer import Scheme
from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    ListenerArn,
    ListenerRuleArn,
    LoadBalancerArn,
    ManagedCertificateArn,
    SecurityGroupId,
    ServiceArn,
    ServiceRouteArn,
    TargetGroupArn,
)

MANAGED_TAGS: Final[Mapping[str, str]] = MappingProxyType({"AmazonECSManaged": "true"})
"""The tags of everything that ECS manages."""
PATHS_PER_LOAD_BALANCER: Final = 25
"""The greatest number of services that share a load balancer."""


class AccessType(StrEnum):
    """The clients that reach a path: everybody, or only its VPC and the VPCs peered with it."""

    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"

    @property
    def scheme(self) -> Scheme:
        """The scheme of the load balancers with this access."""
        return Scheme.INTERNET_FACING if self is AccessType.PUBLIC else Scheme.INTERNAL


class RouteStatus(StrEnum):
    """The status of a gateway's route."""

    ACTIVE = "ACTIVE"
    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    CREATE_FAILED = "CREATE_FAILED"
    UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
    UPDATE_FAILED = "UPDATE_FAILED"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETE_FAILED = "DELETE_FAILED"


class IngressPath(StoredRecord, frozen=True, tag="ingress_path"):
    """A host name of a service, on a load balancer that the services of ``pool`` share."""

    service: ServiceArn
    pool: str
    host: str
    access: AccessType
    load_balancer: LoadBalancerArn
    listener: ListenerArn
    rule: ListenerRuleArn
    target_groups: tuple[TargetGroupArn, ...]
    """Two: the one that the first deployment's tasks are in, and the alternate one."""
    certificate: ManagedCertificateArn
    balancer_group: SecurityGroupId
    """The security group that was made for the load balancer."""
    created_at: Instant
    test_rule: ListenerRuleArn | None = None
    """The rule of test traffic, which comes before ``rule``."""
    route: ServiceRouteArn | None = None
    """The path as a gateway's route; None for an Express service's path."""
    port_name: str = ""
    """The name of the service's port, where the path is a gateway's route."""
    service_groups: tuple[SecurityGroupId, ...] = ()
    """The callers' security groups in which ECS has added a rule for the load balancer."""

    @property
    def key(self) -> str:
        """The record's key in its table: a service has one path in a pool."""
        return path_key(self.service, self.pool)

    @property
    def url(self) -> str:
        """The URL of the service."""
        return f"https://{self.host}"

    @property
    def resources(self) -> tuple[str, ...]:
        """The ARNs and ids of everything that ECS has made for it, and for the paths that share its load balancer."""
        rules = (self.rule,) if self.test_rule is None else (self.rule, self.test_rule)
        shared = (self.load_balancer, self.listener, self.balancer_group)
        return (*shared, *rules, *self.target_groups, self.certificate)


def path_key(service: ServiceArn, pool: str) -> str:
    """The key of the path of a service in a pool."""
    return f"{service} {pool}"

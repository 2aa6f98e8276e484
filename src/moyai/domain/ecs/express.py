"""Express services: services whose load balancer, scaling and monitoring ECS makes from a few settings.

An Express service has an ordinary service of the same ARN, and an ingress path. This record has what those don't.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ECSExpressGatewayService.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from moyai.domain.elb.load_balancer import Scheme
from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    AlarmArn,
    DeploymentId,
    LogGroupArn,
    ScalingPolicyArn,
    SecurityGroupId,
    ServiceArn,
    SubnetId,
    VpcId,
)

MAIN: Final = "Main"
"""The name of the container that gets the requests."""


class ScalingMetric(StrEnum):
    """The metric that the number of tasks follows."""

    AVERAGE_CPU = "AVERAGE_CPU"
    AVERAGE_MEMORY = "AVERAGE_MEMORY"
    REQUEST_COUNT_PER_TARGET = "REQUEST_COUNT_PER_TARGET"


class ScalingTarget(msgspec.Struct, frozen=True):
    """The bounds of the number of tasks, and the value at which a metric is held: percent, or requests in a minute."""

    min_task_count: int = 1
    max_task_count: int = 20
    auto_scaling_metric: ScalingMetric = ScalingMetric.AVERAGE_CPU
    auto_scaling_target_value: int = 60


class ExpressNetwork(msgspec.Struct, frozen=True):
    """The subnets and security groups that were asked for; none = those of the default VPC, and the service's own."""

    security_groups: tuple[SecurityGroupId, ...] = ()
    subnets: tuple[SubnetId, ...] = ()


class ExpressConfiguration(msgspec.Struct, frozen=True):
    """The settings of a service revision that are not in its task definition."""

    health_check_path: str = "/ping"
    scaling: ScalingTarget = ScalingTarget()
    network: ExpressNetwork = ExpressNetwork()
    has_own_definition: bool = False
    """Whether the task definition is the caller's."""


class ExpressService(StoredRecord, frozen=True, tag="express_service"):
    """The resources that ECS has created for an Express service beside its service and its ingress path, and its
    settings.
    """

    service: ServiceArn
    infrastructure_role: str
    vpc: VpcId
    security_group: SecurityGroupId
    """The security group of its tasks, which admits the load balancer."""
    policy: ScalingPolicyArn
    alarm: AlarmArn
    """The alarm that fails a deployment."""
    updated_at: Instant
    configurations: Mapping[DeploymentId, ExpressConfiguration]
    log_group: LogGroupArn | None = None
    """The log group that ECS has made; None if the caller has one."""

    @property
    def key(self) -> ServiceArn:
        """The record's key in its table."""
        return self.service

    @property
    def newest(self) -> ExpressConfiguration:
        """The settings that were asked for last."""
        return [*self.configurations.values()][-1]

    def configuration(self, deployment: DeploymentId) -> ExpressConfiguration:
        """The settings of a deployment; one that UpdateService has begun has the newest ones."""
        return self.configurations.get(deployment, self.newest)


def express_pool(vpc: VpcId, scheme: Scheme) -> str:
    """The pool of the Express services of a VPC that share load balancers."""
    return f"express/{vpc}/{scheme}"

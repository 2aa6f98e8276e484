"""Services and their deployments.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from moyai.domain.connect.config import ServiceConnectConfiguration
from moyai.domain.connect.names import ConnectView
from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.domain.ecs.placement import PlacementConstraint, PlacementStrategy
from moyai.domain.ecs.rebalancing import Rebalancing
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.strategy import (
    CanaryConfiguration,
    CircuitBreaker,
    DeploymentAlarms,
    EarlySuccess,
    LifecycleHook,
    LinearConfiguration,
    Strategy,
)
from moyai.domain.ecs.task_set import TaskSet
from moyai.domain.ecs.traffic import ServiceTraffic
from moyai.domain.record import ArnRecord, StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    ClusterArn,
    DeploymentId,
    Pool,
    SecurityGroupId,
    ServiceArn,
    ServiceDeploymentArn,
    SubnetId,
    TaskDefinitionArn,
)

ECS_CONTROLLER, EXTERNAL_CONTROLLER = "ECS", "EXTERNAL"
REPLICA, DAEMON = "REPLICA", "DAEMON"
"""Scheduling strategies: so many tasks, or one on each container instance."""


class ServiceStatus(StrEnum):
    """DRAINING while a deleted service's tasks stop, then INACTIVE."""

    ACTIVE = "ACTIVE"
    DRAINING = "DRAINING"
    INACTIVE = "INACTIVE"


class DeploymentStatus(StrEnum):
    """PRIMARY is the newest; ACTIVE ones still have tasks. DRAINING is a task set that was deleted."""

    PRIMARY = "PRIMARY"
    ACTIVE = "ACTIVE"
    DRAINING = "DRAINING"


class RolloutState(StrEnum):
    """How far a deployment is."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class AwsVpcConfiguration(msgspec.Struct, frozen=True):
    """Where a task's network interface goes."""

    subnets: tuple[SubnetId, ...]
    security_groups: tuple[SecurityGroupId, ...] = ()
    assign_public_ip: str = "DISABLED"


class NetworkConfiguration(msgspec.Struct, frozen=True):
    """The network of a service's tasks."""

    awsvpc_configuration: AwsVpcConfiguration = AwsVpcConfiguration(subnets=())


class DeploymentConfiguration(msgspec.Struct, frozen=True):
    """How a deployment goes; the percents are bounds on the running count, of desiredCount."""

    maximum_percent: int = 200
    minimum_healthy_percent: int = 100
    strategy: Strategy = Strategy.ROLLING
    bake_time_in_minutes: int = 0
    lifecycle_hooks: tuple[LifecycleHook, ...] = ()
    linear_configuration: LinearConfiguration | None = None
    canary_configuration: CanaryConfiguration | None = None
    deployment_circuit_breaker: CircuitBreaker = CircuitBreaker(enable=False, rollback=False)
    alarms: DeploymentAlarms = DeploymentAlarms((), rollback=False, enable=False)
    early_success_criteria: EarlySuccess | None = None


class Deployment(msgspec.Struct, frozen=True):
    """One rollout: what its tasks are made from, pinned when it was made, and how far it is."""

    id: DeploymentId
    status: DeploymentStatus
    task_definition: TaskDefinitionArn
    created_at: Instant
    updated_at: Instant
    network_configuration: NetworkConfiguration | None = None
    service_connect: ServiceConnectConfiguration | None = None
    view: ConnectView | None = None
    """What Service Connect resolved to; None when the service doesn't use it."""
    service_registries: tuple[ServiceRegistry, ...] = ()
    pool: Pool = Pool("")
    """Rolling deployments share one: callers don't tell their tasks apart."""
    desired_count: int = 0
    failed_tasks: int = 0
    retry_at: Instant = Instant(0)
    """No new task before this: the back-off after tasks that never reached RUNNING."""
    rollout_state: RolloutState = RolloutState.IN_PROGRESS
    rollout_state_reason: str = ""
    halted: bool = False
    """It failed: no task of it is started any more."""
    unseen: tuple[str, ...] = ()
    """Names that its running tasks can't call and that it has said so of."""
    task_set: TaskSet | None = None
    """Of a service with the EXTERNAL controller, and of no other."""


class Service(ArnRecord, frozen=True, tag="service"):
    """A service. ``deployments`` has the newest first; the first is PRIMARY. Those of an EXTERNAL service are its task
    sets: it begins with none, and none is PRIMARY until its owner says so; the one that is comes first.
    """

    arn: ServiceArn
    name: str
    cluster: ClusterArn
    created_at: Instant
    created_by: str
    deployments: tuple[Deployment, ...]
    desired_count: int
    """As it was asked for; of a DAEMON service, as the scheduler counted it."""
    status: ServiceStatus = ServiceStatus.ACTIVE
    inactive_at: Instant | None = None
    deployment_configuration: DeploymentConfiguration = DeploymentConfiguration()
    launch_type: str = "FARGATE"
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    """Instead of ``launch_type``, where there is any."""
    placement_constraints: tuple[PlacementConstraint, ...] = ()
    placement_strategy: tuple[PlacementStrategy, ...] = ()
    platform_version: str | None = None
    enable_ecs_managed_tags: bool = False
    enable_execute_command: bool = False
    """Whether tasks that are started from now on may be entered."""
    propagate_tags: str = "NONE"
    health_check_grace_period_seconds: int = 0
    client_token: str | None = None
    tags: Mapping[str, str] = {}
    steady_at: Instant | None = None
    """When a steady state was last announced; None while there is none to announce again."""
    traffic: ServiceTraffic = ServiceTraffic()
    availability_zone_rebalancing: str = "DISABLED"
    rebalancing: Rebalancing | None = None
    """The move between zones that is under way."""
    current_deployment: ServiceDeploymentArn | None = None
    """The service deployment under way."""
    settled: DeploymentId | None = None
    """The newest deployment that came to its end: what a rollback goes back to."""
    deployment_controller: str = ECS_CONTROLLER
    scheduling_strategy: str = REPLICA

    @property
    def primary(self) -> Deployment:
        """The deployment that the service is moving to. An EXTERNAL service may have none."""
        return self.deployments[0]

    @property
    def view(self) -> ConnectView | None:
        """What the newest deployment's Service Connect resolved to; None without it."""
        return self.deployments[0].view if self.deployments else None

    @property
    def is_external(self) -> bool:
        """Whether its deployments are task sets, which its owner makes and removes."""
        return self.deployment_controller == EXTERNAL_CONTROLLER

    @property
    def is_daemon(self) -> bool:
        """Whether it has one task on each container instance, rather than so many."""
        return self.scheduling_strategy == DAEMON


class ServiceEvent(msgspec.Struct, frozen=True):
    """One line of what the scheduler did."""

    id: str
    created_at: Instant
    message: str


class ServiceLog(StoredRecord, frozen=True, tag="service_log"):
    """A service's last hundred events, newest first."""

    service: ServiceArn
    events: tuple[ServiceEvent, ...] = ()

    @property
    def key(self) -> ServiceArn:
        """The record's key in its table."""
        return self.service

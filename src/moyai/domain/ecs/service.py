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
from moyai.domain.ecs.gateway import GatewayConnector
from moyai.domain.ecs.load_balancer import ServiceLoadBalancer, TaskTarget
from moyai.domain.ecs.placement import PlacementConstraint, PlacementStrategy, Rebalancing
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
    TargetGroupArn,
    TaskDefinitionArn,
)

ECS_CONTROLLER, EXTERNAL_CONTROLLER = "ECS", "EXTERNAL"
REPLICA, DAEMON = "REPLICA", "DAEMON"
"""Scheduling strategies: a number of tasks, or one on each container instance."""


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
    """The progress of a deployment."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class AwsVpcConfiguration(msgspec.Struct, frozen=True):
    """The subnets and security groups of a task's network interface."""

    subnets: tuple[SubnetId, ...]
    security_groups: tuple[SecurityGroupId, ...] = ()
    assign_public_ip: str = "DISABLED"


class NetworkConfiguration(msgspec.Struct, frozen=True):
    """The network of a service's tasks."""

    awsvpc_configuration: AwsVpcConfiguration = AwsVpcConfiguration(subnets=())


class DeploymentConfiguration(msgspec.Struct, frozen=True):
    """The settings of a deployment; the percentages bound the running count, relative to desiredCount."""

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
    """One rollout: the settings that its tasks are created from, fixed at its creation, and its progress."""

    id: DeploymentId
    status: DeploymentStatus
    task_definition: TaskDefinitionArn
    created_at: Instant
    updated_at: Instant
    network_configuration: NetworkConfiguration | None = None
    service_connect: ServiceConnectConfiguration | None = None
    view: ConnectView | None = None
    """The resolved Service Connect configuration; None if the service doesn't use it."""
    service_registries: tuple[ServiceRegistry, ...] = ()
    load_balancers: tuple[ServiceLoadBalancer, ...] = ()
    gateway_connectors: tuple[GatewayConnector, ...] = ()
    connections: tuple[ServiceLoadBalancer, ...] = ()
    """The target groups by which gateways send to its tasks."""
    uses_alternate_groups: bool = False
    """Whether its tasks are registered in the alternate target groups."""
    pool: Pool = Pool("")
    """Rolling deployments share one pool: callers don't distinguish their tasks."""
    desired_count: int = 0
    failed_tasks: int = 0
    retry_at: Instant = Instant(0)
    """The end of the back-off after tasks that never reached RUNNING; no task is started before."""
    rollout_state: RolloutState = RolloutState.IN_PROGRESS
    rollout_state_reason: str = ""
    halted: bool = False
    """Whether it failed, so that none of its tasks is started any more."""
    unreachable_names: tuple[str, ...] = msgspec.field(default=(), name="unseen")
    """Names that its running tasks can't call, and that an event has announced."""
    task_set: TaskSet | None = None
    """The task set, for services with the EXTERNAL controller only."""

    @property
    def balanced_ports(self) -> tuple[ServiceLoadBalancer, ...]:
        """The ports behind load balancers, including those of gateways."""
        return (*self.load_balancers, *self.connections)

    @property
    def task_targets(self) -> tuple[TaskTarget, ...]:
        """The target groups in which its tasks are registered."""
        return tuple(
            TaskTarget(b.group(alternate=self.uses_alternate_groups), b.container_name, b.container_port)
            for b in self.balanced_ports
        )


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
    """The requested number of tasks; for a DAEMON service, as the scheduler counted it."""
    status: ServiceStatus = ServiceStatus.ACTIVE
    inactive_at: Instant | None = None
    deployment_configuration: DeploymentConfiguration = DeploymentConfiguration()
    launch_type: str = "FARGATE"
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    """Has precedence over ``launch_type``."""
    placement_constraints: tuple[PlacementConstraint, ...] = ()
    placement_strategy: tuple[PlacementStrategy, ...] = ()
    platform_version: str | None = None
    enable_ecs_managed_tags: bool = False
    enable_execute_command: bool = False
    """Whether ExecuteCommand works in tasks that are started from now on."""
    propagate_tags: str = "NONE"
    health_check_grace_period_seconds: int = 0
    role_arn: str | None = None
    """The role that was given for its load balancer; None = the service-linked role."""
    client_token: str | None = None
    tags: Mapping[str, str] = {}
    steady_at: Instant | None = None
    """When a steady state was last announced; None while the state is not steady."""
    traffic: ServiceTraffic = ServiceTraffic()
    availability_zone_rebalancing: str = "DISABLED"
    rebalancing: Rebalancing | None = None
    """The current move between zones."""
    current_deployment: ServiceDeploymentArn | None = None
    """The current service deployment."""
    last_completed: DeploymentId | None = msgspec.field(default=None, name="settled")
    """The newest completed deployment, to which a rollback returns."""
    deployment_controller: str = ECS_CONTROLLER
    scheduling_strategy: str = REPLICA

    @property
    def primary(self) -> Deployment:
        """The deployment that the service is moving to. An EXTERNAL service may have none."""
        return self.deployments[0]

    @property
    def view(self) -> ConnectView | None:
        """The newest deployment's resolved Service Connect configuration; None without it."""
        return self.deployments[0].view if self.deployments else None

    @property
    def is_external(self) -> bool:
        """Whether the deployments are task sets, which the owner creates and deletes."""
        return self.deployment_controller == EXTERNAL_CONTROLLER

    @property
    def is_daemon(self) -> bool:
        """Whether the service has one task on each container instance."""
        return self.scheduling_strategy == DAEMON


class ServiceEvent(msgspec.Struct, frozen=True):
    """An event of a service, as DescribeServices shows it."""

    id: str
    created_at: Instant
    message: str


class ServiceLog(StoredRecord, frozen=True, tag="service_log"):
    """A service's last hundred events, newest first. ``reported_urls``: by target group, the text of the last event
    about its URLs, which ``events`` may not have any more.
    """

    service: ServiceArn
    events: tuple[ServiceEvent, ...] = ()
    reported_urls: Mapping[TargetGroupArn, str] = {}

    @property
    def key(self) -> ServiceArn:
        """The record's key in its table."""
        return self.service

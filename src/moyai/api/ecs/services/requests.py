"""The requests of CreateService, UpdateService and DeleteService, and the launch options in them.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
"""

from __future__ import annotations

import msgspec

from moyai.api.ecs.launch.options import LaunchChange, LaunchOptions
from moyai.api.ecs.services.rules import DeploymentController, DeploymentSettings
from moyai.api.tagging import Tag
from moyai.domain.connect.config import ServiceConnectConfiguration
from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.domain.ecs.gateway import GatewayConnector
from moyai.domain.ecs.load_balancer import ServiceLoadBalancer
from moyai.domain.ecs.placement import PlacementConstraint, PlacementStrategy
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.service import REPLICA, NetworkConfiguration


class CreateServiceRequest(msgspec.Struct, frozen=True):
    service_name: str
    cluster: str | None = None
    task_definition: str | None = None
    desired_count: int | None = None
    client_token: str | None = None
    launch_type: str | None = None
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    placement_constraints: tuple[PlacementConstraint, ...] = ()
    placement_strategy: tuple[PlacementStrategy, ...] = ()
    platform_version: str | None = None
    deployment_configuration: DeploymentSettings | None = None
    deployment_controller: DeploymentController = DeploymentController()
    network_configuration: NetworkConfiguration | None = None
    health_check_grace_period_seconds: int = 0
    scheduling_strategy: str = REPLICA
    availability_zone_rebalancing: str | None = None
    tags: tuple[Tag, ...] = ()
    enable_ecs_managed_tags: bool = False
    enable_execute_command: bool = False
    propagate_tags: str = "NONE"
    service_connect_configuration: ServiceConnectConfiguration | None = None
    service_registries: tuple[ServiceRegistry, ...] = ()
    load_balancers: tuple[ServiceLoadBalancer, ...] = ()
    gateway_connectors: tuple[GatewayConnector, ...] = ()
    role: str | None = None


class UpdateServiceRequest(msgspec.Struct, frozen=True):
    """Input of UpdateService; None keeps the current value."""

    service: str
    cluster: str | None = None
    desired_count: int | None = None
    task_definition: str | None = None
    deployment_configuration: DeploymentSettings | None = None
    deployment_controller: DeploymentController | None = None
    network_configuration: NetworkConfiguration | None = None
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] | None = None
    placement_constraints: tuple[PlacementConstraint, ...] | None = None
    placement_strategy: tuple[PlacementStrategy, ...] | None = None
    platform_version: str | None = None
    force_new_deployment: bool = False
    health_check_grace_period_seconds: int | None = None
    availability_zone_rebalancing: str | None = None
    enable_ecs_managed_tags: bool | None = None
    enable_execute_command: bool | None = None
    propagate_tags: str | None = None
    service_connect_configuration: ServiceConnectConfiguration | None = None
    service_registries: tuple[ServiceRegistry, ...] | None = None
    load_balancers: tuple[ServiceLoadBalancer, ...] | None = None
    gateway_connectors: tuple[GatewayConnector, ...] | None = None


class DeleteServiceRequest(msgspec.Struct, frozen=True):
    service: str
    cluster: str | None = None
    force: bool = False


def launch_options(request: CreateServiceRequest) -> LaunchOptions:
    """The launch options of a new service."""
    return LaunchOptions(
        launch_type=request.launch_type,
        providers=request.capacity_provider_strategy,
        platform_version=request.platform_version,
        constraints=request.placement_constraints,
        strategy=request.placement_strategy,
    )


def launch_change(request: UpdateServiceRequest) -> LaunchChange:
    """The launch options that an update changes."""
    providers, version = request.capacity_provider_strategy, request.platform_version
    constraints, strategy = request.placement_constraints, request.placement_strategy
    return LaunchChange(request.task_definition, providers, version, constraints, strategy)

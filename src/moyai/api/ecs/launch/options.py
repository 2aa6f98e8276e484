"""The launch options of tasks: launch type or capacity provider strategy, platform version, placement.

Promise: the options of a request are checked as a whole and resolved, so that none is left open. A request without a
launch type and a strategy gets the cluster's default strategy; where the cluster has none, EC2, or FARGATE when the
cluster has no container instance and the task definition is compatible with it.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from moyai.api.ecs.launch.capacity_provider_strategy import check_items
from moyai.api.ecs.launch.placement_rules import MAX_CONSTRAINTS, check_constraints, check_strategies
from moyai.api.ecs.lookup import find_definition
from moyai.api.ecs.unsupported import unsupported_value
from moyai.api.operation import Context
from moyai.domain.ecs.cluster import CapacityProviderStrategyItem, Cluster
from moyai.domain.ecs.errors import ClientException, InvalidParameter, PlatformUnknown
from moyai.domain.ecs.placement import DISABLED, SPREAD, PlacementConstraint, PlacementStrategy
from moyai.domain.ecs.service import Service
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition
from moyai.plan.capacity.registration import EC2, EXTERNAL
from moyai.plan.placement.choose import FARGATE_PROVIDERS
from moyai.plan.task.launch import FARGATE, FARGATE_PLATFORM

LAUNCH_TYPES = (EC2, FARGATE, EXTERNAL)
LATEST = "LATEST"
_SPREAD_OVER_ZONES = PlacementStrategy(SPREAD, "attribute:ecs.availability-zone")


class LaunchOptions(msgspec.Struct, frozen=True):
    """The launch options of a request; once resolved, they have a launch type or providers."""

    launch_type: str | None = None
    providers: tuple[CapacityProviderStrategyItem, ...] = ()
    platform_version: str | None = None
    constraints: tuple[PlacementConstraint, ...] = ()
    strategy: tuple[PlacementStrategy, ...] = ()

    @property
    def effective_launch_type(self) -> str:
        """FARGATE, EC2 or EXTERNAL, also where it follows from the capacity providers."""
        if not self.providers:
            return self.launch_type or EC2
        return FARGATE if self.providers[0].capacity_provider in FARGATE_PROVIDERS else EC2


class LaunchChange(NamedTuple):
    """The launch options of an update; None keeps the service's own."""

    task_definition: str | None
    providers: tuple[CapacityProviderStrategyItem, ...] | None
    platform_version: str | None
    constraints: tuple[PlacementConstraint, ...] | None
    strategy: tuple[PlacementStrategy, ...] | None


def resolve_launch_options(
    ctx: Context, cluster: Cluster, definition: TaskDefinition, options: LaunchOptions
) -> LaunchOptions:
    """The options with the cluster's defaults. Raises InvalidParameter or PlatformUnknown."""
    check_launch_type(options)
    if options.providers:
        check_items(options.providers, cluster.capacity_providers)
    launch_options = options
    if options.launch_type is None and not options.providers:
        strategy = cluster.default_capacity_provider_strategy
        launch_type = None if strategy else _default_launch_type(ctx, cluster, definition)
        launch_options = msgspec.structs.replace(options, launch_type=launch_type, providers=strategy)
    check_resolved_options(launch_options, definition)
    return launch_options


def check_launch_type(options: LaunchOptions) -> None:
    """Raises InvalidParameter for an unknown launch type, and for one beside a capacity provider strategy."""
    if options.launch_type is not None and options.providers:
        raise InvalidParameter(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    if options.launch_type not in {None, *LAUNCH_TYPES}:
        reason = f"launch type should be one of [{','.join(LAUNCH_TYPES)}]"
        raise unsupported_value("launchType", options.launch_type, reason)


def check_resolved_options(options: LaunchOptions, definition: TaskDefinition) -> None:
    """Check options with a launch type or providers against a task definition. Raises InvalidParameter or
    PlatformUnknown.
    """
    launch_type = options.effective_launch_type
    _check_compatibility(definition, launch_type)
    if launch_type == FARGATE:
        _check_platform(options.platform_version)
    elif options.platform_version is not None:
        raise InvalidParameter(f"The platform version must be null when specifying an {launch_type} launch type.")
    _check_placement(options, definition)


def with_launch_change(ctx: Context, cluster: Cluster, service: Service, change: LaunchChange) -> Service:
    """The service after an update. An empty capacity provider strategy brings the launch type back.

    Raises InvalidParameter or PlatformUnknown.
    """
    if all(value is None for value in change):
        return service
    constraints = service.placement_constraints if change.constraints is None else change.constraints
    strategy = service.placement_strategy if change.strategy is None else _without_empty(change.strategy)
    if service.is_external:
        return with_task_set_options(
            service, LaunchOptions(service.launch_type, constraints=constraints, strategy=strategy)
        )
    providers = service.capacity_provider_strategy if change.providers is None else change.providers
    identifier = service.primary.task_definition if change.task_definition is None else change.task_definition
    definition = find_definition(ctx.store.world, ctx.scope, identifier)
    if definition is None:
        raise ClientException("TaskDefinition not found.")
    options = LaunchOptions(
        launch_type=None if providers else service.launch_type,
        providers=providers,
        platform_version=change.platform_version,
        constraints=constraints,
        strategy=strategy,
    )
    return with_launch_options(service, resolve_launch_options(ctx, cluster, definition, options))


def with_task_set_options(service: Service, options: LaunchOptions) -> Service:
    """A service with the EXTERNAL controller: the options that its task sets share, and their default launch type.

    Raises InvalidParameter.
    """
    check_launch_type(options)
    check_constraints(options.constraints)
    check_strategies(options.strategy)
    return msgspec.structs.replace(
        service,
        launch_type=options.launch_type or EC2,
        placement_constraints=options.constraints,
        placement_strategy=options.strategy,
    )


def with_launch_options(service: Service, options: LaunchOptions) -> Service:
    """The service with resolved options. Rebalancing is only for services that spread tasks over zones first."""
    launch_type = options.effective_launch_type
    version = options.platform_version or service.platform_version or LATEST
    by_zone = not options.strategy or options.strategy[0] == _SPREAD_OVER_ZONES
    return msgspec.structs.replace(
        service,
        launch_type=launch_type,
        capacity_provider_strategy=options.providers,
        placement_constraints=options.constraints,
        placement_strategy=options.strategy,
        platform_version=version if launch_type == FARGATE else None,
        availability_zone_rebalancing=service.availability_zone_rebalancing if by_zone else DISABLED,
    )


def _without_empty(strategy: tuple[PlacementStrategy, ...]) -> tuple[PlacementStrategy, ...]:
    """The strategy; none for the single empty item that removes it."""
    return () if strategy == (PlacementStrategy(),) else strategy


def _default_launch_type(ctx: Context, cluster: Cluster, definition: TaskDefinition) -> str:
    instances = any(not i.gone for i in ctx.store.world.container_instances.by("cluster", cluster.arn))
    return EC2 if instances or FARGATE not in definition.compatibilities else FARGATE


def _check_compatibility(definition: TaskDefinition, launch_type: str) -> None:
    without_interfaces = definition.network_mode is not NetworkMode.AWSVPC
    compatible = {FARGATE: FARGATE in definition.compatibilities, EXTERNAL: without_interfaces}.get(launch_type, True)
    if not compatible:
        raise InvalidParameter(f"Task definition does not support launch_type {launch_type}.")


def _check_platform(version: str | None) -> None:
    if version not in {None, LATEST, FARGATE_PLATFORM}:
        raise PlatformUnknown(f"The specified platform does not exist. Use {LATEST} or {FARGATE_PLATFORM}.")


def _check_placement(options: LaunchOptions, definition: TaskDefinition) -> None:
    if options.effective_launch_type == FARGATE:
        if options.strategy:
            raise InvalidParameter("Placement strategies are not supported with FARGATE launch type")
        if options.constraints or definition.placement_constraints:
            raise InvalidParameter("Placement constraints are not supported with FARGATE launch type")
    if len(options.constraints) + len(definition.placement_constraints) > MAX_CONSTRAINTS:
        raise InvalidParameter(f"Maximum number of constraints is {MAX_CONSTRAINTS}")
    check_constraints(options.constraints)
    check_strategies(options.strategy)

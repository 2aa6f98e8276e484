"""On what tasks are launched: launch type or capacity providers, platform version, constraints and strategies.

Promise: what was asked for is checked as a whole and comes back with nothing left open. Where neither a launch type
nor a strategy is named, the cluster's default strategy holds, and where it has none, EC2; a cluster without any
container instance takes FARGATE then, if the task definition is fit for it.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from moyai.api.ecs.instance_queries import read_expression
from moyai.api.ecs.lookup import find_definition
from moyai.api.ecs.placement import LATEST, check_platform
from moyai.api.ecs.refusal import unsupported
from moyai.api.ecs.strategy_of_providers import check_items
from moyai.api.operation import Context
from moyai.domain.ecs.cluster import CapacityProviderStrategyItem, Cluster
from moyai.domain.ecs.errors import ClientException, InvalidParameter
from moyai.domain.ecs.placement import BINPACK, DISTINCT_INSTANCE, MEMBER_OF, RANDOM, SPREAD
from moyai.domain.ecs.placement import PlacementConstraint as Constraint
from moyai.domain.ecs.placement import PlacementStrategy as Strategy
from moyai.domain.ecs.rebalancing import DISABLED
from moyai.domain.ecs.service import Service
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition
from moyai.kernel.errors import ClientFault
from moyai.plan.enrol import EC2, EXTERNAL
from moyai.plan.launch import FARGATE
from moyai.plan.placement.capacity import FARGATE_PROVIDERS
from moyai.plan.placement.spread import ITSELF

KINDS = (EC2, FARGATE, EXTERNAL)
"""The launch types that there are."""
_MAX_STRATEGIES = 5
_MAX_CONSTRAINTS = 10
_ATTRIBUTE = re.compile(r"attribute:[A-Za-z0-9_./\\-]{1,128}")


class Launching(msgspec.Struct, frozen=True):
    """What a request says of it; and, from ``checked_launch``, what then holds: a launch type, or providers."""

    launch_type: str | None = None
    providers: tuple[CapacityProviderStrategyItem, ...] = ()
    platform_version: str | None = None
    constraints: tuple[Constraint, ...] = ()
    strategy: tuple[Strategy, ...] = ()

    @property
    def kind(self) -> str:
        """FARGATE, EC2 or EXTERNAL, also where providers say it."""
        if not self.providers:
            return self.launch_type or EC2
        return FARGATE if self.providers[0].capacity_provider in FARGATE_PROVIDERS else EC2


def checked_launch(ctx: Context, cluster: Cluster, definition: TaskDefinition, asked: Launching) -> Launching:
    """What holds. Raises InvalidParameter or PlatformUnknown."""
    if asked.launch_type is not None and asked.providers:
        raise InvalidParameter(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    check_kind(asked.launch_type)
    if asked.providers:
        check_items(asked.providers, cluster.capacity_providers)
    found = asked
    if asked.launch_type is None and not asked.providers:
        default = cluster.default_capacity_provider_strategy
        kind = None if default else _by_default(ctx, cluster, definition)
        found = msgspec.structs.replace(asked, launch_type=kind, providers=default)
    check_definition_for(definition, found.kind)
    if found.kind == FARGATE:
        check_platform(asked.platform_version)
    elif asked.platform_version is not None:
        raise InvalidParameter(f"The platform version must be null when specifying an {found.kind} launch type.")
    check_placement(found, definition)
    return found


def check_kind(asked: str | None) -> None:
    """Raises InvalidParameter for a launch type that there is not."""
    if asked not in {None, *KINDS}:
        raise unsupported("launchType", asked, f"launch type should be one of [{','.join(KINDS)}]")


class LaunchChange(NamedTuple):
    """What an update says of it; None keeps what there is."""

    task_definition: str | None
    providers: tuple[CapacityProviderStrategyItem, ...] | None
    platform_version: str | None
    constraints: tuple[Constraint, ...] | None
    strategy: tuple[Strategy, ...] | None


def relaunched(ctx: Context, cluster: Cluster, service: Service, change: LaunchChange) -> Service:
    """The service with what an update changes. An empty provider strategy brings the launch type back.

    Raises InvalidParameter or PlatformUnknown.
    """
    if all(value is None for value in change):
        return service
    constraints = service.placement_constraints if change.constraints is None else change.constraints
    strategy = service.placement_strategy if change.strategy is None else _given(change.strategy)
    if service.is_external:
        return prepared(service, Launching(constraints=constraints, strategy=strategy))
    providers = service.capacity_provider_strategy if change.providers is None else change.providers
    named = service.primary.task_definition if change.task_definition is None else change.task_definition
    definition = find_definition(ctx.store.world, ctx.scope, named)
    if definition is None:
        raise ClientException("TaskDefinition not found.")
    asked = Launching(
        launch_type=None if providers else service.launch_type,
        providers=providers,
        platform_version=change.platform_version,
        constraints=constraints,
        strategy=strategy,
    )
    return launched(service, checked_launch(ctx, cluster, definition, asked))


def prepared(service: Service, asked: Launching) -> Service:
    """A service that will have task sets: how they are placed, and on what where they say nothing of it themselves.

    Raises InvalidParameter.
    """
    check_kind(asked.launch_type)
    _check_kinds(asked.constraints, asked.strategy)
    return msgspec.structs.replace(
        service,
        launch_type=asked.launch_type or service.launch_type,
        placement_constraints=asked.constraints,
        placement_strategy=asked.strategy,
    )


def launched(service: Service, holds: Launching) -> Service:
    """The service with what holds of it. What is not spread over the zones first is never moved for their sake."""
    version = holds.platform_version or service.platform_version or LATEST
    by_zone = not holds.strategy or holds.strategy[0] == Strategy(SPREAD, "attribute:ecs.availability-zone")
    return msgspec.structs.replace(
        service,
        launch_type=holds.kind,
        capacity_provider_strategy=holds.providers,
        placement_constraints=holds.constraints,
        placement_strategy=holds.strategy,
        platform_version=version if holds.kind == FARGATE else None,
        availability_zone_rebalancing=service.availability_zone_rebalancing if by_zone else DISABLED,
    )


def _given(strategy: tuple[Strategy, ...]) -> tuple[Strategy, ...]:
    """Without the empty one that takes all away."""
    return () if strategy == (Strategy(),) else strategy


def check_definition_for(definition: TaskDefinition, kind: str) -> None:
    """Raises InvalidParameter where the task definition can't be run so."""
    bound = definition.network_mode is not NetworkMode.AWSVPC
    fits = {FARGATE: FARGATE in definition.compatibilities, EXTERNAL: bound}.get(kind, True)
    if not fits:
        raise InvalidParameter(f"Task definition does not support launch_type {kind}.")


def check_placement(asked: Launching, definition: TaskDefinition) -> None:
    """Raises InvalidParameter for constraints and strategies that can't be."""
    if asked.kind == FARGATE and asked.strategy:
        raise InvalidParameter("Placement strategies are not supported with FARGATE launch type")
    if asked.kind == FARGATE and (asked.constraints or definition.placement_constraints):
        raise InvalidParameter("Placement constraints are not supported with FARGATE launch type")
    if len(asked.constraints) + len(definition.placement_constraints) > _MAX_CONSTRAINTS:
        raise InvalidParameter(f"Maximum number of constraints is {_MAX_CONSTRAINTS}")
    _check_kinds(asked.constraints, asked.strategy)


def _check_kinds(constraints: Sequence[Constraint], strategy: Sequence[Strategy]) -> None:
    check_constraints(constraints)
    if len(strategy) > _MAX_STRATEGIES:
        raise InvalidParameter(f"Maximum number of strategies is {_MAX_STRATEGIES}")
    for one in strategy:
        _check_strategy(one)


def check_constraints(constraints: Sequence[Constraint], fault: type[ClientFault] = InvalidParameter) -> None:
    """Raises ``fault``."""
    for one in constraints:
        if one.type == DISTINCT_INSTANCE and one.expression:
            raise fault("distinctInstance expression should not be specified")
        if one.type == MEMBER_OF and not one.expression:
            raise fault("memberOf expression should be specified")
        if one.type not in {DISTINCT_INSTANCE, MEMBER_OF}:
            raise fault(f"placement constraint type should be one of [{DISTINCT_INSTANCE},{MEMBER_OF}]")
        if one.expression:
            read_expression(one.expression, fault)


def _by_default(ctx: Context, cluster: Cluster, definition: TaskDefinition) -> str:
    instances = any(not i.gone for i in ctx.store.world.container_instances.by("cluster", cluster.arn))
    return EC2 if instances or FARGATE not in definition.compatibilities else FARGATE


def _check_strategy(one: Strategy) -> None:
    field = one.field or ""
    match one.type:
        case "random" if field:
            raise InvalidParameter(f"{RANDOM} field should not be specified")
        case "binpack" if field.lower() not in {"cpu", "memory"}:
            raise InvalidParameter(f"{BINPACK} field '{field}' is invalid")
        case "spread" if field.lower() not in ITSELF and not _ATTRIBUTE.fullmatch(field):
            raise InvalidParameter(f"{SPREAD} field '{field}' is invalid")
        case "random" | "binpack" | "spread":
            return
        case _:
            raise InvalidParameter(f"placement strategy type should be one of [{RANDOM},{SPREAD},{BINPACK}]")

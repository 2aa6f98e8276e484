"""Rules of a service's settings, and of those of services with the DAEMON scheduling strategy, which run one task on
each container instance.

Promise: the deployment controller is ECS or EXTERNAL. A setting that moyai does not implement is accepted only with the
value that switches it off.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-options.html (daemon)
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.launch.options import LaunchChange, LaunchOptions
from moyai.api.ecs.services.deployment_strategy import StrategySettings, checked_strategy
from moyai.api.ecs.unsupported import unsupported_value
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.placement import DISABLED, ENABLED, PlacementStrategy
from moyai.domain.ecs.service import DAEMON, ECS_CONTROLLER, EXTERNAL_CONTROLLER, DeploymentConfiguration
from moyai.domain.ecs.strategy import Strategy
from moyai.plan.capacity.registration import EC2
from moyai.plan.task.launch import FARGATE

MAX_DESIRED = 5000
_FULL = 100  # percent
DAEMON_CONFIGURATION = DeploymentConfiguration(maximum_percent=100, minimum_healthy_percent=0)
"""The deployment configuration of a daemon service whose request has none."""


class DeploymentController(msgspec.Struct, frozen=True):
    """The controller that deploys a service: ECS, or EXTERNAL for task sets."""

    type: str = ECS_CONTROLLER


class DeploymentSettings(StrategySettings, frozen=True):
    """The deploymentConfiguration of a request; None keeps the current value."""

    maximum_percent: int | None = None
    minimum_healthy_percent: int | None = None


def deployment_configuration(
    settings: DeploymentSettings | None, current: DeploymentConfiguration
) -> DeploymentConfiguration:
    """The configuration with the requested changes. Raises InvalidParameter."""
    if settings is None:
        return current
    most = current.maximum_percent if settings.maximum_percent is None else settings.maximum_percent
    least = settings.minimum_healthy_percent
    least = current.minimum_healthy_percent if least is None else least
    if not 0 <= least <= _FULL:
        raise InvalidParameter("minimumHealthyPercent must be at most 100 and at least 0")
    if most < _FULL:
        raise InvalidParameter("maximumPercent must be at least 100")
    if most == least == _FULL:
        raise InvalidParameter(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."
        )
    bounded = replace(current, maximum_percent=most, minimum_healthy_percent=least)
    return checked_strategy(settings, bounded)


def checked_count(desired_count: int | None) -> int:
    """The desired count, which a REPLICA service has to have. Raises InvalidParameter."""
    if desired_count is None:
        raise InvalidParameter("DesiredCount is missing")
    if not 0 <= desired_count <= MAX_DESIRED:
        raise InvalidParameter(f"desiredCount must be between 0 and {MAX_DESIRED}.")
    return desired_count


def check_controller(controller: DeploymentController) -> None:
    """Raises InvalidParameter for another controller than ECS and EXTERNAL."""
    if controller.type not in {ECS_CONTROLLER, EXTERNAL_CONTROLLER}:
        reason = "the deployment controller is ECS or EXTERNAL"
        raise unsupported_value("deploymentController.type", controller.type, reason)


def check_same_controller(controller: DeploymentController | None, current: str) -> None:
    """Raises InvalidParameter for an update to another controller than the service has."""
    if controller is not None and controller.type != current:
        reason = f"the service was made with {current}, and keeps it"
        raise unsupported_value("deploymentController.type", controller.type, reason)


def checked_rebalancing(rebalancing: str | None, current: str, configuration: DeploymentConfiguration) -> str:
    """Whether tasks are rebalanced between zones: as requested, else as before; never when maximumPercent is 100 or
    less.

    Raises InvalidParameter for a request that enables rebalancing then.
    """
    if configuration.maximum_percent > _FULL:
        return rebalancing or current
    if rebalancing == ENABLED:
        raise InvalidParameter(
            "Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration"
        )
    return DISABLED


def checked_grace(seconds: int) -> int:
    """The grace period in seconds. Raises InvalidParameter."""
    if seconds < 0:
        raise InvalidParameter("healthCheckGracePeriodSeconds must not be negative.")
    return seconds


def check_daemon_scheduling(strategy: str, controller: str) -> None:
    """Raises InvalidParameter for DAEMON with the EXTERNAL controller. The model refuses unknown strategies."""
    if strategy == DAEMON and controller == EXTERNAL_CONTROLLER:
        raise InvalidParameter(
            "The daemon scheduling strategy does not support the EXTERNAL deployment controller. Change the deployment"
            " controller and try again"
        )


def daemon_count(desired: int | None) -> int:
    """The desired count at creation, 0: the scheduler sets it. Raises InvalidParameter when the request has one."""
    if desired is not None:
        raise InvalidParameter(
            "The daemon scheduling strategy does not support a desired count for services. Remove the desired count"
            " value and try again"
        )
    return 0


def check_daemon_update(change: LaunchChange, desired: int | None) -> None:
    """Raises InvalidParameter for a desired count, a capacity provider strategy or a placement strategy."""
    daemon_count(desired)
    if change.providers:
        raise InvalidParameter(
            "Specifying a capacity provider strategy is not supported when you update a service using the DAEMON"
            " scheduling strategy."
        )
    _check_no_strategy(change.strategy)


def check_daemon_configuration(configuration: DeploymentConfiguration, rebalancing: str | None) -> None:
    """Raises InvalidParameter for settings that would need more than one task on an instance."""
    if configuration.maximum_percent > _FULL:
        raise InvalidParameter("The daemon scheduling strategy does not support values above 100 for maximumPercent")
    if configuration.strategy is not Strategy.ROLLING:
        reason = "a service with the daemon scheduling strategy has one task on an instance"
        raise unsupported_value("deploymentConfiguration.strategy", configuration.strategy, reason)
    if rebalancing == ENABLED:
        raise InvalidParameter("Availability Zone Rebalancing does not support DAEMON services")


def daemon_launch_options(cluster: Cluster, options: LaunchOptions) -> LaunchOptions:
    """The launch options with the default launch type EC2. Raises InvalidParameter."""
    providers = options.providers
    if options.launch_type is None:
        providers = providers or cluster.default_capacity_provider_strategy
    check_daemon_launch(replace(options, providers=providers))
    return replace(options, launch_type=options.launch_type or EC2)


def check_daemon_launch(options: LaunchOptions) -> None:
    """Raises InvalidParameter for FARGATE, a capacity provider strategy or a placement strategy."""
    if options.launch_type == FARGATE:
        raise InvalidParameter(
            "The daemon scheduling strategy does not support the FARGATE launch type. Change the launch type and try"
            " again"
        )
    if options.providers:
        raise InvalidParameter(
            "Specifying a capacity provider strategy is not supported when you create a service using the DAEMON"
            " scheduling strategy."
        )
    _check_no_strategy(options.strategy)


def _check_no_strategy(strategy: tuple[PlacementStrategy, ...] | None) -> None:
    """Raises InvalidParameter for a placement strategy."""
    if strategy and strategy != (PlacementStrategy(),):
        raise InvalidParameter(
            "The daemon scheduling strategy does not support placement strategies. Remove the placement strategy and"
            " try again"
        )

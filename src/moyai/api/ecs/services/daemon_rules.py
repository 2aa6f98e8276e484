"""Rules of services with the DAEMON scheduling strategy, which run one task on each container instance.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-options.html (daemon)
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.ecs.launch.options import LaunchChange, LaunchOptions
from moyai.api.ecs.unsupported import unsupported_value
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.placement import ENABLED, PlacementStrategy
from moyai.domain.ecs.service import DAEMON, EXTERNAL_CONTROLLER, DeploymentConfiguration
from moyai.domain.ecs.strategy import Strategy
from moyai.plan.capacity.registration import EC2
from moyai.plan.task.launch import FARGATE

DEFAULT_CONFIGURATION = DeploymentConfiguration(maximum_percent=100, minimum_healthy_percent=0)
"""The deployment configuration of a daemon service whose request has none."""
_FULL = 100  # percent


def check_scheduling(strategy: str, controller: str) -> None:
    """Raises InvalidParameter for DAEMON with the EXTERNAL controller; the model has the strategies that there are."""
    if strategy == DAEMON and controller == EXTERNAL_CONTROLLER:
        raise InvalidParameter(
            "The daemon scheduling strategy does not support the EXTERNAL deployment controller. Change the deployment"
            " controller and try again"
        )


def initial_count(desired: int | None) -> int:
    """The desired count at creation, 0: the scheduler sets it. Raises InvalidParameter when the request has one."""
    if desired is not None:
        raise InvalidParameter(
            "The daemon scheduling strategy does not support a desired count for services. Remove the desired count"
            " value and try again"
        )
    return 0


def check_update(change: LaunchChange, desired: int | None) -> None:
    """Raises InvalidParameter for a desired count, a capacity provider strategy or a placement strategy."""
    initial_count(desired)
    if change.providers:
        raise InvalidParameter(
            "Specifying a capacity provider strategy is not supported when you update a service using the DAEMON"
            " scheduling strategy."
        )
    _check_no_strategy(change.strategy)


def check_configuration(configuration: DeploymentConfiguration, rebalancing: str | None) -> None:
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
    if options.launch_type == FARGATE:
        raise InvalidParameter(
            "The daemon scheduling strategy does not support the FARGATE launch type. Change the launch type and try"
            " again"
        )
    if options.providers or (options.launch_type is None and cluster.default_capacity_provider_strategy):
        raise InvalidParameter(
            "Specifying a capacity provider strategy is not supported when you create a service using the DAEMON"
            " scheduling strategy."
        )
    _check_no_strategy(options.strategy)
    return replace(options, launch_type=options.launch_type or EC2)


def _check_no_strategy(strategy: tuple[PlacementStrategy, ...] | None) -> None:
    """Raises InvalidParameter for a placement strategy."""
    if strategy and strategy != (PlacementStrategy(),):
        raise InvalidParameter(
            "The daemon scheduling strategy does not support placement strategies. Remove the placement strategy and"
            " try again"
        )

"""What a service with the DAEMON scheduling strategy may not be given: it has one task on each container instance.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-options.html (daemon)
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.ecs.launch_rules import LaunchChange, Launching
from moyai.api.ecs.refusal import unsupported
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.placement import PlacementStrategy
from moyai.domain.ecs.rebalancing import ENABLED
from moyai.domain.ecs.service import DAEMON, EXTERNAL_CONTROLLER, REPLICA, DeploymentConfiguration
from moyai.domain.ecs.strategy import Strategy
from moyai.plan.enrol import EC2
from moyai.plan.launch import FARGATE

BY_DEFAULT = DeploymentConfiguration(maximum_percent=100, minimum_healthy_percent=0)
"""The bounds of a service that names none."""
_FULL = 100  # percent


def check_scheduling(strategy: str, controller: str) -> None:
    """Raises InvalidParameter."""
    if strategy not in {REPLICA, DAEMON}:
        raise unsupported("schedulingStrategy", strategy, f"scheduling strategy should be one of [{REPLICA},{DAEMON}]")
    if strategy == DAEMON and controller == EXTERNAL_CONTROLLER:
        raise InvalidParameter(
            "The daemon scheduling strategy does not support the EXTERNAL deployment controller. Change the deployment"
            " controller and try again"
        )


def uncounted(desired: int | None) -> int:
    """The count to begin with: the scheduler counts. Raises InvalidParameter where one was asked for."""
    if desired is not None:
        raise InvalidParameter(
            "The daemon scheduling strategy does not support a desired count for services. Remove the desired count"
            " value and try again"
        )
    return 0


def check_update(change: LaunchChange, desired: int | None) -> None:
    """Raises InvalidParameter."""
    uncounted(desired)
    if change.providers:
        raise InvalidParameter(
            "Specifying a capacity provider strategy is not supported when you update a service using the DAEMON"
            " scheduling strategy."
        )
    _check_unplaced(change.strategy)


def check_configuration(configuration: DeploymentConfiguration, rebalancing: str | None) -> None:
    """Raises InvalidParameter for what would need more than one task on an instance."""
    if configuration.maximum_percent > _FULL:
        raise InvalidParameter("The daemon scheduling strategy does not support values above 100 for maximumPercent")
    if configuration.strategy is not Strategy.ROLLING:
        reason = "a service with the daemon scheduling strategy has one task on an instance"
        raise unsupported("deploymentConfiguration.strategy", configuration.strategy, reason)
    if rebalancing == ENABLED:
        raise InvalidParameter("Availability Zone Rebalancing does not support DAEMON services")


def daemon_launching(cluster: Cluster, asked: Launching) -> Launching:
    """On what its tasks are launched: EC2 where nothing is said. Raises InvalidParameter."""
    if asked.launch_type == FARGATE:
        raise InvalidParameter(
            "The daemon scheduling strategy does not support the FARGATE launch type. Change the launch type and try"
            " again"
        )
    if asked.providers or (asked.launch_type is None and cluster.default_capacity_provider_strategy):
        raise InvalidParameter(
            "Specifying a capacity provider strategy is not supported when you create a service using the DAEMON"
            " scheduling strategy."
        )
    _check_unplaced(asked.strategy)
    return replace(asked, launch_type=asked.launch_type or EC2)


def _check_unplaced(strategy: tuple[PlacementStrategy, ...] | None) -> None:
    """Raises InvalidParameter where a placement strategy was asked for."""
    if strategy and strategy != (PlacementStrategy(),):
        raise InvalidParameter(
            "The daemon scheduling strategy does not support placement strategies. Remove the placement strategy and"
            " try again"
        )

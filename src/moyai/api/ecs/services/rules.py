"""Rules of a service's settings.

Promise: the deployment controller is ECS or EXTERNAL. A setting that moyai does not implement is accepted only with the
value that switches it off.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
"""

from __future__ import annotations

import msgspec

from moyai.api.ecs.services.deployment_strategy import StrategySettings, checked_strategy
from moyai.api.ecs.unsupported import unsupported_value
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.placement import DISABLED, ENABLED
from moyai.domain.ecs.service import ECS_CONTROLLER, EXTERNAL_CONTROLLER, DeploymentConfiguration

MAX_DESIRED = 5000
_FULL = 100  # percent


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
    bounded = msgspec.structs.replace(current, maximum_percent=most, minimum_healthy_percent=least)
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

    Raises InvalidParameter for a request with both.
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

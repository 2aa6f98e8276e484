"""Rules of services with the EXTERNAL deployment controller, whose task sets have most settings of their own.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.placement import ENABLED
from moyai.domain.ecs.service import DeploymentConfiguration

_AT_CREATION: Mapping[str, str] = MappingProxyType(
    {
        "task_definition": "TaskDefinition must be blank",
        "network_configuration": "NetworkConfiguration must be empty or null",
        "platform_version": "PlatformVersion must be blank",
        "load_balancers": "LoadBalancers must be empty or null",
        "gateway_connectors": "GatewayConnectors must be empty or null",
        "service_registries": "ServiceRegistries must be empty or null",
        "capacity_provider_strategy": "CapacityProviderStrategy must be empty or null",
        "service_connect_configuration": (
            "Service Connect is only supported for services with the ECS deployment controller."
        ),
    }
)
_AT_UPDATE: Mapping[str, str] = MappingProxyType(
    {
        "task_definition": "task definition",
        "network_configuration": "network configuration",
        "platform_version": "platform version",
        "load_balancers": "load balancers",
        "gateway_connectors": "gateway connectors",
        "service_registries": "service registries",
        "service_connect_configuration": "Service Connect configuration",
        "deployment_configuration": "deployment configuration",
        "availability_zone_rebalancing": "Availability Zone rebalancing",
        "capacity_provider_strategy": "capacity provider strategy",
        "enable_execute_command": "ECS Exec",
    }
)


def check_creation(request: msgspec.Struct) -> None:
    """Raises InvalidParameter for members of CreateService that belong to task sets."""
    for member, message in _AT_CREATION.items():
        if getattr(request, member):
            raise InvalidParameter(message)


def check_bounds(configuration: DeploymentConfiguration, rebalancing: str | None) -> None:
    """Raises InvalidParameter for deployment settings other than maximumPercent and minimumHealthyPercent."""
    rest = replace(configuration, maximum_percent=200, minimum_healthy_percent=100)
    if rest != DeploymentConfiguration():
        raise InvalidParameter(
            "deploymentConfiguration of a service with an EXTERNAL deployment controller has maximumPercent and"
            " minimumHealthyPercent only."
        )
    if rebalancing == ENABLED:
        raise InvalidParameter(
            "Availability Zone Rebalancing does not support services with an EXTERNAL deployment controller."
        )


def check_update(request: msgspec.Struct, *, force: bool) -> None:
    """Raises InvalidParameter for members of UpdateService that belong to task sets or would start a deployment."""
    for member, name in _AT_UPDATE.items():
        if getattr(request, member) is not None:
            raise _unable(f"update {name}")
    if force:
        raise _unable("force a new deployment")


def _unable(what: str) -> InvalidParameter:
    return InvalidParameter(
        f"Unable to {what} on services with an EXTERNAL deployment controller. Create a task set instead."
    )

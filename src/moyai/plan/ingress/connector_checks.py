"""The port and health check of a gateway connector: checked, and written to target groups.

Promise: a connector's settings are written only to the target groups that the tasks of its deployment are in, so that
the former tasks in the other groups are checked as before. A rolling deployment's old and new tasks share a group.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_GatewayConnector.html
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.gateway import ConnectorDelay, ConnectorHealthCheck, GatewayConnector
from moyai.domain.ecs.ingress import IngressPath
from moyai.domain.ecs.service import Deployment
from moyai.domain.ecs.task_definition import AppProtocol, PortMapping, TaskDefinition
from moyai.domain.elb.attributes import DEREGISTRATION_DELAY
from moyai.domain.elb.target_group import ProtocolVersion, TargetHealthCheck, TargetProtocol, TargetType
from moyai.domain.world import Put, World
from moyai.kernel.errors import InvalidInput
from moyai.plan.elb.health_checks import CheckedGroup, HealthCheckSettings, Matcher, new_health_check

_VERSIONS: Final = MappingProxyType({AppProtocol.GRPC: ProtocolVersion.GRPC, AppProtocol.HTTP2: ProtocolVersion.HTTP2})
_RANGES: Final = MappingProxyType(
    {
        "health_check_timeout_seconds": ("healthCheckTimeoutSeconds", 2, 120),
        "health_check_interval_seconds": ("healthCheckIntervalSeconds", 5, 300),
        "healthy_threshold_count": ("healthyThresholdCount", 2, 10),
        "unhealthy_threshold_count": ("unhealthyThresholdCount", 2, 10),
        "health_check_port": ("healthCheckPort", 1, 65535),
    }
)


def named_port(definition: TaskDefinition, connector: GatewayConnector) -> tuple[str, PortMapping]:
    """The container and the port mapping that the connector names. Raises InvalidParameter."""
    for container in definition.container_definitions:
        for mapping in container.port_mappings:
            if mapping.name == connector.port_name and mapping.protocol == "tcp" and mapping.container_port:
                return container.name, mapping
    raise InvalidParameter(
        f"gatewayConnectors: the task definition has no TCP port mapping with the name {connector.port_name!r}."
    )


def version_of(mapping: PortMapping) -> ProtocolVersion:
    """The HTTP version that the port speaks."""
    protocol = mapping.app_protocol
    return ProtocolVersion.HTTP1 if protocol is None else _VERSIONS.get(protocol, ProtocolVersion.HTTP1)


def group_health_check(connector: GatewayConnector, mapping: PortMapping) -> TargetHealthCheck:
    """The health check of the connector's target groups. Raises InvalidParameter."""
    check = connector.health_check or ConnectorHealthCheck()
    for member, (name, low, high) in _RANGES.items():
        value = getattr(check, member)
        if value is not None and not low <= value <= high:
            raise InvalidParameter(f"gatewayConnectors.healthCheck.{name} must be between {low} and {high}.")
    matcher = check.matcher
    settings = HealthCheckSettings(
        health_check_protocol=check.health_check_protocol,
        health_check_port=None if check.health_check_port is None else str(check.health_check_port),
        health_check_path=check.health_check_path,
        health_check_interval_seconds=check.health_check_interval_seconds,
        health_check_timeout_seconds=check.health_check_timeout_seconds,
        healthy_threshold_count=check.healthy_threshold_count,
        unhealthy_threshold_count=check.unhealthy_threshold_count,
        matcher=None if matcher is None else Matcher(matcher.http_code, matcher.grpc_code),
    )
    try:
        return new_health_check(CheckedGroup(TargetProtocol.HTTP, version_of(mapping), TargetType.IP), settings)
    except InvalidInput as fault:
        raise InvalidParameter(f"gatewayConnectors.healthCheck: {fault}.") from fault


def delay_of(connector: GatewayConnector) -> int:
    """How long deregistered targets drain, in seconds."""
    return (connector.deregistration_delay or ConnectorDelay()).timeout_seconds


def check_version(world: World, path: IngressPath, mapping: PortMapping) -> None:
    """Raises InvalidParameter where the port speaks another version of HTTP than the path's target groups."""
    version = version_of(mapping)
    groups = (world.target_groups.get(key) for key in path.target_groups)
    for group in groups:
        if group is not None and group.protocol_version is not version:
            raise InvalidParameter(
                f"gatewayConnectors: the port {mapping.name!r} speaks {version}, and the service's route"
                f" {group.protocol_version}, which can't be changed. Update the service with no gatewayConnectors, and"
                " add the connector again when that deployment is complete; the route then has a new URL."
            )


def write_connector(world: World, deployment: Deployment) -> Iterator[Put]:
    """Changes by which the target groups of the deployment's tasks have its connector's health check and delay."""
    definition = world.task_definitions.get(deployment.task_definition)
    if definition is None:
        return
    for connector in deployment.gateway_connectors:
        _, mapping = named_port(definition, connector)
        check, delay = group_health_check(connector, mapping), {DEREGISTRATION_DELAY.key: str(delay_of(connector))}
        for balancer in deployment.connections:
            group = world.target_groups.get(balancer.group(alternate=deployment.uses_alternate_groups))
            if group is not None:
                yield Put(replace(group, health_check=check, attributes={**group.attributes, **delay}))

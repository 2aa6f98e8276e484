"""The validation of Service Connect configurations.

Promise: ports, aliases and proxy settings are checked against the task definition alone, discovery names against the
owner of the Cloud Map service; ``resolution`` checks the rest against the namespace. Refused are ports without a name,
UDP (a proxy never sees it), aliases that could not be looked up or that hide the task's own ``localhost``, ports that
the proxy or a container needs, and log settings that AWS refuses for Fargate.

Service Connect may take over the Cloud Map service in which the ECS service registers its tasks by serviceRegistries.
So a service can move to Service Connect in place: callers that find it in Cloud Map or through App Mesh still find its
old and new tasks side by side. On AWS, Service Connect creates a Cloud Map service of its own.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectService.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectConfiguration.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.connect.config import (
    ClientAlias,
    ContainerConfiguration,
    ServiceConnectConfiguration,
    ServiceConnectService,
)
from moyai.domain.connect.names import proxy_ports
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.ecs.task_definition import LogConfiguration, NetworkMode, PortMapping, TaskDefinition
from moyai.domain.logs.driver import AWSLOGS, fault_in
from moyai.domain.world import World
from moyai.kernel.ids import DiscoveryServiceArn, ServiceArn

NAME_PATTERN = re.compile(r"[a-z0-9_][a-z0-9_-]{0,63}")
"""Names of ports and discovery names."""
_DNS_LABEL = r"[a-z0-9_][a-z0-9_-]{0,62}"
_DNS_NAME = re.compile(rf"{_DNS_LABEL}(\.{_DNS_LABEL})*")
_LONGEST_DNS_NAME = 127
_ADDRESS = re.compile(r"[0-9.]+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_MAX_ALIASES = 1
_WITH_PROXY = frozenset({NetworkMode.AWSVPC, NetworkMode.BRIDGE})


def check_configuration(configuration: ServiceConnectConfiguration, definition: TaskDefinition) -> None:
    """Raise InvalidParameter when the offered ports conflict with each other or with the task definition."""
    if definition.network_mode not in _WITH_PROXY:
        raise InvalidParameter(
            f"Service Connect is not supported for the network mode {definition.network_mode}. Use awsvpc or bridge."
        )
    for service in configuration.services:
        _check_port(service, definition)
    overrides = _overrides(configuration)
    claimed = [m.ports for c in definition.container_definitions for m in c.port_mappings]
    for port in overrides:
        if any(port in ports for ports in claimed):
            raise InvalidParameter(f"ingressPortOverride {port} is a container port of the task definition.")
        if port in proxy_ports(definition):
            raise InvalidParameter(f"ingressPortOverride {port} is taken by the proxy. Choose another.")


def check_members(configuration: ServiceConnectConfiguration) -> None:
    """Raise InvalidParameter when the offered names don't go with each other, or are not valid."""
    for service in configuration.services:
        _check_names(service)
    _check_once((s.port_name for s in configuration.services), "portName")
    _check_once((s.name for s in configuration.services), "discoveryName")
    _check_once((str(port) for port in _overrides(configuration)), "ingressPortOverride")
    check_logs(configuration)


def _overrides(configuration: ServiceConnectConfiguration) -> list[int]:
    return [s.ingress_port_override for s in configuration.services if s.ingress_port_override]


def offered_port(entry: ServiceConnectService, definition: TaskDefinition) -> PortMapping:
    """The port mapping that ``portName`` refers to. Raises InvalidParameter."""
    port = definition.port(entry.port_name)
    if port is None:
        raise InvalidParameter(
            f"portName({entry.port_name}) does not refer to any named PortMapping in the container definitions"
        )
    return port


def _check_names(entry: ServiceConnectService) -> None:
    if entry.discovery_name is not None and not NAME_PATTERN.fullmatch(entry.discovery_name):
        raise InvalidParameter(
            f"discoveryName {entry.discovery_name!r} is not valid: up to 64 lower-case letters, digits, underscores and"
            " hyphens, the first not a hyphen."
        )
    aliases = entry.client_aliases or ()
    if len(aliases) > _MAX_ALIASES:
        raise InvalidParameter(f"{len(aliases)} clientAliases exceeds the max limit of {_MAX_ALIASES}")
    for alias in aliases:
        _check_alias(alias)


def _check_port(entry: ServiceConnectService, definition: TaskDefinition) -> None:
    port = offered_port(entry, definition)
    if port.container_port_range is not None:
        raise InvalidParameter(f"portName({entry.port_name}) is a range of ports; Service Connect offers single ports.")
    if port.protocol != "tcp":
        raise InvalidParameter(f"portName({entry.port_name}) is a UDP port; Service Connect carries TCP only.")
    aliases = entry.client_aliases or ()
    if port.app_protocol is None and any(alias.test_traffic_rules is not None for alias in aliases):
        raise InvalidParameter(f"testTrafficRules need an appProtocol; the port {entry.port_name} has none and is TCP.")
    if (
        entry.timeout is not None
        and entry.timeout.per_request_timeout_seconds is not None
        and port.app_protocol is None
    ):
        raise InvalidParameter(
            f"perRequestTimeoutSeconds needs an appProtocol; the port {entry.port_name} has none and is TCP."
        )


def _check_alias(alias: ClientAlias) -> None:
    if alias.port < 1:
        raise InvalidParameter("The port of a clientAlias must be between 1 and 65535.")
    if alias.dns_name is not None:
        check_dns_name(alias.dns_name)
    rules = alias.test_traffic_rules
    if rules is not None and not _HEADER.fullmatch(rules.header.name):
        raise InvalidParameter(f"testTrafficRules: {rules.header.name!r} is not the name of an HTTP header.")


def is_callable(name: str) -> bool:
    """Whether clients could call this name."""
    is_dns_name = len(name) <= _LONGEST_DNS_NAME and _DNS_NAME.fullmatch(name) and not _ADDRESS.fullmatch(name)
    return bool(is_dns_name) and name != "localhost"


def check_dns_name(name: str) -> None:
    """Raise InvalidParameter for a name that clients could not call."""
    if not is_callable(name):
        raise InvalidParameter(
            f"The DNS name that you provided is invalid: {name!r}. Use up to 127 lower-case letters, digits,"
            " underscores, hyphens and dots; not an address, and not localhost."
        )


def _check_once(values: Iterable[str], member: str) -> None:
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise InvalidParameter(f"{member} {repeated[0]} is used more than once in serviceConnectConfiguration.")


def check_logs(configuration: ServiceConnectConfiguration) -> None:
    """Raise InvalidParameter when the settings for the proxy's output are not valid for Fargate."""
    if configuration.log_configuration is not None:
        _check_driver(configuration.log_configuration)
    elif configuration.access_log_configuration is not None:
        raise InvalidParameter(
            "accessLogConfiguration needs a logConfiguration in the same serviceConnectConfiguration. Add one."
        )
    _check_settings(configuration.container_configurations or ())


def _check_driver(log: LogConfiguration) -> None:
    fault = fault_in(log)
    if fault is not None or log.log_driver != AWSLOGS:
        raise InvalidParameter(
            fault
            or f"logConfiguration.logDriver: {log.log_driver} is not supported by moyai for the proxy: use {AWSLOGS}."
        )


def _check_settings(settings: tuple[ContainerConfiguration, ...]) -> None:
    if any(setting.log_level is None for setting in settings):
        raise InvalidParameter("Each object in containerConfigurations sets exactly one member. Give it one.")
    if len(settings) > 1:  # logLevel is the only member
        raise InvalidParameter("logLevel is set more than once in containerConfigurations. Set it once.")


def check_discovery_name(world: World, service: ServiceArn, record: DiscoveryService | None, port: PortMapping) -> None:
    """Raise InvalidParameter unless the discovery name is new (``record`` is None), belongs to this service with the
    same protocol or to a deleted service, or this service's tasks are registered under it anyway.
    """
    if record is None:
        return
    if record.owner is None:
        if _is_registered_in(world, service, record.arn):
            return
        raise InvalidParameter(f"The Cloud Map service {record.arn} exists and was not made by Service Connect.")
    owner = world.services.get(record.owner)
    if owner is None or owner.status is ServiceStatus.INACTIVE:
        return
    if owner.arn != service:
        raise InvalidParameter(
            f"SC service is already used by {owner.arn}. Choose another discoveryName than {record.name}."
        )
    if record.protocol != port.app_protocol:
        raise InvalidParameter(
            f"appProtocol of {record.name} can't be changed from {record.protocol or 'tcp'} to"
            f" {port.app_protocol or 'tcp'} while the service exists. Delete the service and create it again, or"
            " use another discoveryName."
        )


def _is_registered_in(world: World, service: ServiceArn, discovery_service: DiscoveryServiceArn) -> bool:
    """Whether a deployment of the ECS service registers its tasks in the discovery service."""
    record = world.services.get(service)
    deployments = () if record is None else record.deployments
    return any(r.registry_arn == discovery_service for d in deployments for r in d.service_registries)

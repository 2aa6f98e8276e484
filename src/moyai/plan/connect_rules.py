"""What a Service Connect configuration may say, beside the task definition that it speaks of.

Promise: only what can be told without looking at other services; ``connect.resolve`` does that. Refuses
ports without a name, UDP (a proxy never sees it), aliases that could not be looked up or that hide the
task's own ``localhost``, and ports that the proxy or a container needs.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectService.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from moyai.domain.connect.config import ClientAlias, ServiceConnectConfiguration, ServiceConnectService
from moyai.domain.connect.names import proxy_ports
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.task_definition import NetworkMode, PortMapping, TaskDefinition

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
    """Raises InvalidParameter."""
    if definition.network_mode not in _WITH_PROXY:
        raise InvalidParameter(
            f"Service Connect is not supported for the network mode {definition.network_mode}. Use awsvpc or bridge."
        )
    for asked in configuration.services:
        _check_service(asked, definition)
    _check_once((s.port_name for s in configuration.services), "portName")
    _check_once((s.name for s in configuration.services), "discoveryName")
    overrides = [s.ingress_port_override for s in configuration.services if s.ingress_port_override]
    _check_once((str(port) for port in overrides), "ingressPortOverride")
    claimed = [m.ports for c in definition.container_definitions for m in c.port_mappings]
    for port in overrides:
        if any(port in ports for ports in claimed):
            raise InvalidParameter(f"ingressPortOverride {port} is a container port of the task definition.")
        if port in proxy_ports(definition):
            raise InvalidParameter(f"ingressPortOverride {port} is taken by the proxy. Choose another.")


def offered_port(asked: ServiceConnectService, definition: TaskDefinition) -> PortMapping:
    """The port mapping that ``portName`` refers to. Raises InvalidParameter."""
    port = definition.port(asked.port_name)
    if port is None:
        raise InvalidParameter(
            f"portName({asked.port_name}) does not refer to any named PortMapping in the container definitions"
        )
    return port


def _check_service(asked: ServiceConnectService, definition: TaskDefinition) -> None:
    port = offered_port(asked, definition)
    if port.container_port_range is not None:
        raise InvalidParameter(f"portName({asked.port_name}) is a range of ports; Service Connect offers single ports.")
    if port.protocol != "tcp":
        raise InvalidParameter(f"portName({asked.port_name}) is a UDP port; Service Connect carries TCP only.")
    if not NAME_PATTERN.fullmatch(asked.name):
        raise InvalidParameter(
            f"discoveryName {asked.name!r} is not valid: up to 64 lower-case letters, digits, underscores and hyphens,"
            " the first not a hyphen."
        )
    aliases = asked.client_aliases or ()
    if len(aliases) > _MAX_ALIASES:
        raise InvalidParameter(f"{len(aliases)} clientAliases exceeds the max limit of {_MAX_ALIASES}")
    for alias in aliases:
        _check_alias(alias)
    if port.app_protocol is None and any(alias.test_traffic_rules is not None for alias in aliases):
        raise InvalidParameter(f"testTrafficRules need an appProtocol; the port {asked.port_name} has none and is TCP.")
    if (
        asked.timeout is not None
        and asked.timeout.per_request_timeout_seconds is not None
        and port.app_protocol is None
    ):
        raise InvalidParameter(
            f"perRequestTimeoutSeconds needs an appProtocol; the port {asked.port_name} has none and is TCP."
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
    sound = len(name) <= _LONGEST_DNS_NAME and _DNS_NAME.fullmatch(name) and not _ADDRESS.fullmatch(name)
    return bool(sound) and name != "localhost"


def check_dns_name(name: str) -> None:
    """Raises InvalidParameter for a name that clients could not call."""
    if not is_callable(name):
        raise InvalidParameter(
            f"The DNS name that you provided is invalid: {name!r}. Use up to 127 lower-case letters, digits,"
            " underscores, hyphens and dots; not an address, and not localhost."
        )


def _check_once(values: Iterable[str], member: str) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise InvalidParameter(f"{member} {twice[0]} is used more than once in serviceConnectConfiguration.")

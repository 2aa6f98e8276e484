"""Rules of a task definition's port mappings and links, by network mode. All raise ClientException.

Promise: the messages are AWS's where they are known. All containers of a task share one network namespace here, also in
the mode bridge, so two containers can't have the same container port.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (links)
"""

from __future__ import annotations

import re

from moyai.api.ecs.unsupported import unsupported_value
from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.task_definition import ContainerDefinition, NetworkMode, PortMapping, TaskDefinition
from moyai.plan.service_connect.validation import NAME_PATTERN

_PORTS = range(1, 65536)
_MOST_RANGES = 100
_EQUAL_HOST_PORTS = frozenset({NetworkMode.AWSVPC, NetworkMode.HOST})
_WITH_RANGES = frozenset({NetworkMode.AWSVPC, NetworkMode.BRIDGE})
_LINK = re.compile(r"[A-Za-z0-9_-]{1,255}")

_ProtocolPorts = list[tuple[str, range]]


def check_ports(container: ContainerDefinition, mode: NetworkMode) -> None:
    """Check each mapping of a container on its own. Raises ClientException."""
    if container.port_mappings and mode is NetworkMode.NONE:
        raise ClientException("Port mappings are not supported when networkMode=none.")
    ranges = sum(port.container_port_range is not None for port in container.port_mappings)
    if ranges > _MOST_RANGES:
        raise ClientException(f"Container '{container.name}' has more than {_MOST_RANGES} container port ranges.")
    for port in container.port_mappings:
        place = f"Invalid port mapping in container '{container.name}'"
        _check_numbers(port, place, mode)
        if port.name is not None and not NAME_PATTERN.fullmatch(port.name):
            raise ClientException(
                f"{place}: the name {port.name!r} is not valid. Use up to 64 lower-case letters, digits, underscores"
                " and hyphens, the first not a hyphen."
            )
        if port.app_protocol is not None and port.protocol != "tcp":
            raise ClientException(f"{place}: appProtocol needs the protocol tcp.")


def _check_numbers(port: PortMapping, place: str, mode: NetworkMode) -> None:
    if port.container_port_range is not None:
        _check_range(port, place, mode)
        return
    if port.container_port not in _PORTS:
        raise ClientException(f"{place}: containerPort must be between 1 and 65535.")
    if mode in _EQUAL_HOST_PORTS and port.host_port != port.container_port:
        raise ClientException(
            f"When networkMode={mode}, the host ports and container ports in port mappings must match."
        )
    if port.host_port and port.host_port not in _PORTS:
        raise ClientException(f"{place}: hostPort must be between 0 and 65535.")


def _check_range(port: PortMapping, place: str, mode: NetworkMode) -> None:
    if mode not in _WITH_RANGES:
        raise ClientException(f"{place}: containerPortRange is not supported when networkMode={mode}.")
    if port.container_port or port.host_port:
        raise ClientException(f"{place}: containerPortRange can't be given together with containerPort or hostPort.")
    ports = port.ports
    if len(ports) <= 1 or ports[0] not in _PORTS or ports[-1] not in _PORTS:
        raise ClientException(
            f"{place}: containerPortRange must be two ports between 1 and 65535 with a hyphen between them, the first"
            " less than the last."
        )


def check_ports_of_task(definition: TaskDefinition) -> None:
    """Check the mappings of a task against each other. Raises ClientException."""
    names: set[str] = set()
    container_ports: _ProtocolPorts = []
    host_ports: _ProtocolPorts = []
    for container in definition.container_definitions:
        own_ports: _ProtocolPorts = []
        for port in container.port_mappings:
            place = f"Invalid port mapping in container '{container.name}'"
            if port.name is not None and port.name in names:
                raise ClientException(f"{place}: port mapping name is already used: {port.name}.")
            names |= {port.name} if port.name is not None else set()
            _check_once(definition.network_mode, port, place, (own_ports, container_ports))
            own_ports.append((port.protocol, port.ports))
            if definition.network_mode is NetworkMode.BRIDGE and port.host_port:
                host_port = range(port.host_port, port.host_port + 1)
                if _overlaps((port.protocol, host_port), host_ports):
                    raise ClientException(f"{place}: host port is used multiple times in task: {port.host_port}.")
                host_ports.append((port.protocol, host_port))
        container_ports += own_ports


def _check_once(mode: NetworkMode, port: PortMapping, place: str, taken: tuple[_ProtocolPorts, _ProtocolPorts]) -> None:
    own_ports, other_ports = taken
    port_text = port.container_port_range or port.container_port
    protocol_and_ports = (port.protocol, port.ports)
    if mode is NetworkMode.BRIDGE:  # one port of a container may have several host ports
        own_ports = [(protocol, ports) for protocol, ports in own_ports if len(ports) > 1 or len(port.ports) > 1]
    if _overlaps(protocol_and_ports, own_ports) or (
        mode is not NetworkMode.BRIDGE and _overlaps(protocol_and_ports, other_ports)
    ):
        raise ClientException(f"{place}: container port is used multiple times in task: {port_text}.")
    if _overlaps(protocol_and_ports, other_ports):
        reason = "the containers of a task share one network, also with bridge, and another container has this port"
        raise unsupported_value("portMappings.containerPort", str(port_text), reason, ClientException)


def _overlaps(protocol_and_ports: tuple[str, range], taken: _ProtocolPorts) -> bool:
    protocol, ports = protocol_and_ports
    return any(p == protocol and ports.start < t.stop and t.start < ports.stop for p, t in taken)


def check_links(definition: TaskDefinition) -> None:
    """Check that links occur in the mode bridge only and name other containers of the task. Raises ClientException."""
    for container in definition.container_definitions:
        links = container.links or ()
        if links and definition.network_mode is not NetworkMode.BRIDGE:
            raise ClientException(f"Links are not supported when networkMode={definition.network_mode}.")
        for link in links:
            name, colon, alias = link.partition(":")
            if not _LINK.fullmatch(name) or (colon and not _LINK.fullmatch(alias)):
                raise ClientException(f"Invalid link in container '{container.name}': {link}. Use name:alias.")
            if name == container.name or definition.container(name) is None:
                raise ClientException(f"Invalid link in container '{container.name}': there is no container '{name}'.")

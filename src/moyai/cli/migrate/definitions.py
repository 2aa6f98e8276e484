"""Task definitions without their App Mesh proxy, as RegisterTaskDefinition takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moyai.cli.migrate.inventory import Json, proxy_container
from moyai.cli.migrate.nodes import Offered

_KEPT = (
    *("family", "taskRoleArn", "executionRoleArn", "networkMode", "volumes", "placementConstraints"),
    *("requiresCompatibilities", "cpu", "memory", "pidMode", "ipcMode", "inferenceAccelerators", "ephemeralStorage"),
    *("runtimePlatform", "enableFaultInjection"),
)
"""The members of DescribeTaskDefinition's response that RegisterTaskDefinition accepts."""


def without_proxy(definition: Json, offered: Iterable[Offered]) -> dict[str, Any]:
    """The definition without its proxy container, with a name and an appProtocol for each offered port."""
    proxy = proxy_container(definition)
    kept = {member: definition[member] for member in _KEPT if definition.get(member) not in (None, [], {})}
    ports = {one.port: one for one in offered}
    containers = [
        _container(container, proxy, ports)
        for container in definition.get("containerDefinitions", ())
        if container["name"] != proxy
    ]
    return kept | {"containerDefinitions": containers}


def _container(container: Json, proxy: str | None, ports: dict[int, Offered]) -> dict[str, Any]:
    found = {member: value for member, value in container.items() if value not in (None, [], {})}
    waiting = [one for one in found.pop("dependsOn", ()) if one["containerName"] != proxy]
    if waiting:
        found["dependsOn"] = waiting
    mappings = [_mapping(one, ports) for one in found.pop("portMappings", ())]
    if mappings:
        found["portMappings"] = mappings
    return found


def _mapping(mapping: Json, ports: dict[int, Offered]) -> dict[str, Any]:
    found = dict(mapping)
    offer = ports.get(int(mapping.get("containerPort") or 0))
    if offer is not None and found.get("protocol", "tcp") == "tcp":
        found["name"] = offer.port_name
        if offer.protocol != "tcp":
            found["appProtocol"] = offer.protocol
    return found

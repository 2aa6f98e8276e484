"""Task definitions without their App Mesh proxy, as RegisterTaskDefinition takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moyai.cli.migrate.inventory import Json, proxy_container
from moyai.cli.migrate.nodes import Offered

_MEMBERS = (
    *("family", "taskRoleArn", "executionRoleArn", "networkMode", "volumes", "placementConstraints"),
    *("requiresCompatibilities", "cpu", "memory", "pidMode", "ipcMode", "inferenceAccelerators", "ephemeralStorage"),
    *("runtimePlatform", "enableFaultInjection"),
)
"""The members of DescribeTaskDefinition's response that RegisterTaskDefinition accepts."""


def without_proxy(definition: Json, endpoints: Iterable[Offered]) -> dict[str, Any]:
    """The definition without its proxy container, with a name and an appProtocol for each offered port."""
    proxy = proxy_container(definition)
    members = {member: definition[member] for member in _MEMBERS if definition.get(member) not in (None, [], {})}
    ports = {offer.port: offer for offer in endpoints}
    containers = [
        _container(container, proxy, ports)
        for container in definition.get("containerDefinitions", ())
        if container["name"] != proxy
    ]
    return members | {"containerDefinitions": containers}


def _container(container: Json, proxy: str | None, ports: dict[int, Offered]) -> dict[str, Any]:
    result = {member: value for member, value in container.items() if value not in (None, [], {})}
    dependencies = [d for d in result.pop("dependsOn", ()) if d["containerName"] != proxy]
    if dependencies:
        result["dependsOn"] = dependencies
    mappings = [_mapping(m, ports) for m in result.pop("portMappings", ())]
    if mappings:
        result["portMappings"] = mappings
    return result


def _mapping(mapping: Json, ports: dict[int, Offered]) -> dict[str, Any]:
    result = dict(mapping)
    offer = ports.get(int(mapping.get("containerPort") or 0))
    if offer is not None and result.get("protocol", "tcp") == "tcp":
        result["name"] = offer.port_name
        if offer.protocol != "tcp":
            result["appProtocol"] = offer.protocol
    return result

"""Task definitions with an App Mesh proxy, for tests."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.environment import KeyValuePair
from moyai.domain.ecs.proxy_configuration import APPMESH, ProxyConfiguration
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.world import Put
from moyai.testing.world import Builder

PROXY = "envoy"


def with_app_mesh_proxy(build: Builder, definition: TaskDefinition, *app_ports: int) -> TaskDefinition:
    """The definition, its container ``envoy`` made the proxy for all of its tasks' traffic."""
    said = {"IgnoredUID": "1337", "ProxyEgressPort": "15001"}
    if app_ports:
        said |= {"ProxyIngressPort": "15000", "AppPorts": ",".join(map(str, app_ports))}
    properties = tuple(KeyValuePair(*pair) for pair in said.items())
    made = replace(definition, proxy_configuration=ProxyConfiguration(PROXY, APPMESH, properties))
    build.book.apply([Put(made)])
    return made

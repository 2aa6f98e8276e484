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
    """Record the definition with its container ``envoy`` as the proxy of its tasks' traffic."""
    settings = {"IgnoredUID": "1337", "ProxyEgressPort": "15001"}
    if app_ports:
        settings |= {"ProxyIngressPort": "15000", "AppPorts": ",".join(map(str, app_ports))}
    properties = tuple(KeyValuePair(*pair) for pair in settings.items())
    with_proxy = replace(definition, proxy_configuration=ProxyConfiguration(PROXY, APPMESH, properties))
    build.book.apply([Put(with_proxy)])
    return with_proxy

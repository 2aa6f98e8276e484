"""Finds the container of a task that is its App Mesh proxy, and the proxy's identity.

Promise: it is the container that ``proxyConfiguration`` names; without such a configuration, one with App Mesh's Envoy
image, of any registry and tag, whose environment names a virtual gateway or a virtual node. RunTask's overrides of the
environment count; secrets and environment files do not.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from moyai.domain.appmesh.agent_variables import text
from moyai.domain.appmesh.identity import Identity, identity_of
from moyai.domain.ecs.task import ContainerOverride, TaskOverride
from moyai.domain.ecs.task_definition import ContainerDefinition, TaskDefinition
from moyai.kernel.scope import Scope

IDENTITIES: Final = ("APPMESH_RESOURCE_ARN", "APPMESH_RESOURCE_NAME", "APPMESH_VIRTUAL_NODE_NAME")
"""The variables with a proxy's identity; the first that is set counts."""
_IMAGE: Final = "aws-appmesh-envoy"


def mesh_proxy(definition: TaskDefinition, overrides: TaskOverride) -> ContainerDefinition | None:
    """The App Mesh proxy of a task; None if it has none."""
    configuration = definition.proxy_configuration
    if configuration is not None:
        return definition.container(configuration.container_name)
    candidates = (c for c in definition.container_definitions if _is_envoy(c.image))
    return next((c for c in candidates if identity_in(plain_environment(c, overrides)) is not None), None)


def appmesh_identity(definition: TaskDefinition, overrides: TaskOverride, scope: Scope) -> Identity | None:
    """The identity of a task's App Mesh proxy; None if the task has no such proxy, or it has no identity. ``scope``:
    the task's account and region.
    """
    proxy = mesh_proxy(definition, overrides)
    node_id = None if proxy is None else identity_in(plain_environment(proxy, overrides))
    return None if node_id is None else identity_of(node_id, scope)


def plain_environment(container: ContainerDefinition, overrides: TaskOverride) -> Mapping[str, str]:
    """A container's variables in the definition and in RunTask's overrides."""
    matching = (o for o in overrides.container_overrides if o.name == container.name)
    override = next(matching, ContainerOverride())
    return {pair.name: pair.value for pair in (*container.environment, *(override.environment or ()))}


def identity_in(environment: Mapping[str, str]) -> str | None:
    """The node id in an environment."""
    return next((node_id for name in IDENTITIES if (node_id := text(environment, name)) is not None), None)


def _is_envoy(image: str) -> bool:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0] == _IMAGE

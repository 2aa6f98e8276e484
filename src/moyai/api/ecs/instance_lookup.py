"""From what a caller calls a container instance to the instance."""

from __future__ import annotations

import re

from moyai.api.ecs.lookup import within
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.world import World
from moyai.kernel.arn import parse_arn
from moyai.kernel.ids import ContainerInstanceArn

_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f-]{36}")


def instance_arn(cluster: Cluster, identifier: str) -> ContainerInstanceArn:
    """The ARN that this id or ARN means in the cluster. Raises InvalidParameter for what can't be an id."""
    if identifier.startswith("arn:"):
        parsed = parse_arn(identifier)
        if parsed is None or parsed.kind != "container-instance":
            raise InvalidParameter("Container instance Identifier is invalid")
    elif not _ID.fullmatch(identifier):
        raise InvalidParameter("instanceId length should be one of [32,36]")
    return ContainerInstanceArn(within(cluster, "container-instance", identifier))


def find_instance(world: World, cluster: Cluster, identifier: str) -> ContainerInstance | None:
    """The cluster's instance, INACTIVE or not."""
    found = world.container_instances.get(instance_arn(cluster, identifier))
    return None if found is None or found.cluster != cluster.arn else found


def known_instance(world: World, cluster: Cluster, identifier: str) -> ContainerInstance:
    """The cluster's instance that is there. Raises InvalidParameter."""
    found = find_instance(world, cluster, identifier)
    if found is None or found.gone:
        raise InvalidParameter("The specified container instance does not exist. Specify a valid container instance.")
    return found

"""From what a caller calls a thing to the thing: names and ARNs of clusters, services, task definitions.

Promise: a name and the ARN made of it always mean the same. An absent cluster is ``default``, which is
never made by itself. A deleted cluster is told from one that never was.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html (ARN formats)
"""

from __future__ import annotations

import re

from moyai.api.operation import Context
from moyai.domain.ecs.cluster import Cluster, ClusterStatus
from moyai.domain.ecs.errors import ClusterNotFound, InvalidParameter, ServiceNotFound
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task_definition import TaskDefinition, TaskDefinitionStatus
from moyai.domain.keys import family_key, scope_of
from moyai.domain.world import World
from moyai.kernel.arn import arn, parse_arn
from moyai.kernel.ids import ClusterArn, ServiceArn, TaskArn
from moyai.kernel.scope import Scope

DEFAULT_CLUSTER = "default"
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
"""Names of clusters, services, families and containers."""
_TASK_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f-]{36}")


def cluster_arn(scope: Scope, identifier: str | None) -> ClusterArn:
    """The ARN that this name or ARN means."""
    return ClusterArn(_resource_arn(scope, "cluster", DEFAULT_CLUSTER if identifier is None else identifier))


def active_cluster(ctx: Context, identifier: str | None) -> Cluster:
    """The cluster. Raises ClusterNotFound."""
    cluster = ctx.store.world.clusters.get(cluster_arn(ctx.scope, identifier))
    if cluster is None or scope_of(cluster.arn) != ctx.scope:
        raise ClusterNotFound
    if cluster.status is not ClusterStatus.ACTIVE:
        raise ClusterNotFound("The referenced cluster was inactive.")
    return cluster


def service_arn(cluster: Cluster, identifier: str) -> ServiceArn:
    """The ARN that this name or ARN (long or short) means in the cluster."""
    return ServiceArn(within(cluster, "service", identifier))


def known_service(world: World, cluster: Cluster, identifier: str) -> Service:
    """The service, whatever its status but INACTIVE. Raises ServiceNotFound."""
    service = world.services.get(service_arn(cluster, identifier))
    if service is None or service.cluster != cluster.arn or service.status is ServiceStatus.INACTIVE:
        raise ServiceNotFound
    return service


def task_arn(cluster: Cluster, identifier: str) -> TaskArn:
    """The ARN that this id or ARN means in the cluster. Raises InvalidParameter for what can't be an id."""
    if identifier.startswith("arn:"):
        parsed = parse_arn(identifier)
        if parsed is None or parsed.kind != "task":
            raise InvalidParameter("Task Identifier is invalid")
    elif not _TASK_ID.fullmatch(identifier):
        raise InvalidParameter("taskId length should be one of [32,36]")
    return TaskArn(within(cluster, "task", identifier))


def find_definition(world: World, scope: Scope, identifier: str) -> TaskDefinition | None:
    """The revision that ``family:revision`` or an ARN names, or the family's newest ACTIVE one.

    Raises InvalidParameter for a revision that is not a number.
    """
    name = identifier
    if identifier.startswith("arn:"):
        parsed = parse_arn(identifier)
        if parsed is None or parsed.kind != "task-definition" or parsed.scope != scope:
            return None
        name = "/".join(parsed.path)
    family, colon, revision = name.partition(":")
    key = family_key(scope, family)
    if not colon:
        active = (d for d in world.task_definitions.by("family", key) if d.status is TaskDefinitionStatus.ACTIVE)
        return max(active, key=lambda d: d.revision, default=None)
    if not (revision.isascii() and revision.isdecimal()):
        raise InvalidParameter(f"Invalid revision number. Number: {revision}")
    return world.task_definitions.get(f"{key}:{revision.lstrip('0')}")


def _resource_arn(scope: Scope, kind: str, identifier: str) -> str:
    if identifier.startswith("arn:"):
        parsed = parse_arn(identifier)
        if parsed is None or parsed.kind != kind or len(parsed.path) != 1:
            raise _misnamed()
        return identifier
    _check_name(identifier)
    return arn("ecs", scope, f"{kind}/{identifier}")


def within(cluster: Cluster, kind: str, identifier: str) -> str:
    """The ARN of what this name, id or ARN (long or short) means in the cluster. Raises InvalidParameter."""
    name = identifier
    if identifier.startswith("arn:"):
        parsed = parse_arn(identifier)
        if parsed is None or parsed.kind != kind or len(parsed.path) not in {1, 2}:
            raise _misnamed()
        if len(parsed.path) > 1:
            return identifier
        name = parsed.path[0]
    _check_name(name)
    return arn("ecs", scope_of(cluster.arn), f"{kind}/{cluster.name}/{name}")


def _check_name(name: str) -> None:
    if not name:
        raise InvalidParameter("Invalid identifier: Identifier is empty")
    if any(character in ":/" or not character.isprintable() for character in name):
        raise _misnamed()


def _misnamed() -> InvalidParameter:
    return InvalidParameter("Invalid identifier: Unexpected number of separators")

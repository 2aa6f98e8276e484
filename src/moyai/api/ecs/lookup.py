"""Finds clusters, services, tasks, task definitions and container instances by the name, id or ARN in a request.

Promise: a name and the ARN made of it always mean the same. An absent cluster is ``default``, which is never created
implicitly. A deleted cluster raises another message than one that never existed.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html (ARN formats)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable

from moyai.api.operation import Context
from moyai.domain.ecs.cluster import Cluster, ClusterStatus
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.daemon import Daemon
from moyai.domain.ecs.errors import ClientException, ClusterNotFound, InvalidParameter, ServiceNotFound
from moyai.domain.ecs.family import TASK_DEFINITION
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task_definition import TaskDefinition, TaskDefinitionStatus
from moyai.domain.keys import family_key, scope_of
from moyai.domain.tagging import TagRules
from moyai.domain.world import World
from moyai.kernel.arn import arn, parse_arn
from moyai.kernel.errors import ClientFault
from moyai.kernel.ids import ClusterArn, ContainerInstanceArn, ServiceArn, TaskArn
from moyai.kernel.scope import Scope

DEFAULT_CLUSTER = "default"
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
"""Names of clusters, services, families and containers."""
_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f-]{36}")


def cluster_arn(scope: Scope, identifier: str | None) -> ClusterArn:
    """The ARN of a cluster by its name or ARN."""
    if identifier is not None and identifier.startswith("arn:"):
        parsed = parse_arn(identifier)
        if parsed is None or parsed.kind != "cluster" or len(parsed.path) != 1:
            raise _invalid_identifier()
        return ClusterArn(identifier)
    name = DEFAULT_CLUSTER if identifier is None else identifier
    _check_name(name)
    return ClusterArn(arn("ecs", scope, f"cluster/{name}"))


def active_cluster(ctx: Context, identifier: str | None) -> Cluster:
    """The ACTIVE cluster with this name or ARN. Raises ClusterNotFound, InvalidParameter for another region's ARN."""
    _check_region(ctx.scope, identifier or "")
    cluster = ctx.store.world.clusters.get(cluster_arn(ctx.scope, identifier))
    if cluster is None or scope_of(cluster.arn) != ctx.scope:
        raise ClusterNotFound
    if cluster.status is not ClusterStatus.ACTIVE:
        raise ClusterNotFound("The referenced cluster was inactive.")
    return cluster


def service_arn(cluster: Cluster, identifier: str) -> ServiceArn:
    """The ARN of a service of the cluster by its name or (long or short) ARN."""
    return ServiceArn(_arn_in_cluster(cluster, "service", identifier))


def known_service(world: World, cluster: Cluster, identifier: str) -> Service:
    """The service with this name or ARN, unless it is INACTIVE. Raises ServiceNotFound."""
    service = world.services.get(service_arn(cluster, identifier))
    if service is None or service.cluster != cluster.arn or service.status is ServiceStatus.INACTIVE:
        raise ServiceNotFound
    return service


def known_daemon(world: World, cluster: Cluster, name: str) -> Daemon:
    """The cluster's daemon with this name. Raises InvalidParameter, for operations that have no error of their own."""
    daemon = world.daemons.get(_arn_in_cluster(cluster, "daemon", name))
    if daemon is None:
        raise InvalidParameter("Daemon not found.")
    return daemon


def task_arn(cluster: Cluster, identifier: str) -> TaskArn:
    """The ARN of a task of the cluster by its id or ARN. Raises InvalidParameter for an invalid id."""
    _check_id(identifier, "task", "Task", "taskId")
    return TaskArn(_arn_in_cluster(cluster, "task", identifier))


def instance_arn(cluster: Cluster, identifier: str) -> ContainerInstanceArn:
    """The ARN of a container instance of the cluster by its id or ARN. Raises InvalidParameter for an invalid id."""
    _check_id(identifier, "container-instance", "Container instance", "instanceId")
    return ContainerInstanceArn(_arn_in_cluster(cluster, "container-instance", identifier))


def find_instance(world: World, cluster: Cluster, identifier: str) -> ContainerInstance | None:
    """The cluster's container instance, INACTIVE or not."""
    instance = world.container_instances.get(instance_arn(cluster, identifier))
    return None if instance is None or instance.cluster != cluster.arn else instance


def known_instance(world: World, cluster: Cluster, identifier: str) -> ContainerInstance:
    """The cluster's registered container instance. Raises InvalidParameter."""
    instance = find_instance(world, cluster, identifier)
    if instance is None or instance.gone:
        raise InvalidParameter("The specified container instance does not exist. Specify a valid container instance.")
    return instance


def find_definition(world: World, scope: Scope, identifier: str, kind: str = TASK_DEFINITION) -> TaskDefinition | None:
    """The revision that ``family:revision`` or an ARN of this kind names, or the family's newest ACTIVE one.

    Raises InvalidParameter for a revision that is not a number.
    """
    name = identifier
    if identifier.startswith("arn:"):
        definition_arn = parse_arn(identifier)
        if definition_arn is None or definition_arn.kind != kind or definition_arn.scope != scope:
            return None
        name = "/".join(definition_arn.path)
    family, colon, revision = name.partition(":")
    key = family_key(scope, family, kind)
    if not colon:
        active = (d for d in world.task_definitions.by("family", key) if d.status is TaskDefinitionStatus.ACTIVE)
        return max(active, key=lambda d: d.revision, default=None)
    if not (revision.isascii() and revision.isdecimal()):
        raise InvalidParameter(f"Invalid revision number. Number: {revision}")
    return world.task_definitions.get(f"{key}:{revision.lstrip('0')}")


def active_definition(ctx: Context, identifier: str) -> TaskDefinition:
    """The ACTIVE revision that services and tasks can run. Raises ClientException or InvalidParameter."""
    _check_region(ctx.scope, identifier)
    definition = find_definition(ctx.store.world, ctx.scope, identifier)
    if definition is None:
        raise ClientException("TaskDefinition not found.")
    if definition.status is not TaskDefinitionStatus.ACTIVE:
        raise ClientException("TaskDefinition is inactive")
    return definition


def _arn_in_cluster(cluster: Cluster, kind: str, identifier: str) -> str:
    """The ARN of a resource of the cluster by its name, id or (long or short) ARN. Raises InvalidParameter."""
    name = identifier
    if identifier.startswith("arn:"):
        resource_arn = parse_arn(identifier)
        if resource_arn is None or resource_arn.kind != kind or len(resource_arn.path) not in {1, 2}:
            raise _invalid_identifier()
        if len(resource_arn.path) > 1:
            other = resource_arn.path[0]
            if kind == "service" and other != cluster.name:
                raise InvalidParameter(
                    f"Invalid identifier: Identifier is for cluster {other}. Your cluster is {cluster.name}"
                )
            return identifier
        name = resource_arn.path[0]
    _check_name(name)
    return arn("ecs", scope_of(cluster.arn), f"{kind}/{cluster.name}/{name}")


def _check_id(identifier: str, kind: str, noun: str, member: str) -> None:
    if identifier.startswith("arn:"):
        parsed = parse_arn(identifier)
        if parsed is None or parsed.kind != kind:
            raise InvalidParameter(f"{noun} Identifier is invalid")
    elif not _ID.fullmatch(identifier):
        raise InvalidParameter(f"{member} length should be one of [32,36]")


def _check_region(scope: Scope, identifier: str) -> None:
    """Raises InvalidParameter for an ARN of another region."""
    parsed = parse_arn(identifier)
    if parsed is not None and parsed.scope.region != scope.region:
        raise InvalidParameter("Invalid Region in ARN")


def _check_name(name: str) -> None:
    if not name:
        raise InvalidParameter("Invalid identifier: Identifier is empty")
    if any(character in ":/" or not character.isprintable() for character in name):
        raise _invalid_identifier()


def _invalid_identifier() -> InvalidParameter:
    return InvalidParameter("Invalid identifier: Unexpected number of separators")


def tag_rules(kind: str, fault: type[ClientFault] = InvalidParameter) -> TagRules:
    """The tag rules of a kind of resource, as ARNs name it."""
    return TagRules(kind, fault, fault, unique=True)


def check_described(names: Collection[str], title: str, most: int, *, required: bool = False) -> None:
    """Check how many resources a Describe operation names. Raises InvalidParameter; ``title`` begins its message."""
    if required and not names:
        raise InvalidParameter(f"{title} cannot be empty.")
    if len(names) > most:
        raise InvalidParameter(f"{title} can have at most {most} items.")


def missing_failures(arns: Iterable[str], present: Container[str]) -> list[dict[str, str]]:
    """The failures of a Describe operation: one for each ARN without a resource."""
    return [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in present]

"""Which image each container of a task runs.

Promise: a sandbox says what its images' names stood for when it was made. The first task of a service revision settles
that for the revision, and all tasks of it run the same, also years later and after a rollback, whatever the tags say by
then. Where ``versionConsistency`` is disabled, or there is no revision, each task runs what it found itself.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html (image resolution)
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.service_deployment import ServiceRevision
from moyai.domain.ecs.task import Container, Task
from moyai.domain.ecs.task_definition import ContainerDefinition, VersionConsistency
from moyai.domain.world import Change, Put, World
from moyai.plan.sight import Case
from moyai.plan.strategy.begin import revision_arn


def settled(case: Case) -> tuple[tuple[Container, ...], tuple[Change, ...]]:
    """The task's containers with their images, and what becomes of the revision."""
    revision = revision_of(case.world, case.task)
    images = {} if revision is None else dict(revision.images)
    found = {} if case.sandbox is None else case.sandbox.images
    containers = []
    for container in case.task.containers:
        digest = None if container.is_proxy else found.get(case.defined(container).image)
        if digest is not None and revision is not None and is_consistent(case.defined(container)):
            digest = images.setdefault(container.name, digest)
        containers.append(replace(container, image_digest=digest))
    if revision is None or images == revision.images:
        return tuple(containers), ()
    return tuple(containers), (Put(replace(revision, images=images)),)


def is_consistent(defined: ContainerDefinition) -> bool:
    """Whether it is the same image in all tasks of a revision."""
    return defined.version_consistency is not VersionConsistency.DISABLED


def revision_of(world: World, task: Task) -> ServiceRevision | None:
    """The revision that a service's task was made from."""
    if task.service is None or task.deployment is None:
        return None
    return world.service_revisions.get(revision_arn(task.service, task.deployment))

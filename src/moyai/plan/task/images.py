"""Which image each container of a task runs.

Promise: a sandbox reports the digests that its images' names stood for when it was made. The first task of a service
revision pins them for the revision, and all its tasks run the same images, also years later and after a rollback,
whatever the tags then stand for. Where ``versionConsistency`` is disabled, or there is no revision, each task runs the
digests of its own sandbox.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html (image resolution)
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.service_deployment import ServiceRevision
from moyai.domain.ecs.task import Container, Task
from moyai.domain.ecs.task_definition import ContainerDefinition, VersionConsistency
from moyai.domain.world import Change, Put, World
from moyai.plan.strategy.start import revision_arn
from moyai.plan.task.context import TaskContext


def pin_images(context: TaskContext) -> tuple[tuple[Container, ...], tuple[Change, ...]]:
    """The task's containers with the digests of their images, and the change that pins new ones for the revision."""
    revision = revision_of(context.world, context.task)
    pinned = {} if revision is None else dict(revision.images)
    resolved = {} if context.sandbox is None else context.sandbox.images
    containers = []
    for container in context.task.containers:
        digest = None if container.is_proxy else resolved.get(context.definition_of(container).image)
        if digest is not None and revision is not None and is_consistent(context.definition_of(container)):
            digest = pinned.setdefault(container.name, digest)
        containers.append(replace(container, image_digest=digest))
    if revision is None or pinned == revision.images:
        return tuple(containers), ()
    return tuple(containers), (Put(replace(revision, images=pinned)),)


def is_consistent(defined: ContainerDefinition) -> bool:
    """Whether all tasks of a revision run the same image of the container."""
    return defined.version_consistency is not VersionConsistency.DISABLED


def revision_of(world: World, task: Task) -> ServiceRevision | None:
    """The service revision of a service's task."""
    if task.service is None or task.deployment is None:
        return None
    return world.service_revisions.get(revision_arn(task.service, task.deployment))

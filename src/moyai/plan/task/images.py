"""Which image each container of a task runs, and how it gets there.

Promise: a task's images are pulled while it is PENDING, before the first of its containers starts, and an image that
can't be pulled ends the task. The first task of a service revision pins the digests of the revision's images, and all
tasks of the revision run the same images, also years later and after a rollback, whatever the tags then refer to. Where
``versionConsistency`` is disabled, or there is no revision, each task runs the images that it pulled. The image of an
App Mesh proxy is not pulled: moyai's own Envoy runs.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html (image resolution),
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html (PENDING)
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from moyai.domain.ecs.daemon import DaemonRevision
from moyai.domain.ecs.service_deployment import ServiceRevision
from moyai.domain.ecs.task import Container, Task
from moyai.domain.ecs.task_definition import ContainerDefinition, VersionConsistency
from moyai.domain.keys import scope_of
from moyai.domain.sandbox.pull import ImagePull, PullPhase, PullState
from moyai.domain.world import Change, Put, World
from moyai.plan import events
from moyai.plan.action import PullImages
from moyai.plan.strategy.start import revision_arn
from moyai.plan.task.context import TaskContext
from moyai.plan.task.environment import Unresolved, registry_credentials

SLOW_PULL: Final = 30.0
"""Seconds after which a service's events say that an image is still pulled."""


def image_pulls(context: TaskContext) -> tuple[ImagePull, ...]:
    """The images that the task's containers need. Raises Unresolved for credentials that can't be read."""
    world, platform = context.world, context.definition.runtime_platform
    revision = revision_of(world, context.task)
    digests = {} if revision is None else revision.images
    pulls = []
    for container in context.applications:
        container_definition = context.definition_of(container)
        pull = ImagePull(
            container=container.name,
            image=container_definition.image,
            digest=digests.get(container.name) if is_consistent(container_definition) else None,
            architecture=None if platform is None else platform.cpu_architecture,
            credentials=registry_credentials(world, scope_of(context.task.arn), container_definition, context.now),
        )
        pulls.append(pull)
    return tuple(pulls)


def missing_credentials(context: TaskContext) -> str | None:
    """Why the credentials for an image can't be read; None when all can."""
    try:
        image_pulls(context)
    except Unresolved as unresolved:
        return str(unresolved)
    return None


def pull_faults(context: TaskContext) -> dict[str, str]:
    """Why images can't be pulled, by the names of their containers."""
    states = {} if context.sandbox is None else context.sandbox.pulls
    failed = {name: state for name, state in states.items() if state.phase is PullPhase.FAILED}
    return {c.name: failed[c.name].reason or "" for c in context.applications if c.name in failed}


def pulls_left(context: TaskContext) -> tuple[PullImages, ...]:
    """The effect that pulls the task's images, unless all are pulled. Raises Unresolved."""
    pulls = image_pulls(context)
    states = {} if context.sandbox is None else context.sandbox.pulls
    if all(_is_pulled(pull, states.get(pull.container)) for pull in pulls):
        return ()
    return (PullImages(context.task.id, pulls),)


def pin_images(context: TaskContext) -> tuple[tuple[Container, ...], tuple[Change, ...]]:
    """The task's containers with the digests of their images, and the change that pins new ones for the revision."""
    revision = revision_of(context.world, context.task)
    digests = {} if revision is None else dict(revision.images)
    pulls = {} if context.sandbox is None else context.sandbox.pulls
    containers = []
    for container in context.task.containers:
        state = None if container.is_proxy else pulls.get(container.name)
        digest = None if state is None else state.digest
        if digest is not None and revision is not None and is_consistent(context.definition_of(container)):
            digest = digests.setdefault(container.name, digest)
        containers.append(replace(container, image_digest=digest))
    if revision is None or digests == revision.images:
        return tuple(containers), ()
    return tuple(containers), (Put(replace(revision, images=digests)),)


def pull_texts(context: TaskContext) -> tuple[str, ...]:
    """The texts of new events about the task's pulls that download something: each has one when it has taken
    SLOW_PULL seconds, and one at its end.
    """
    service = context.task.service
    pulls = {} if context.sandbox is None else context.sandbox.pulls
    texts = []
    for container in context.applications:
        state = pulls.get(container.name)
        progress = None if state is None else state.progress
        if service is None or state is None or progress is None or state.phase is PullPhase.FAILED:
            continue
        image = context.definition_of(container).image
        if state.phase is PullPhase.PULLED:
            texts.append(events.image_pulled(image, progress))
        elif progress.seconds >= SLOW_PULL:
            texts.append(events.image_pull_slow(image, progress))
    unique = dict.fromkeys(texts)
    return tuple(t for t in unique if service and events.should_report(context.world, service, t, context.now))


def is_consistent(defined: ContainerDefinition) -> bool:
    """Whether all tasks of a revision run the same image of the container."""
    return defined.version_consistency is not VersionConsistency.DISABLED


def revision_of(world: World, task: Task) -> ServiceRevision | DaemonRevision | None:
    """The service revision of a service's task, or the daemon revision of a daemon's."""
    if task.daemon_revision is not None:
        return world.daemon_revisions.get(task.daemon_revision)
    if task.service is None or task.deployment is None:
        return None
    return world.service_revisions.get(revision_arn(task.service, task.deployment))


def _is_pulled(pull: ImagePull, state: PullState | None) -> bool:
    """Whether this image is pulled. Another task of the revision may have pinned another digest meanwhile."""
    if state is None or state.phase is not PullPhase.PULLED:
        return False
    return pull.digest is None or pull.digest == state.digest

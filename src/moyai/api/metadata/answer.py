"""What the endpoint answers to a path. Pure.

Promise: a task reads its own metadata and nobody else's: the path must hold the id of one of its containers, which
can't be guessed, and the call must come from the task's own address. Whatever else is asked, 404 says nothing about
what there is.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from moyai.api.metadata.shapes import as_version_3, container_form, task_form
from moyai.domain.ecs.metadata import runtime_id
from moyai.domain.ecs.task import Container, Task
from moyai.domain.sandbox.state import Usage
from moyai.domain.world import World
from moyai.kernel.ids import TaskId

_NANO = 10**9
_VERSIONS = ("v3", "v4")
_LONGEST_PATH = 200


class Asked(NamedTuple):
    """Who asks for what."""

    task: Task
    container: Container
    version: str
    leaf: str
    """What stands behind the container's id, without slashes around it."""


class Answer(NamedTuple):
    """HTTP status, and the body before it is JSON."""

    status: int
    body: object


UsageOf = Mapping[str, Usage]
"""What each container of the asking task has used, by its name."""


def understood(world: World, path: str, peer: str) -> Asked | None:
    """What is asked for, or None when it is not this peer's to ask."""
    if len(path) > _LONGEST_PATH:
        return None
    version, _, rest = path.strip("/").partition("/")
    identity, _, leaf = rest.partition("/")
    if version not in _VERSIONS or leaf not in _LEAVES:
        return None
    found = caller(world, identity, peer)
    return None if found is None else Asked(*found, version, leaf)


def caller(world: World, identity: str, peer: str) -> tuple[Task, Container] | None:
    """The container with this id, if it may be the one that calls from there."""
    for task in world.tasks.by("id", TaskId(identity.partition("-")[0])):
        container = next((c for c in task.containers if runtime_id(c.arn) == identity), None)
        if container is not None and task.interface.address == peer and not task.stopped:
            return task, container
    return None


def answer(world: World, usage: UsageOf, asked: Asked | None) -> Answer:
    """The answer. ``usage`` is looked at for statistics only."""
    if asked is None:
        return Answer(404, "The task metadata endpoint has nothing under this path for this task.")
    return Answer(200, _LEAVES[asked.leaf](world, usage, asked))


def _container(world: World, _: UsageOf, asked: Asked) -> object:
    return _versioned(asked, container_form(world, asked.task, asked.container))


def _task(world: World, _: UsageOf, asked: Asked) -> object:
    return _versioned(asked, task_form(world, asked.task))


def _task_with_tags(world: World, _: UsageOf, asked: Asked) -> object:
    tags = {"TaskTags": dict(asked.task.tags)} if asked.task.tags else {}
    return _versioned(asked, task_form(world, asked.task)) | tags


def _stats(_: World, usage: UsageOf, asked: Asked) -> object:
    return _docker_stats(asked.container, usage.get(asked.container.name))


def _task_stats(_: World, usage: UsageOf, asked: Asked) -> object:
    return {runtime_id(one.arn): _docker_stats(one, usage.get(one.name)) for one in asked.task.containers}


def _versioned(asked: Asked, form: dict[str, object]) -> dict[str, object]:
    return form if asked.version == "v4" else as_version_3(form)


def _docker_stats(container: Container, usage: Usage | None) -> dict[str, object] | None:
    """Docker's statistics as far as they are known; None for a container without a sample."""
    if usage is None:
        return None
    return {
        "id": runtime_id(container.arn),
        "name": f"/{container.name}",
        "cpu_stats": {"cpu_usage": {"total_usage": round(usage.cpu_seconds * _NANO)}},
        "memory_stats": {"usage": usage.memory_bytes, "limit": usage.memory_limit_bytes},
    }


_LEAVES: Mapping[str, Callable[[World, UsageOf, Asked], object]] = MappingProxyType(
    {
        "": _container,
        "task": _task,
        "taskWithTags": _task_with_tags,
        "stats": _stats,
        "task/stats": _task_stats,
    }
)

"""The responses of the task metadata endpoint. Pure.

Promise: a task can read its own metadata only: the path must have the id of one of its containers, which cannot be
guessed, and the request must come from the task's own address. Every other request gets 404, which discloses nothing.
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


class MetadataRequest(NamedTuple):
    """A request that was accepted: the container that sent it, and the document that it asks for."""

    task: Task
    container: Container
    version: str
    document: str
    """The rest of the path, after the container's id: empty, ``task``, ``stats``, …"""


class MetadataResponse(NamedTuple):
    """An HTTP status, and a body that is to be encoded as JSON."""

    status: int
    body: object


UsageOf = Mapping[str, Usage]
"""The resource usage of each container of a task, by name."""


def parse_request(world: World, path: str, peer: str) -> MetadataRequest | None:
    """The request of a path and a peer's address; None when the peer may not make it."""
    if len(path) > _LONGEST_PATH:
        return None
    version, _, rest = path.strip("/").partition("/")
    identity, _, document = rest.partition("/")
    if version not in _VERSIONS or document not in _DOCUMENTS:
        return None
    sender = caller(world, identity, peer)
    return None if sender is None else MetadataRequest(*sender, version, document)


def caller(world: World, identity: str, peer: str) -> tuple[Task, Container] | None:
    """The task and container with this id, if the peer's address is the task's."""
    for task in world.tasks.by("id", TaskId(identity.partition("-")[0])):
        container = next((c for c in task.containers if runtime_id(c.arn) == identity), None)
        if container is not None and task.interface.address == peer and not task.stopped:
            return task, container
    return None


def answer(world: World, usage: UsageOf, request: MetadataRequest | None) -> MetadataResponse:
    """The response to a request; ``usage`` is needed for statistics only."""
    if request is None:
        return MetadataResponse(404, "The task metadata endpoint has nothing under this path for this task.")
    return MetadataResponse(200, _DOCUMENTS[request.document](world, usage, request))


def _container(world: World, _: UsageOf, request: MetadataRequest) -> object:
    return _in_version(request, container_form(world, request.task, request.container))


def _task(world: World, _: UsageOf, request: MetadataRequest) -> object:
    return _in_version(request, task_form(world, request.task))


def _task_with_tags(world: World, _: UsageOf, request: MetadataRequest) -> object:
    tags = {"TaskTags": dict(request.task.tags)} if request.task.tags else {}
    return _in_version(request, task_form(world, request.task)) | tags


def _stats(_: World, usage: UsageOf, request: MetadataRequest) -> object:
    return _docker_stats(request.container, usage.get(request.container.name))


def _task_stats(_: World, usage: UsageOf, request: MetadataRequest) -> object:
    return {runtime_id(c.arn): _docker_stats(c, usage.get(c.name)) for c in request.task.containers}


def _in_version(request: MetadataRequest, form: dict[str, object]) -> dict[str, object]:
    return form if request.version == "v4" else as_version_3(form)


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


_DOCUMENTS: Mapping[str, Callable[[World, UsageOf, MetadataRequest], object]] = MappingProxyType(
    {
        "": _container,
        "task": _task,
        "taskWithTags": _task_with_tags,
        "stats": _stats,
        "task/stats": _task_stats,
    }
)

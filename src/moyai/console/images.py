"""``/console/data/images``: the images from which tasks run, which tasks use them, and the pulls under way.

AWS has no API for them: its Fargate has no images of one's own, and ECR has only what was pushed there. ``DELETE`` with
``name`` removes one. A login sees the tasks of its own account; images belong to the whole installation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs

import msgspec

from moyai.console.messages import ConsoleResponse, Request, error_response, json_response
from moyai.domain.ecs.task import Task
from moyai.domain.keys import scope_of
from moyai.kernel.ids import AccountId, TaskId
from moyai.ports.images import ImageNotRemoved, LocalImage, LocalImages
from moyai.ports.store import Store

_LONGEST_NAME: Final = 512


class _TaskView(msgspec.Struct, frozen=True):
    id: TaskId
    cluster: str
    group: str


class _ImageView(msgspec.Struct, frozen=True):
    name: str
    digest: str
    platform: str
    size: int
    source: str | None
    tasks: tuple[_TaskView, ...]


class _PullView(msgspec.Struct, frozen=True):
    """The pull of a container's image: what is downloaded of it, in bytes of compressed layers."""

    image: str
    container: str
    task: _TaskView
    source: str
    received: int
    total: int


class _ImagesView(msgspec.Struct, frozen=True):
    images: tuple[_ImageView, ...]
    pulls: tuple[_PullView, ...]


class ImagesEndpoint:
    """Answers requests for images. ``images``: None where tasks are simulated and need none."""

    def __init__(self, store: Store, images: LocalImages | None) -> None:
        self._store = store
        self._images = images

    async def answer(self, request: Request, account: AccountId | None) -> ConsoleResponse:
        """200 with images and pulls, or with the bytes freed; 400, 404, 405. ``account``: whose tasks may be seen;
        None = those of all.
        """
        if request.method == "GET":
            images = () if self._images is None else await self._images.images()
            views = (self._image_view(image, account) for image in images)
            return json_response(200, _ImagesView(tuple(views), tuple(self._pulls(account))))
        if request.method != "DELETE":
            return error_response(405, "MethodNotAllowedException", "Use GET or DELETE.")
        name = parse_qs(request.query).get("name", [""])[-1]
        if not name or len(name) > _LONGEST_NAME or self._images is None:
            return error_response(400, "ValidationException", "Give the name of an image of this installation.")
        try:
            freed = await self._images.remove(name)
        except ImageNotRemoved as error:
            return error_response(404, "ResourceNotFoundException", str(error))
        return json_response(200, {"freed": freed})

    def _image_view(self, image: LocalImage, account: AccountId | None) -> _ImageView:
        records = (record for task in image.tasks for record in self._store.world.tasks.by("id", task))
        tasks = tuple(_task_view(record) for record in records if _is_visible(record, account))
        return _ImageView(image.name, image.digest, image.platform, image.size, image.source, tasks)

    def _pulls(self, account: AccountId | None) -> Iterator[_PullView]:
        world = self._store.world
        for task in world.tasks.by("alive", "yes"):
            definition = world.task_definitions.get(task.task_definition)
            images = {} if definition is None else {c.name: c.image for c in definition.container_definitions}
            for container in task.containers if _is_visible(task, account) else ():
                pull, image = container.pull, images.get(container.name, "")
                if pull is not None:
                    yield _PullView(image, container.name, _task_view(task), pull.source, pull.received, pull.total)


def _is_visible(task: Task, account: AccountId | None) -> bool:
    return account is None or scope_of(task.arn).account == account


def _task_view(task: Task) -> _TaskView:
    return _TaskView(task.id, task.cluster.rpartition("/")[2], task.group)

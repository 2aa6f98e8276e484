"""The images of the installation's store. Calls to the store read files and wait for locks, so each has a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from typing_extensions import override

from moyai.images.errors import BadReference, ImageRefused
from moyai.images.store.image_store import ImageDetails, ImageStore
from moyai.kernel.ids import TaskId
from moyai.ports.images import ImageNotRemoved, LocalImage, LocalImages
from moyai.ports.runtime import CannotPull

_TASK: Final = "task-"
"""The beginning of the names that the runtime gives tasks as holders of images."""


class StoredImages(LocalImages):
    """The images of one store."""

    def __init__(self, store: ImageStore) -> None:
        self._store = store

    @override
    async def images(self) -> Sequence[LocalImage]:
        return [_local_image(details) for details in await asyncio.to_thread(self._store.list_images)]

    @override
    async def remove(self, name: str) -> int:
        try:
            removed = await asyncio.to_thread(self._store.remove, name)
        except (BadReference, CannotPull, ImageRefused) as error:
            raise ImageNotRemoved(str(error)) from error
        return removed.size


def _local_image(details: ImageDetails) -> LocalImage:
    tasks = (holder.removeprefix(_TASK) for holder in details.holders if holder.startswith(_TASK))
    return LocalImage(
        details.reference,
        details.digest,
        str(details.file.platform),
        details.size,
        details.source,
        tuple(TaskId(task) for task in sorted(tasks)),
    )

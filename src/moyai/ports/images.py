"""The images of this installation, from which tasks run.

Promise: an image is listed only when all of it is stored. Removing an image does not affect a running task.
Adapter: ``app/adapters/local_images``.

Errors:

    ImageNotRemoved         the image does not exist here, or can't be removed; the message says why
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import TaskId


class ImageNotRemoved(MoyaiError):
    """An image does not exist here, or can't be removed."""


class LocalImage(msgspec.Struct, frozen=True):
    """A stored image, under one of its names."""

    name: str
    """The reference as people write it."""
    digest: str
    platform: str
    """The platform, for example ``linux/amd64``."""
    size: int
    """Bytes of its unpacked layers, also of those that it shares with others."""
    source: str | None
    """The source that it was pulled from; None if it was imported or loaded."""
    tasks: tuple[TaskId, ...]
    """The tasks that need it."""


class LocalImages(Protocol):
    """Lists and removes images."""

    async def images(self) -> Sequence[LocalImage]:
        """All images, by name."""

    async def remove(self, name: str) -> int:
        """Remove an image's name, and layers that only it needs. Returns the bytes freed. Raises ImageNotRemoved."""

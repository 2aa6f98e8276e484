"""The protocol of everything that images are pulled from: registries, the machine's container engine, moyai's own ECR.

Promise: ``resolve`` reads no layer, and ``fetch`` gives the bytes of one part of what was resolved. Whoever calls
verifies digests and sizes again; a source may fail early on them. Both raise PullFailed, and leave nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Protocol

import msgspec

from moyai.images.model import Descriptor, Platform
from moyai.images.reference import ImageReference

Progress = Callable[[int], None]
"""Is called with the number of bytes that were received since its last call. A negative number takes back bytes that
have to be received again."""


class ResolvedImage(msgspec.Struct, frozen=True):
    """An image for one platform as a source offers it."""

    reference: ImageReference
    digest: str
    """The digest that the reference names: that of ``index`` if there is one, of ``manifest`` otherwise."""
    manifest: bytes
    """The bytes that the source sent: their digest is a part of the image."""
    config: Descriptor
    layers: tuple[Descriptor, ...]
    """The lowest first."""
    index: bytes | None = None
    """The list of manifests through which ``manifest`` was chosen."""


class Source(Protocol):
    """A place that images are pulled from."""

    @property
    def name(self) -> str:
        """The source as events and errors name it: ``registry ghcr.io``, ``Docker Engine``."""

    async def resolve(self, reference: ImageReference, platform: Platform) -> ResolvedImage:
        """The image that the reference stands for now, made for the platform. Raises PullFailed."""

    async def fetch(self, image: ResolvedImage, descriptor: Descriptor, file: BinaryIO, progress: Progress) -> None:
        """Append the content of the image's configuration or of one of its layers to the empty file. Raises
        PullFailed.
        """

"""The protocol of the sources of images: registries, the machine's container engine, moyai's own ECR.

Promise: ``resolve`` reads no layer, and ``fetch`` writes the bytes of one part of the resolved image. The caller
verifies digests and sizes; a source may verify them earlier. Both raise PullFailed, and leave nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Protocol

import msgspec

from moyai.images.model import Descriptor, Platform
from moyai.images.reference import ImageReference

Progress = Callable[[int], None]
"""A function that is called with the number of bytes received since its last call. A negative number withdraws bytes
that have to be received again."""


class ResolvedImage(msgspec.Struct, frozen=True):
    """A source's image for one platform."""

    reference: ImageReference
    digest: str
    """The digest that the reference names: that of ``index`` if there is one, of ``manifest`` otherwise."""
    manifest: bytes
    """The bytes of the manifest as the source has sent them, because the image's digest is computed from them."""
    config: Descriptor
    layers: tuple[Descriptor, ...]
    """The lowest first."""
    index: bytes | None = None
    """The bytes of the index from which ``manifest`` was chosen; None if there is none."""


class Source(Protocol):
    """A source from which images are pulled."""

    @property
    def name(self) -> str:
        """The name of the source in events and errors, such as ``registry`` or ``Docker Engine``."""

    async def resolve(self, reference: ImageReference, platform: Platform) -> ResolvedImage:
        """The image for the platform that the reference names now. Raises PullFailed."""

    async def fetch(self, image: ResolvedImage, descriptor: Descriptor, file: BinaryIO, progress: Progress) -> None:
        """Write the image's configuration or one of its layers to the file, which is empty. Raises PullFailed."""

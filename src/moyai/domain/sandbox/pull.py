"""The pulls of images: what the containers of a task need, and how far each pull is."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from moyai.kernel.secret import Secret

MEGABYTE: Final = 1_000_000
"""Registries and Docker count in decimal megabytes."""


class RegistryCredentials(msgspec.Struct, frozen=True):
    """A user name and password for one registry."""

    username: str
    password: Secret


class ImagePull(msgspec.Struct, frozen=True):
    """The image that a container needs; with ``digest``, the image with this digest, whatever its tag now names."""

    container: str
    image: str
    digest: str | None = None
    architecture: str | None = None
    """``X86_64`` or ``ARM64``; None = the machine's."""
    credentials: RegistryCredentials | None = None
    """For the image's registry; None = those that the runtime is configured with."""


class PullPhase(StrEnum):
    """The observed status of an image's pull."""

    PULLING = "PULLING"
    PULLED = "PULLED"
    FAILED = "FAILED"


class PullProgress(msgspec.Struct, frozen=True):
    """How far a pull is that downloads something."""

    source: str
    """The source's name: ``registry``, ``Docker Engine``."""
    layers: int
    """The number of the image's layers."""
    present: int
    """Layers that were here already, or that another pull has downloaded meanwhile."""
    pulled: int
    """Layers that this pull has downloaded and unpacked."""
    received: int
    """Bytes of compressed layers that have arrived."""
    total: int
    """Bytes of the compressed layers that are downloaded."""
    seconds: float
    """The time since the pull began."""

    def text(self, *, is_complete: bool) -> str:
        """``from registry: 45.6 MB in 3.2 s, 5 of 12 layers; 7 were here already``."""
        size = f"{self.received / MEGABYTE:.1f} MB"
        if not is_complete:
            size = f"{self.received / MEGABYTE:.1f} of {self.total / MEGABYTE:.1f} MB"
        here = f"; {self.present} {'was' if self.present == 1 else 'were'} here already" if self.present else ""
        return f"from {self.source}: {size} in {self.seconds:.1f} s, {self.pulled} of {self.layers} layers{here}"


class PullState(msgspec.Struct, frozen=True):
    """The pull of a container's image. ``digest``: that of the pulled image, None for the machine's own root."""

    phase: PullPhase
    digest: str | None = None
    reason: str | None = None
    """Why it failed, in AWS's words: ``CannotPullContainerError: …``."""
    progress: PullProgress | None = None
    """The progress that was observed last; None if nothing is downloaded."""

"""The pulls of images: what the containers of a task need, and how far each pull is."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from moyai.kernel.secret import Secret


class RegistryCredentials(msgspec.Struct, frozen=True):
    """A user name and password for one registry."""

    username: str
    password: Secret


class ImagePull(msgspec.Struct, frozen=True):
    """The image that a container needs. ``digest``: the image with this digest, whatever its tag stands for now."""

    container: str
    image: str
    digest: str | None = None
    architecture: str | None = None
    """``X86_64`` or ``ARM64``; None = the machine's."""
    credentials: RegistryCredentials | None = None
    """For its registry; None = those that the runtime is configured with."""


class PullPhase(StrEnum):
    """The observed status of an image's pull."""

    PULLING = "PULLING"
    PULLED = "PULLED"
    FAILED = "FAILED"


class PullState(msgspec.Struct, frozen=True):
    """The pull of a container's image. ``digest``: that of the pulled image, None for the machine's own root."""

    phase: PullPhase
    digest: str | None = None
    reason: str | None = None
    """Why it failed, in AWS's words: ``CannotPullContainerError: …``."""

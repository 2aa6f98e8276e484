"""The model of an image: descriptors of its parts, the platform it is made for, its configuration and its layers.

Promise: plain values, in the terms of the OCI image specification; ``manifest.py`` parses them.
Source: https://github.com/opencontainers/image-spec/blob/main/descriptor.md, config.md
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

_ARCHITECTURES: Mapping[str, str] = MappingProxyType(
    {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386", "ppc64le": "ppc64le", "s390x": "s390x"}
)
"""Go's names of processor architectures, which images use, by Linux's names."""
_VARIANTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"amd64": ("", "v1"), "arm64": ("v8", ""), "arm": ("v7", "", "v6", "v5")}
)
"""The variants that an architecture's processors are assumed to run, the best first."""


class Platform(msgspec.Struct, frozen=True):
    """The platform of an image: ``linux``, ``arm64``, ``v8``."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @property
    def runnable_variants(self) -> tuple[str, ...]:
        """The variants of the architecture that this platform runs, the best first."""
        usual = _VARIANTS.get(self.architecture, ("",))
        if self.variant in usual:
            return usual[usual.index(self.variant) :] if self.variant else usual
        return (self.variant, *usual)

    def runs(self, other: Platform) -> bool:
        """Whether programs for the other platform run on this one."""
        is_same_architecture = (self.os, self.architecture) == (other.os, other.architecture)
        return is_same_architecture and other.variant in self.runnable_variants


def host_platform() -> Platform:
    """The platform of this machine."""
    machine = os.uname().machine
    return Platform("linux", _ARCHITECTURES.get(machine, machine))


def digest_of(content: bytes) -> str:
    """The digest of the content: ``sha256:`` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Descriptor(msgspec.Struct, frozen=True):
    """A reference to content by its digest. ``size`` is in bytes."""

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = {}


class Manifest(msgspec.Struct, frozen=True):
    """The parts of an image for one platform. ``layers``: the lowest first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


class Index(msgspec.Struct, frozen=True):
    """The manifests of an image for several platforms, without attestations."""

    manifests: tuple[Descriptor, ...]


class ImageConfig(msgspec.Struct, frozen=True):
    """An image's defaults for members that a container definition leaves out."""

    entry_point: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    working_directory: str = "/"
    user: str = "0"
    """``user[:group]``, names or numbers."""
    stop_signal: str | None = None
    """``SIGTERM``, ``TERM`` or ``15``."""
    volumes: tuple[str, ...] = ()
    """Paths in the container."""
    exposed_ports: tuple[str, ...] = ()
    """``80/tcp``."""


class ConfigFile(msgspec.Struct, frozen=True):
    """An image's configuration file."""

    platform: Platform
    config: ImageConfig
    diff_ids: tuple[str, ...]
    """The digests of the uncompressed layers, the lowest first."""


class Image(msgspec.Struct, frozen=True):
    """An image whose layers are on disk."""

    layers: tuple[str, ...]
    """The absolute paths of the layers' directories, the topmost first."""
    on_host: bool
    """Whether the layers lie over this machine's own root."""
    config: ImageConfig = ImageConfig()
    digest: str | None = None
    """The digest that the image's tag names: that of its index if it has one, of its manifest otherwise; None for this
    machine's own root, which changes all the time."""

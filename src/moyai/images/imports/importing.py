"""Imports images from files into a store: ``moyai image import`` and ``moyai image load``.

Promise: an image is added completely or not at all, and what is wrong is said in one sentence. Tasks that run from an
image that is replaced keep the one they have.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moyai.images.errors import ImageRefused, PullFailed
from moyai.images.imports.archive_parts import ArchiveParts, copy_parts, is_image_archive
from moyai.images.imports.image_archives import LoadedImage, load_images
from moyai.images.imports.root_file_systems import add_root_file_system
from moyai.images.model import Image, ImageConfig, host_platform
from moyai.images.reference import HOST_IMAGE, parse_reference
from moyai.images.store.image_store import ImageStore
from moyai.images.store.lease import Lease

_NO_CONFIG = ImageConfig()


def import_image(
    store: ImageStore, name: str, source: Path, *, base: str | None = None, config: ImageConfig = _NO_CONFIG
) -> Image:
    """Add or replace an image: an OCI layout (a directory or an archive), what ``docker save`` wrote, or a root file
    system (a directory or an archive), whose configuration is ``config``. ``base``: None, or HOST_IMAGE to lay a root
    file system over this machine's own root. Raises ImageRefused.
    """
    if base not in {None, HOST_IMAGE}:
        raise ImageRefused(f"an image can be imported on top of {HOST_IMAGE} or of nothing, not of {base}")
    with _refusals(f"{source} can't be imported as {name}"):
        reference = parse_reference(name)
        if reference.name == HOST_IMAGE or reference.digest is not None:
            raise ImageRefused(f"{name} is no name for an image: NAME or NAME:TAG")
        with store.lease() as lease:
            parts = _image_parts(lease, source) if base is None else None
            if parts is not None:
                return load_images(lease, parts, host_platform(), reference)[0].image
            return add_root_file_system(lease, source, reference, config, on_host=base is not None)


def load_archive(store: ImageStore, source: Path | io.RawIOBase) -> list[LoadedImage]:
    """Add all images of an OCI layout or of what ``docker save`` wrote, with their own names. The source may be a pipe.
    Raises ImageRefused.
    """
    subject = source if isinstance(source, Path) else "standard input"
    with _refusals(f"{subject} can't be loaded"), store.lease() as lease:
        if isinstance(source, Path) and source.is_dir():
            return load_images(lease, ArchiveParts({}, source), host_platform(), None)
        if isinstance(source, Path):
            with io.FileIO(source) as file:
                return load_images(lease, copy_parts(file, lease.directory), host_platform(), None)
        return load_images(lease, copy_parts(source, lease.directory), host_platform(), None)


def _image_parts(lease: Lease, source: Path) -> ArchiveParts | None:
    """The files of an image; None if the source is a root file system."""
    if source.is_dir():
        return ArchiveParts({}, source) if (source / "oci-layout").is_file() else None
    if not source.is_file():
        return None
    with io.FileIO(source) as file:
        if not is_image_archive(file):
            return None
        file.seek(0)
        return copy_parts(file, lease.directory)


@contextmanager
def _refusals(subject: str) -> Iterator[None]:
    """Turn what is wrong with a source into ImageRefused."""
    try:
        yield
    except (PullFailed, OSError) as error:
        raise ImageRefused(f"{subject}: {error}") from error

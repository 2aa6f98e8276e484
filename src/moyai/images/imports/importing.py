"""Imports images from files into a store: ``moyai image import`` and ``moyai image load``.

Promise: an image is added completely or not at all, and an error says in one sentence what is wrong. Tasks that run
from a replaced image keep that image.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from moyai.images.errors import BadContent, ImageRefused, PullFailed
from moyai.images.image_archive import ArchivedImage, Parts, read_images
from moyai.images.imports.archive_parts import FileParts, copy_parts, is_image_archive
from moyai.images.imports.root_file_systems import add_root_file_system
from moyai.images.manifest import OCI_LAYER, make_manifest
from moyai.images.model import Descriptor, Image, ImageConfig, host_platform
from moyai.images.reference import HOST_IMAGE, ImageReference, parse_reference
from moyai.images.store.image_store import ImageStore
from moyai.images.store.lease import Lease

_NO_CONFIG = ImageConfig()


class LoadedImage(NamedTuple):
    """An image of an archive, with the names that the archive gives it."""

    references: tuple[ImageReference, ...]
    image: Image


def import_image(
    store: ImageStore, name: str, source: Path, *, base: str | None = None, config: ImageConfig = _NO_CONFIG
) -> Image:
    """Add or replace an image from an OCI layout (a directory or an archive), an archive of ``docker save``, or a root
    file system (a directory or an archive), which gets the configuration ``config``. ``base``: None, or HOST_IMAGE to
    lay a root file system over this machine's own root. Raises ImageRefused.
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
                return _load_image(lease, parts, reference)
            return add_root_file_system(lease, source, reference, config, on_host=base is not None)


def load_archive(store: ImageStore, source: Path | io.RawIOBase) -> list[LoadedImage]:
    """Add all images of an OCI layout or of an archive of ``docker save``, under their own names. The source may be a
    pipe. Raises ImageRefused.
    """
    subject = repr(str(source)) if isinstance(source, Path) else "standard input"
    with _refusals(f"{subject} can't be loaded"), store.lease() as lease:
        if isinstance(source, Path) and source.is_dir():
            return _load_images(lease, FileParts({}, source))
        if isinstance(source, Path):
            with io.FileIO(source) as file:
                return _load_images(lease, copy_parts(file, lease.directory))
        return _load_images(lease, copy_parts(source, lease.directory))


def _load_image(lease: Lease, parts: Parts, reference: ImageReference) -> Image:
    """Add the only image of an archive under the name ``reference``."""
    images = read_images(parts, host_platform())
    if len(images) != 1:
        raise BadContent(f"it has {len(images)} images; `moyai image load` adds them with their own names")
    return _add(lease, parts, replace(images[0], references=(reference,)))


def _load_images(lease: Lease, parts: Parts) -> list[LoadedImage]:
    images = read_images(parts, host_platform())
    if not all(image.references for image in images):
        raise BadContent("it doesn't say what its image is called; `moyai image import NAME` adds it with a name")
    return [LoadedImage(image.references, _add(lease, parts, image)) for image in images]


def _add(lease: Lease, parts: Parts, image: ArchivedImage) -> Image:
    for diff_id, name, descriptor in image.layers:
        if lease.has_layer(diff_id):
            continue
        file = parts.open(name)
        if file is None:
            raise BadContent(f"layer {name} is not in the archive")
        with file:
            if descriptor is not None:
                lease.add_layer(descriptor, diff_id, file)
            elif (layer := lease.add_archive(file)).diff_id != diff_id:
                raise BadContent(f"the diff id of layer {name} is {layer.diff_id}, and the image names {diff_id}")
    manifest = image.manifest
    if manifest is None:
        layers = (Descriptor(OCI_LAYER, layer.diff_id, lease.layer_size(layer.diff_id)) for layer in image.layers)
        manifest = make_manifest(image.config, list(layers))
    return lease.add_image(manifest, image.config, image.references, image.index)


def _image_parts(lease: Lease, source: Path) -> Parts | None:
    """The files of an image archive; None if the source is a root file system."""
    if source.is_dir():
        return FileParts({}, source) if (source / "oci-layout").is_file() else None
    if not source.is_file():
        return None
    with io.FileIO(source) as file:
        if not is_image_archive(file):
            return None
        file.seek(0)
        return copy_parts(file, lease.directory)


@contextmanager
def _refusals(subject: str) -> Iterator[None]:
    """Turn PullFailed and OSError into ImageRefused."""
    try:
        yield
    except (PullFailed, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ImageRefused(f"{subject}: {reason or error}") from error

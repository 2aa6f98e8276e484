"""The images in an OCI layout, or in what ``docker save`` and ``podman save`` write.

Promise: what a file says is verified like what a registry says: digests, diff ids, sizes, platforms. An archive of
several images is loaded image by image. Where ``index.json`` is, it counts; ``manifest.json``, Docker's own list, gives
the names, and the images themselves where an older Docker has written no index.
Source: https://github.com/opencontainers/image-spec/blob/main/image-layout.md,
https://github.com/moby/docker-image-spec/blob/main/spec.md (combined image JSON + filesystem changeset format)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from moyai.images.errors import BadContent, BadReference
from moyai.images.imports.archive_parts import ArchiveParts
from moyai.images.imports.root_file_systems import manifest_document
from moyai.images.manifest import (
    MAX_CONFIG_BYTES,
    MAX_MANIFEST_BYTES,
    OCI_LAYER,
    parse_config,
    parse_manifest,
    select_manifest,
    wrong_platform,
)
from moyai.images.model import Descriptor, Image, Index, Manifest, Platform
from moyai.images.reference import ImageReference, parse_reference
from moyai.images.store.lease import Lease
from moyai.images.store.store_directory import digest_of

_MAX_IMAGES: Final = 1000
_MAX_DEPTH: Final = 4
_NAMES: Final = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
"""The annotations with an image's name; the second is often a tag alone."""


class _SavedImage(msgspec.Struct, rename="pascal"):
    """An entry of ``manifest.json``."""

    config: str
    layers: Annotated[list[str], Meta(max_length=1000)]
    repo_tags: list[str] | None = None


_SAVED_IMAGES = msgspec.json.Decoder(Annotated[list[_SavedImage], Meta(max_length=_MAX_IMAGES)])


class LoadedImage(NamedTuple):
    """An image of an archive, with the names that the archive gives it."""

    references: tuple[ImageReference, ...]
    image: Image


class _Parsed(NamedTuple):
    manifest: bytes
    config: bytes
    names: tuple[ImageReference, ...]
    layers: Sequence[tuple[Descriptor | None, str, str]]
    """The descriptor, the diff id and the name of the file of each layer, the lowest first."""
    index_blob: bytes | None = None


def load_images(
    lease: Lease, parts: ArchiveParts, platform: Platform, name: ImageReference | None
) -> list[LoadedImage]:
    """Add the images of an archive. ``name``: for the only image of the archive, instead of its own. Raises PullFailed
    and OSError.
    """
    images = list(_parse_layout(parts, platform) if parts.has("index.json") else _parse_saved(parts, platform))
    if name is not None:
        if len(images) != 1:
            raise BadContent(f"it has {len(images)} images; `moyai image load` adds them with their own names")
        images = [images[0]._replace(names=(name,))]
    if not images or not all(image.names for image in images):
        raise BadContent("it doesn't say what its image is called; `moyai image import NAME` adds it with a name")
    return [LoadedImage(image.names, _add(lease, parts, image)) for image in images]


def _add(lease: Lease, parts: ArchiveParts, image: _Parsed) -> Image:
    for descriptor, diff_id, name in image.layers:
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
    if not manifest:  # an older docker save has none
        sizes = [(diff_id, lease.layer_size(diff_id)) for _, diff_id, _ in image.layers]
        layers = [Descriptor(OCI_LAYER, diff_id, size) for diff_id, size in sizes]
        manifest = json.dumps(manifest_document(image.config, layers), separators=(",", ":")).encode()
    return lease.add_image(manifest, image.config, image.names, image.index_blob)


# ------------------------------------------------------------------------------------------------------- OCI layout


def _parse_layout(parts: ArchiveParts, platform: Platform) -> Iterator[_Parsed]:
    """The images that ``index.json`` lists."""
    layout = parse_manifest(_read(parts, "index.json", MAX_MANIFEST_BYTES))
    if not isinstance(layout, Index) or len(layout.manifests) > _MAX_IMAGES:
        raise BadContent(f"its index.json is no index of at most {_MAX_IMAGES} images")
    saved_names = {saved.config: saved.repo_tags or () for saved in _read_saved(parts)}
    images: dict[str, _Parsed] = {}
    for descriptor in layout.manifests:
        image = _parse_image(parts, descriptor, platform)
        names = _names(descriptor) or _parse_names(saved_names.get(_blob_name(digest_of(image.config)), ()))
        earlier = images.get(descriptor.digest)  # one image may be listed once for each of its names
        images[descriptor.digest] = image._replace(names=(*(earlier.names if earlier else ()), *names))
    yield from images.values()


def _parse_image(parts: ArchiveParts, descriptor: Descriptor, platform: Platform) -> _Parsed:
    index, depth = None, 0
    content = _read_blob(parts, descriptor.digest, MAX_MANIFEST_BYTES)
    while isinstance(parsed := parse_manifest(content), Index):
        available = tuple(manifest for manifest in parsed.manifests if parts.has(_blob_name(manifest.digest)))
        if depth == _MAX_DEPTH or not available:
            raise wrong_platform(platform, [m.platform for m in parsed.manifests if m.platform is not None])
        index, depth = (content if depth == 0 else None), depth + 1
        content = _read_blob(parts, select_manifest(Index(available), platform).digest, MAX_MANIFEST_BYTES)
    config = _read_blob(parts, parsed.config.digest, MAX_CONFIG_BYTES)
    diff_ids = _diff_ids(config, parsed, platform)
    layers = [
        (layer, diff_id, _blob_name(layer.digest)) for layer, diff_id in zip(parsed.layers, diff_ids, strict=True)
    ]
    return _Parsed(content, config, (), layers, index)


def _diff_ids(config: bytes, manifest: Manifest, platform: Platform) -> tuple[str, ...]:
    file = parse_config(config, manifest)
    if not platform.runs(file.platform):
        raise wrong_platform(platform, [file.platform])
    return file.diff_ids


def _names(descriptor: Descriptor) -> tuple[ImageReference, ...]:
    """The names that an entry of ``index.json`` gives its image."""
    names = (descriptor.annotations.get(annotation, "") for annotation in _NAMES)
    return _parse_names([next((name for name in names if ":" in name or "/" in name), "")])


def _parse_names(names: Sequence[str]) -> tuple[ImageReference, ...]:
    references = []
    for name in names:
        try:
            references.append(parse_reference(name))
        except BadReference:
            continue  # a tag alone
    return tuple(references)


def _blob_name(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _read_blob(parts: ArchiveParts, digest: str, limit: int) -> bytes:
    content = _read(parts, _blob_name(digest), limit)
    if digest_of(content) != digest:
        raise BadContent(f"{_blob_name(digest)} has another digest: {digest_of(content)}")
    return content


def _read(parts: ArchiveParts, name: str, limit: int) -> bytes:
    content = parts.read(name, limit)
    if content is None:
        raise BadContent(f"{name} is not in it")
    return content


# ------------------------------------------------------------------------------------------------------ docker save


def _read_saved(parts: ArchiveParts) -> list[_SavedImage]:
    content = parts.read("manifest.json", MAX_MANIFEST_BYTES)
    try:
        return [] if content is None else _SAVED_IMAGES.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadContent(f"its manifest.json can't be read: {error}") from error


def _parse_saved(parts: ArchiveParts, platform: Platform) -> Iterator[_Parsed]:
    """The images that ``manifest.json`` lists."""
    images = _read_saved(parts)
    if not images:
        raise BadContent("it has no image: neither index.json nor manifest.json")
    for saved in images:
        config = _read(parts, saved.config, MAX_CONFIG_BYTES)
        placeholder = Descriptor(OCI_LAYER, "", 0)
        diff_ids = _diff_ids(config, Manifest(placeholder, (placeholder,) * len(saved.layers)), platform)
        layers = [(None, diff_id, name) for diff_id, name in zip(diff_ids, saved.layers, strict=True)]
        yield _Parsed(b"", config, _parse_names(saved.repo_tags or ()), layers)

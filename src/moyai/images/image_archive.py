"""Reads the images in an OCI layout, or in an archive of ``docker save`` or ``podman save``.

Promise: the documents in an archive are verified like those of a registry: digests, sizes, platforms. The caller
verifies the digest and the diff id of each layer. An archive may have several images: those that ``index.json`` lists,
with names from there or from ``manifest.json``, Docker's own list; or, in an archive of an older Docker, which has no
index, those that ``manifest.json`` lists.
Source: https://github.com/opencontainers/image-spec/blob/main/image-layout.md,
https://github.com/moby/docker-image-spec/blob/main/spec.md (combined image JSON + filesystem changeset format)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, BinaryIO, Final, NamedTuple, Protocol

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from moyai.images.errors import BadContent, BadReference
from moyai.images.manifest import (
    MAX_CONFIG_BYTES,
    MAX_MANIFEST_BYTES,
    OCI_LAYER,
    parse_config,
    parse_manifest,
    select_manifest,
    wrong_platform,
)
from moyai.images.model import Descriptor, Index, Manifest, Platform, digest_of
from moyai.images.reference import ImageReference, parse_reference

_MAX_IMAGES: Final = 1000
_MAX_DEPTH: Final = 4
_NAMES: Final = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
"""The annotations with an image's name. The second is often only a tag."""


class Parts(Protocol):
    """The files of an archive, by their names in it."""

    def open(self, name: str) -> BinaryIO | None:
        """The file with a name; None if there is none."""


class ArchivedLayer(NamedTuple):
    """A layer of an archive."""

    diff_id: str
    name: str
    """The name of the layer's file."""
    descriptor: Descriptor | None
    """None if the archive has no descriptor. The file may be compressed nevertheless."""


class ArchivedImage(msgspec.Struct, frozen=True):
    """An image of an archive."""

    manifest: bytes | None
    """None if the archive has no manifest."""
    config: bytes
    config_name: str
    """The name of the configuration's file."""
    layers: Sequence[ArchivedLayer]
    """The lowest first."""
    references: tuple[ImageReference, ...]
    """The names that the archive gives the image."""
    index: bytes | None = None
    """The index from which the manifest was chosen, if there is one."""


class _SavedImage(msgspec.Struct, rename="pascal"):
    """An entry of ``manifest.json``."""

    config: str
    layers: Annotated[list[str], Meta(max_length=1000)]
    repo_tags: list[str] | None = None


_SAVED_IMAGES = msgspec.json.Decoder(Annotated[list[_SavedImage], Meta(max_length=_MAX_IMAGES)])


def read_images(parts: Parts, platform: Platform) -> list[ArchivedImage]:
    """The images of an archive, at least one. Raises BadContent and WrongPlatform."""
    images = list(_parse_layout(parts, platform) if _has(parts, "index.json") else _parse_saved(parts, platform))
    if not images:
        raise BadContent("it has no image: neither index.json nor manifest.json")
    return images


# ------------------------------------------------------------------------------------------------------- OCI layout


def _parse_layout(parts: Parts, platform: Platform) -> Iterator[ArchivedImage]:
    """The images that ``index.json`` lists."""
    layout = parse_manifest(_read(parts, "index.json", MAX_MANIFEST_BYTES))
    if not isinstance(layout, Index) or len(layout.manifests) > _MAX_IMAGES:
        raise BadContent(f"its index.json is no index of at most {_MAX_IMAGES} images")
    saved_names = {saved.config: saved.repo_tags or () for saved in _read_saved(parts)}
    images: dict[str, ArchivedImage] = {}
    for descriptor in layout.manifests:
        image = _parse_image(parts, descriptor, platform)
        names = _names(descriptor) or _parse_names(saved_names.get(image.config_name, ()))
        earlier = images.get(descriptor.digest)  # one image may be listed once for each of its names
        images[descriptor.digest] = replace(image, references=(*(earlier.references if earlier else ()), *names))
    yield from images.values()


def _parse_image(parts: Parts, descriptor: Descriptor, platform: Platform) -> ArchivedImage:
    index, depth = None, 0
    content = _read_blob(parts, descriptor.digest, MAX_MANIFEST_BYTES)
    while isinstance(document := parse_manifest(content), Index):
        available = tuple(manifest for manifest in document.manifests if _has(parts, _blob_name(manifest.digest)))
        if depth == _MAX_DEPTH or not available:
            raise wrong_platform(platform, [m.platform for m in document.manifests if m.platform is not None])
        index, depth = (content if depth == 0 else None), depth + 1
        content = _read_blob(parts, select_manifest(Index(available), platform).digest, MAX_MANIFEST_BYTES)
    config = _read_blob(parts, document.config.digest, MAX_CONFIG_BYTES)
    diff_ids = _diff_ids(config, document, platform)
    pairs = zip(diff_ids, document.layers, strict=True)
    layers = [ArchivedLayer(diff_id, _blob_name(layer.digest), layer) for diff_id, layer in pairs]
    return ArchivedImage(content, config, _blob_name(document.config.digest), layers, (), index)


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
            continue  # only a tag
    return tuple(references)


def _blob_name(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _read_blob(parts: Parts, digest: str, limit: int) -> bytes:
    content = _read(parts, _blob_name(digest), limit)
    if digest_of(content) != digest:
        raise BadContent(f"{_blob_name(digest)} has another digest: {digest_of(content)}")
    return content


def _read(parts: Parts, name: str, limit: int) -> bytes:
    file = parts.open(name)
    if file is None:
        raise BadContent(f"{name} is not in it")
    with file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise BadContent(f"{name} has more than {limit} bytes")
    return content


def _has(parts: Parts, name: str) -> bool:
    file = parts.open(name)
    if file is not None:
        file.close()
    return file is not None


# ------------------------------------------------------------------------------------------------------ docker save


def _read_saved(parts: Parts) -> list[_SavedImage]:
    if not _has(parts, "manifest.json"):
        return []
    try:
        images: list[_SavedImage] = _SAVED_IMAGES.decode(_read(parts, "manifest.json", MAX_MANIFEST_BYTES))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadContent(f"its manifest.json can't be read: {error}") from error
    return images


def _parse_saved(parts: Parts, platform: Platform) -> Iterator[ArchivedImage]:
    """The images that ``manifest.json`` lists."""
    for entry in _read_saved(parts):
        config = _read(parts, entry.config, MAX_CONFIG_BYTES)
        placeholder = Descriptor(OCI_LAYER, "", 0)
        diff_ids = _diff_ids(config, Manifest(placeholder, (placeholder,) * len(entry.layers)), platform)
        pairs = zip(diff_ids, entry.layers, strict=True)
        layers = [ArchivedLayer(diff_id, name, None) for diff_id, name in pairs]
        yield ArchivedImage(None, config, entry.config, layers, _parse_names(entry.repo_tags or ()))

"""Reads images from a store's blobs, and finds the contents that they need.

Promise: only complete images are found; an image with a missing part counts as absent. The results depend only on the
files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from moyai.images.errors import BadContent
from moyai.images.manifest import parse_config, parse_manifest, select_manifest
from moyai.images.model import ConfigFile, Image, Index, Manifest, Platform
from moyai.images.store.store_directory import LayerRecord, StoreDirectory

_MAX_DEPTH = 4
"""Number of levels of indexes and manifests that are read."""


class StoredImage(msgspec.Struct, frozen=True):
    """A complete image in the store."""

    digest: str
    """The digest that a reference names: that of an index or of the manifest."""
    manifest_digest: str
    manifest: Manifest
    file: ConfigFile
    layers: tuple[LayerRecord, ...]
    """The lowest first."""

    @property
    def size(self) -> int:
        """The size of its unpacked layers, in bytes."""
        return sum(layer.size for layer in self.layers)


def read_image(store: StoreDirectory, digest: str, platform: Platform | None) -> StoredImage | None:
    """The complete image with a digest for a platform, or with None for any platform; None if it isn't stored. Raises
    WrongPlatform if it is stored only for other platforms.
    """
    manifest_digest, content = digest, None
    for _ in range(_MAX_DEPTH):
        content = _parse(store, manifest_digest)
        if not isinstance(content, Index):
            break
        available = tuple(m for m in content.manifests if store.read_blob(m.digest) is not None)
        if not available:
            return None
        descriptor = available[0] if platform is None else select_manifest(Index(available), platform)
        manifest_digest = descriptor.digest
    if not isinstance(content, Manifest):
        return None
    file = _parse_config(store, content)
    layers = () if file is None else tuple(store.read_layer(diff_id) for diff_id in file.diff_ids)
    complete = tuple(layer for layer in layers if layer is not None)
    if file is None or len(complete) < len(layers):
        return None
    return StoredImage(digest, manifest_digest, content, file, complete)


def to_image(store: StoreDirectory, stored_image: StoredImage, *, on_host: bool) -> Image:
    """The image as containers are started from it, without layers below an opaque one."""
    roots = []
    for diff_id, layer in reversed(list(zip(stored_image.file.diff_ids, stored_image.layers, strict=True))):
        roots.append(str(store.layer_root(diff_id)))
        if layer.is_opaque:
            break
    return Image(tuple(roots), on_host=on_host, config=stored_image.file.config, digest=stored_image.digest)


def _parse(store: StoreDirectory, digest: str) -> Manifest | Index | None:
    content = store.read_blob(digest)
    if content is None:
        return None
    try:
        return parse_manifest(content)
    except BadContent:
        return None  # a configuration, not a manifest or an index


def _parse_config(store: StoreDirectory, manifest: Manifest) -> ConfigFile | None:
    content = store.read_blob(manifest.config.digest)
    return None if content is None else parse_config(content, manifest)


def needed_contents(store: StoreDirectory, roots: Iterable[str]) -> frozenset[str]:
    """The digests ``roots``, and those of all blobs and layers that they need."""
    needed_digests: set[str] = set()
    waiting = list(roots)
    while waiting:
        digest = waiting.pop()
        if digest not in needed_digests:
            needed_digests.add(digest)
            waiting.extend(_parts(store, digest))
    return frozenset(needed_digests)


def _parts(store: StoreDirectory, digest: str) -> Iterator[str]:
    content = _parse(store, digest)
    if isinstance(content, Index):
        yield from (manifest.digest for manifest in content.manifests)
    elif isinstance(content, Manifest):
        yield content.config.digest
        file = _parse_config(store, content)
        yield from () if file is None else file.diff_ids

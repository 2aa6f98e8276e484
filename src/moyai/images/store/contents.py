"""Reads images from a store's blobs, and decides which contents are needed.

Promise: only complete images are read: one with a part that is missing is not here. A pure function of the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from moyai.images.errors import BadContent
from moyai.images.manifest import parse_config, parse_manifest, select_manifest
from moyai.images.model import ConfigFile, Image, Index, Manifest, Platform
from moyai.images.store.store_directory import LayerRecord, StoreDirectory

_MAX_DEPTH = 4
"""How deep indexes may be within indexes."""


class StoredImage(msgspec.Struct, frozen=True):
    """An image as it is stored."""

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
    """The complete image of a digest for a platform, or for any with None; None if it isn't here. Raises WrongPlatform
    if it is here for others.
    """
    manifest_digest, content = digest, None
    for _ in range(_MAX_DEPTH):
        content = _parse(store, manifest_digest)
        if not isinstance(content, Index):
            break
        available = tuple(m for m in content.manifests if store.read_blob(m.digest) is not None)
        if not available:
            return None
        any_platform = available[0] if platform is None else select_manifest(Index(available), platform)
        manifest_digest = any_platform.digest
    if not isinstance(content, Manifest):
        return None
    file = _parse_config(store, content)
    layers = () if file is None else tuple(store.read_layer(diff_id) for diff_id in file.diff_ids)
    complete = tuple(layer for layer in layers if layer is not None)
    if file is None or len(complete) < len(layers):
        return None
    return StoredImage(digest, manifest_digest, content, file, complete)


def to_image(store: StoreDirectory, stored: StoredImage, *, on_host: bool) -> Image:
    """The root file system and configuration that a container is started from."""
    roots = []
    for diff_id, layer in reversed(list(zip(stored.file.diff_ids, stored.layers, strict=True))):
        roots.append(str(store.layer_root(diff_id)))
        if layer.is_opaque:
            break
    return Image(tuple(roots), on_host=on_host, config=stored.file.config, digest=stored.digest)


def _parse(store: StoreDirectory, digest: str) -> Manifest | Index | None:
    content = store.read_blob(digest)
    if content is None:
        return None
    try:
        return parse_manifest(content)
    except BadContent:
        return None  # a configuration


def _parse_config(store: StoreDirectory, manifest: Manifest) -> ConfigFile | None:
    content = store.read_blob(manifest.config.digest)
    return None if content is None else parse_config(content, manifest)


def needed_contents(store: StoreDirectory, roots: Iterable[str]) -> frozenset[str]:
    """The digests of all blobs and layers that these digests need, and they themselves."""
    needed: set[str] = set()
    waiting = list(roots)
    while waiting:
        digest = waiting.pop()
        if digest not in needed:
            needed.add(digest)
            waiting.extend(_parts(store, digest))
    return frozenset(needed)


def _parts(store: StoreDirectory, digest: str) -> Iterator[str]:
    content = _parse(store, digest)
    if isinstance(content, Index):
        yield from (manifest.digest for manifest in content.manifests)
    elif isinstance(content, Manifest):
        yield content.config.digest
        file = _parse_config(store, content)
        yield from () if file is None else file.diff_ids

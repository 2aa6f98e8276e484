"""Converts the images that moyai 0.2 and older have imported: a directory with a root file system for each tag.

    <directory>/<name>/<tag>/       manifest.json, rootfs/
    <directory>/.replaced-*/        the same of images whose tag has moved, which service revisions may need

Promise: no file is copied and none is lost. A root file system becomes a layer by being moved, so a task that runs from
it goes on. Its earlier digest, which service revisions have, still finds it. What can't be converted stays where it is,
and the log says so. A process that is killed meanwhile leaves the rest to the next one.
"""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path
from typing import Final

import msgspec

from moyai.images.errors import BadContent, PullFailed
from moyai.images.imports.root_file_systems import root_documents
from moyai.images.imports.tree_archive import hash_tree
from moyai.images.model import ImageConfig
from moyai.images.reference import HOST_IMAGE, ImageReference, parse_reference
from moyai.images.store.image_store import ImageStore
from moyai.images.store.store_directory import write_file
from moyai.images.store.trees import remove_tree

_log = logging.getLogger(__name__)
_OLD: Final = ".old"
_REPLACED: Final = ".replaced-"
_LAYER: Final = "layer.json"


class _OlderManifest(msgspec.Struct, frozen=True):
    base: str | None
    config: ImageConfig
    name: str = ""
    digest: str | None = None


class _Layer(msgspec.Struct, frozen=True):
    """What a root file system is as a layer, noted beside it before it is moved."""

    diff_id: str
    size: int


_MANIFEST = msgspec.json.Decoder(_OlderManifest)
_LAYER_NOTE = msgspec.json.Decoder(_Layer)


def open_store(directory: Path) -> ImageStore:
    """The image store in a directory, after the images of an older version there are converted. Raises OSError."""
    old, store = directory.with_name(directory.name + _OLD), ImageStore(directory)
    if not directory.parent.is_dir():
        return store
    lock = os.open(directory.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if directory.is_dir() and not (directory / "version").is_file() and not old.exists():
            directory.rename(old)
        if old.is_dir():
            _convert_all(store, old)
    finally:
        os.close(lock)
    return store


def _convert_all(store: ImageStore, old: Path) -> None:
    failures = 0
    for manifest in sorted(old.glob("**/manifest.json")):
        home = manifest.parent
        if not home.relative_to(old).parts or "rootfs" in home.relative_to(old).parts:
            continue  # a file of an image
        try:
            _convert(store, home, old)
        except (PullFailed, OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            failures += 1
            _log.warning("the image in %s can't be converted and stays there: %s", home, error)
    if not failures:
        remove_tree(str(old))


def _convert(store: ImageStore, home: Path, old: Path) -> None:
    manifest = _MANIFEST.decode((home / "manifest.json").read_bytes())
    references = _references(manifest, home, old)
    layer = _note_layer(home)
    on_host = manifest.base == HOST_IMAGE
    document, config = root_documents(layer.diff_id, layer.size, manifest.config, on_host=on_host)
    with store.lease() as lease:
        lease.keep([layer.diff_id])
        lease.move_layer(home / "rootfs", layer.diff_id, layer.size)
        (lease.add_image_on_host if on_host else lease.add_image)(document, config, references)
    (home / "manifest.json").unlink()  # first: without it the rest is no image, and is removed with the old directory
    remove_tree(str(home))


def _references(manifest: _OlderManifest, home: Path, old: Path) -> list[ImageReference]:
    """The references under which an image was found: its tag, unless that has moved, and its earlier digest."""
    name, tag = str(home.relative_to(old).parent), home.name
    is_replaced = home.name.startswith(_REPLACED)
    tagged = parse_reference(f"{manifest.name or 'unknown'}:latest" if is_replaced else f"{name}:{tag}")
    references = [] if is_replaced else [tagged]
    if manifest.digest is not None:
        references.append(ImageReference(tagged.registry, tagged.repository, None, manifest.digest))
    if not references:
        raise BadContent("it has neither a tag nor a digest")
    return references


def _note_layer(home: Path) -> _Layer:
    note = home / _LAYER
    if note.is_file():
        return _LAYER_NOTE.decode(note.read_bytes())
    layer = _Layer(*hash_tree(home / "rootfs"))
    write_file(note, msgspec.json.encode(layer))
    return layer

"""Converts the images that moyai 0.2 and older have imported: a directory with a root file system for each tag.

    <directory>/<name>/<tag>/       manifest.json, rootfs/
    <directory>/.replaced-*/        the same of images whose tag has moved, which service revisions may need

Promise: no file is copied and none is lost. A root file system is moved to become a layer, so that a task which runs
from it continues. The image is still found by its earlier digest, which service revisions have. An image that can't be
converted stays in its place, with a warning in the log. If the process is killed, the next one continues.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from moyai.images.errors import BadContent, PullFailed
from moyai.images.imports.root_file_systems import image_documents
from moyai.images.imports.tree_archive import hash_tree
from moyai.images.manifest import OCI_LAYER
from moyai.images.model import Descriptor, ImageConfig
from moyai.images.reference import HOST_IMAGE, ImageReference, parse_reference
from moyai.images.store.image_store import ImageStore
from moyai.images.store.store_directory import write_file
from moyai.images.store.trees import remove_tree

_log = logging.getLogger(__name__)
_OLD: Final = ".old"
_REPLACED: Final = ".replaced-"
_LAYER: Final = "layer.json"
_UNFINISHED: Final = ".import-"
"""The beginning of the name of a directory that has no image any more or not yet: a conversion has moved the image, or
an import was killed.
"""


class _OlderManifest(msgspec.Struct, frozen=True):
    base: str | None
    config: ImageConfig
    name: str = ""
    digest: str | None = None


class _Layer(msgspec.Struct, frozen=True):
    """The description of a root file system as a layer, which is written beside it before the move."""

    diff_id: str
    size: int


_MANIFEST = msgspec.json.Decoder(_OlderManifest)
_LAYER_NOTE = msgspec.json.Decoder(_Layer)


def open_store(directory: Path) -> ImageStore:
    """The image store in a directory, after the conversion of an older version's images there. Raises OSError."""
    old_directory, store = directory.with_name(directory.name + _OLD), ImageStore(directory)
    if not directory.parent.is_dir():
        return store
    lock = os.open(directory.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_older = _is_own_directory(directory) and not (directory / "version").is_file() and not old_directory.exists()
        if is_older and _older_images(directory):  # a directory without images may be the user's own
            directory.rename(old_directory)
        if _is_own_directory(old_directory):
            _convert_all(store, old_directory)
    finally:
        os.close(lock)
    return store


def _is_own_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _older_images(directory: Path) -> list[Path]:
    """The directories of images below a directory: each has a manifest, and is not within another image."""
    homes = (manifest.parent for manifest in sorted(directory.glob("**/manifest.json")))
    names = ((home, home.relative_to(directory).parts) for home in homes)
    return [home for home, parts in names if parts and "rootfs" not in parts and _has_root_file_system(home)]


def _has_root_file_system(home: Path) -> bool:
    """Whether the image has a root file system, or an interrupted conversion has moved it already."""
    return (home / "rootfs").is_dir() or (home / _LAYER).is_file()


def _convert_all(store: ImageStore, old_directory: Path) -> None:
    for home in _older_images(old_directory):
        try:
            _convert(store, home, old_directory)
        except (PullFailed, OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.warning("the image in %s can't be converted and stays there: %s", home, error)
    for unfinished in old_directory.glob(f"{_UNFINISHED}*"):
        remove_tree(str(unfinished))
    _remove_empty_directories(old_directory)


def _remove_empty_directories(top: Path) -> None:
    """Remove ``top`` and the directories below it as far as they have no files, so that no unknown file is lost."""
    for directory, _, _ in os.walk(top, topdown=False):
        with suppress(OSError):
            Path(directory).rmdir()


def _convert(store: ImageStore, home: Path, old_directory: Path) -> None:
    manifest = _MANIFEST.decode((home / "manifest.json").read_bytes())
    references = _references(manifest, home, old_directory)
    layer = _note_layer(home)
    on_host = manifest.base == HOST_IMAGE
    layers = [Descriptor(OCI_LAYER, layer.diff_id, layer.size)]
    document, config = image_documents(layers, manifest.config, on_host=on_host)
    with store.lease() as lease:
        lease.keep([layer.diff_id])
        lease.move_layer(home / "rootfs", layer.diff_id, layer.size)
        (lease.add_image_on_host if on_host else lease.add_image)(document, config, references)
    finished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=old_directory))
    home.rename(finished)  # in one step, because a partly removed directory would not be recognized, and would stay
    remove_tree(str(finished))


def _references(manifest: _OlderManifest, home: Path, old_directory: Path) -> list[ImageReference]:
    """The references of an image: its tag, unless that has moved to another image, and its earlier digest."""
    name, tag = str(home.relative_to(old_directory).parent), home.name
    is_replaced = home.name.startswith(_REPLACED)
    tag_reference = parse_reference(f"{manifest.name or 'unknown'}:latest" if is_replaced else f"{name}:{tag}")
    references = [] if is_replaced else [tag_reference]
    if manifest.digest is not None:
        references.append(ImageReference(tag_reference.registry, tag_reference.repository, None, manifest.digest))
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

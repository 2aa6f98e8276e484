"""The files of an image store. One process changes them at a time, and replaces a file by renaming a new one.

    <directory>/version                  this layout's number
    <directory>/lock                     locked by the process that makes a change
    <directory>/references.json          the digests that references name
    <directory>/blobs/sha256/<hex>       manifests, indexes and configurations
    <directory>/layers/sha256/<hex>/     a layer by its diff id: root/, layer.json
    <directory>/holders/<name>           the digests of images that a task or a service revision needs
    <directory>/leases/<random>/         the digests that a running pull needs, and its temporary files; locked by it

Promise: a process that is killed at any point leaves a store in which every reference names a complete image. Other
files that it leaves are garbage: a file that was not renamed yet, a blob, a layer, a lease without a lock.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from moyai.images.errors import ImageRefused
from moyai.images.model import digest_of

VERSION: Final = "2\n"
_NEW: Final = ".new"
_HOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")


class References(msgspec.Struct, frozen=True):
    """The digests that references name."""

    digests: dict[str, str] = {}
    """The digests of indexes and manifests, by the canonical texts of references."""
    on_host: tuple[str, ...] = ()
    """The digests of the manifests whose images were imported to lie over this machine's root. This is never read from
    an image itself."""
    sources: dict[str, str] = {}
    """The sources of pulled images, by the canonical texts of references."""


class LayerRecord(msgspec.Struct, frozen=True):
    """The description of a layer on disk. ``size``: the size of its archive in bytes."""

    size: int
    is_opaque: bool = False
    """Whether the layer hides all layers below it."""


_REFERENCES = msgspec.json.Decoder(References)
_LAYER = msgspec.json.Decoder(LayerRecord)


class StoreDirectory:
    """The files of one installation's images."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.leases = path / "leases"
        self._references = path / "references.json"
        self._blobs = path / "blobs" / "sha256"
        self._layers = path / "layers" / "sha256"
        self._holders = path / "holders"

    @property
    def is_current(self) -> bool:
        """Whether the directory has this layout."""
        return (self.path / "version").is_file()

    def create(self) -> None:
        """Create the directories, which only their owner can read."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in (self._blobs, self._layers, self._holders, self.leases):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.lock():  # several threads and processes may create the store at the same time
            write_file(self.path / "version", VERSION.encode())

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock that a change requires; other callers wait for it. Not reentrant."""
        with (self.path / "lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def read_references(self) -> References:
        """The digests that references name now. Raises ImageRefused if the file is damaged."""
        try:
            return _REFERENCES.decode(self._references.read_bytes())
        except FileNotFoundError:
            return References()
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            reason = f"{self._references} is damaged: {error}; remove it, and pull or import the images again"
            raise ImageRefused(reason) from error

    def write_references(self, references: References) -> None:
        """Replace all references. Call it with the lock."""
        write_file(self._references, msgspec.json.format(msgspec.json.encode(references)))

    def read_blob(self, digest: str) -> bytes | None:
        """The content of a blob; None if it isn't stored, or is damaged."""
        try:
            content = self._blob(digest).read_bytes()
        except FileNotFoundError:
            return None
        return content if digest_of(content) == digest else None

    def write_blob(self, content: bytes) -> str:
        """Add a blob, and return its digest. Call it with the lock."""
        digest = digest_of(content)
        if self.read_blob(digest) is None:
            write_file(self._blob(digest), content)
        return digest

    def _blob(self, digest: str) -> Path:
        return self._blobs / digest.removeprefix("sha256:")

    def layer(self, diff_id: str) -> Path:
        """The path of a layer's directory, which need not exist."""
        return self._layers / diff_id.removeprefix("sha256:")

    def layer_root(self, diff_id: str) -> Path:
        """The directory with a layer's files."""
        return self.layer(diff_id) / "root"

    def read_layer(self, diff_id: str) -> LayerRecord | None:
        """The description of a layer; None if it isn't stored."""
        try:
            return _LAYER.decode((self.layer(diff_id) / "layer.json").read_bytes())
        except (OSError, msgspec.DecodeError):
            return None

    def add_layer(self, directory: Path, diff_id: str, record: LayerRecord) -> None:
        """Move a directory with a layer's ``root`` to the layer's path, unless the layer is stored already. The files
        must be synced. Call it with the lock.
        """
        write_file(directory / "layer.json", msgspec.json.encode(record))
        if self.read_layer(diff_id) is not None:
            return
        if self.layer(diff_id).exists():  # damaged
            self.layer(diff_id).rename(directory.with_name(directory.name + ".damaged"))
        directory.rename(self.layer(diff_id))
        sync_directory(self._layers)

    def move_layer(self, root: Path, diff_id: str, record: LayerRecord) -> None:
        """Move a directory to a layer's path as its ``root``. If the layer is stored already, the directory is moved
        beside its ``root``, because containers may run from it. An interrupted call can be repeated. Call it with the
        lock.
        """
        directory = self.layer(diff_id)
        directory.mkdir(mode=0o700, exist_ok=True)
        if root.exists():
            is_first = not (directory / "root").exists()
            root.rename(directory / ("root" if is_first else f"root-{os.urandom(8).hex()}"))
        write_file(directory / "layer.json", msgspec.json.encode(record))
        sync_directory(self._layers)

    def contents(self) -> Iterator[tuple[str, Path]]:
        """The digests and the paths of all blobs and layers. The files of a killed process have an empty digest."""
        for directory in (self._blobs, self._layers):
            for path in directory.iterdir():
                yield ("" if path.name.endswith(_NEW) else f"sha256:{path.name}"), path

    def read_held(self, holder: str) -> frozenset[str]:
        """The digests that a holder needs."""
        try:
            return frozenset(self._holder(holder).read_text().split())
        except FileNotFoundError:
            return frozenset()

    def write_held(self, holder: str, digests: frozenset[str]) -> None:
        """Replace the digests that a holder needs. Call it with the lock."""
        if digests:
            write_file(self._holder(holder), "\n".join(sorted(digests)).encode(), is_durable=False)
        else:
            self._holder(holder).unlink(missing_ok=True)

    def holders(self) -> dict[str, frozenset[str]]:
        """The digests that holders need, by holder."""
        names = (path.name for path in self._holders.iterdir() if not path.name.endswith(_NEW))
        return {name: self.read_held(name) for name in sorted(names)}

    def _holder(self, holder: str) -> Path:
        if not _HOLDER.fullmatch(holder) or holder.endswith(_NEW):
            raise ImageRefused(f"{holder!r} can't hold an image: it is no file's name")
        return self._holders / holder


def write_file(path: Path, content: bytes, *, is_durable: bool = True) -> None:
    """Write or replace a file. Readers find the old content or the new one, with ``is_durable`` also after a power
    failure. Two threads must not write the same file at the same time.
    """
    new_path = path.with_name(path.name + _NEW)
    with new_path.open("wb") as file:
        file.write(content)
        if is_durable:
            file.flush()
            os.fsync(file.fileno())
    new_path.rename(path)
    if is_durable:
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Write the names in a directory to the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

"""The files of an image store, and how they change: one writer at a time, each file by writing a new one beside it.

    <directory>/version                  this layout's number
    <directory>/lock                     locked by the process that changes something
    <directory>/references.json          what references stand for
    <directory>/blobs/sha256/<hex>       manifests, indexes and configurations
    <directory>/layers/sha256/<hex>/     a layer by its diff id: root/, layer.json
    <directory>/holders/<name>           the digests of images that a task or a service revision needs
    <directory>/leases/<random>/         what a running pull needs, and its temporary files; locked while it runs

Promise: a process that is killed at any point leaves a store in which every reference leads to a complete image. What
it leaves besides is garbage: a new file beside the one that it was to replace, a blob, a layer, a lease without a lock.
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
    """By the canonical text of the reference, the digest of an index or of a manifest."""
    on_host: tuple[str, ...] = ()
    """The digests of the manifests whose images were imported to lie on this machine's root. Nothing in an image itself
    may say so."""
    sources: dict[str, str] = {}
    """By the canonical text of a reference that was pulled, the source of the image."""


class LayerRecord(msgspec.Struct, frozen=True):
    """The description of a layer on disk. ``size`` is that of its archive, in bytes."""

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
        """Make the directories, which only root can read."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in (self._blobs, self._layers, self._holders, self.leases):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.lock():  # for threads and processes that are here first together
            write_file(self.path / "version", VERSION.encode())

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep others from changing the store; they wait. Not reentrant."""
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
        """Replace what references stand for. Call it with the lock."""
        write_file(self._references, msgspec.json.format(msgspec.json.encode(references)))

    def read_blob(self, digest: str) -> bytes | None:
        """A blob; None if it isn't here, or has another digest."""
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
        """The directory of a layer, which is there or not."""
        return self._layers / diff_id.removeprefix("sha256:")

    def layer_root(self, diff_id: str) -> Path:
        """The directory with a layer's files."""
        return self.layer(diff_id) / "root"

    def read_layer(self, diff_id: str) -> LayerRecord | None:
        """The description of a layer; None if it isn't here."""
        try:
            return _LAYER.decode((self.layer(diff_id) / "layer.json").read_bytes())
        except (OSError, msgspec.DecodeError):
            return None

    def add_layer(self, directory: Path, diff_id: str, record: LayerRecord) -> None:
        """Move a directory with a layer's ``root`` to its place, if the layer isn't there. Its files must be synced.
        Call it with the lock.
        """
        write_file(directory / "layer.json", msgspec.json.encode(record))
        if self.read_layer(diff_id) is not None:
            return
        if self.layer(diff_id).exists():  # damaged
            self.layer(diff_id).rename(directory.with_name(directory.name + ".damaged"))
        directory.rename(self.layer(diff_id))
        sync_directory(self._layers)

    def move_layer(self, root: Path, diff_id: str, record: LayerRecord) -> None:
        """Move a directory to its place as a layer's ``root``, or beside that of a layer that is there, as containers
        may run from it. A call that was interrupted is repeated. Call it with the lock.
        """
        directory = self.layer(diff_id)
        directory.mkdir(mode=0o700, exist_ok=True)
        if root.exists():
            is_first = not (directory / "root").exists()
            root.rename(directory / ("root" if is_first else f"root-{os.urandom(8).hex()}"))
        write_file(directory / "layer.json", msgspec.json.encode(record))
        sync_directory(self._layers)

    def contents(self) -> Iterator[tuple[str, Path]]:
        """The digest and the path of all blobs and layers. Files that a killed process left have no digest."""
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
        """All holders, with the digests that they need."""
        names = (path.name for path in self._holders.iterdir() if not path.name.endswith(_NEW))
        return {name: self.read_held(name) for name in sorted(names)}

    def _holder(self, holder: str) -> Path:
        if not _HOLDER.fullmatch(holder) or holder.endswith(_NEW):
            raise ImageRefused(f"{holder!r} can't hold an image: it is no file's name")
        return self._holders / holder


def write_file(path: Path, content: bytes, *, is_durable: bool = True) -> None:
    """Write or replace a file: whoever reads it finds the old content or the new one, with ``is_durable`` also after
    the machine has lost power. Two threads must not write the same file.
    """
    new = path.with_name(path.name + _NEW)
    with new.open("wb") as file:
        file.write(content)
        if is_durable:
            file.flush()
            os.fsync(file.fileno())
    new.rename(path)
    if is_durable:
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

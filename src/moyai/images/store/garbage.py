"""Removes the blobs and layers that no reference, no holder and no running lease needs.

Promise: needed contents are never removed, whichever process needs them, because references, holders and leases are
files. Other contents are renamed away under the store's lock, and removed afterwards.
"""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from moyai.images.store.contents import needed_contents
from moyai.images.store.store_directory import StoreDirectory
from moyai.images.store.trees import remove_tree

DIGESTS = "digests"
"""The file in a lease's directory with the digests that the lease keeps, one on each line."""
_GET_FLAGS: Final = 0x80086601
_SET_FLAGS: Final = 0x40086602
_TOP_OF_HIERARCHIES: Final = 0x00020000
"""FS_IOC_GETFLAGS, FS_IOC_SETFLAGS and FS_TOPDIR_FL of ioctl_iflags(2), on 64-bit machines."""


class Removed(NamedTuple):
    """The removed contents: the number of layers, and the bytes of all layers and blobs."""

    layers: int = 0
    size: int = 0


@contextmanager
def lease_directory(store: StoreDirectory) -> Iterator[Path]:
    """A directory that counts as a running lease until the end of the context or of the process."""
    with store.lock():
        path = Path(tempfile.mkdtemp(dir=store.leases))
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(fd, fcntl.LOCK_EX)
    spread_subdirectories(fd)
    try:
        yield path
    finally:
        _empty(path)
        with store.lock():
            path.rmdir()
            os.close(fd)


def spread_subdirectories(fd: int) -> None:
    """Ask the file system to allocate the subdirectories of a directory apart from each other, as ``chattr +T`` does,
    because layers are independent. ext4 is slow to allocate a file where many files were just removed.
    """
    flags = bytearray(8)
    with suppress(OSError):  # other file systems have no such flag
        fcntl.ioctl(fd, _GET_FLAGS, flags)
        flags[:4] = (int.from_bytes(flags[:4], sys.byteorder) | _TOP_OF_HIERARCHIES).to_bytes(4, sys.byteorder)
        fcntl.ioctl(fd, _SET_FLAGS, flags)


def _empty(directory: Path) -> None:
    for path in list(directory.iterdir()):
        if path.is_dir() and not path.is_symlink():
            remove_tree(str(path))
        else:
            path.unlink()


def collect_garbage(store: StoreDirectory) -> Removed:
    """Remove unneeded contents, and the files of killed processes. Takes the lock. Raises OSError."""
    with lease_directory(store) as removing, store.lock():
        return _move_garbage(store, removing)


def _move_garbage(store: StoreDirectory, removing: Path) -> Removed:
    leased_digests: set[str] = set()
    for lease in sorted(store.leases.iterdir()):
        if is_running(lease):
            leased_digests.update(read_lease(lease))
        elif lease != removing:
            lease.rename(removing / lease.name)
    references = store.read_references()
    held_digests = (digest for digests in store.holders().values() for digest in digests)
    needed_digests = needed_contents(store, {*references.digests.values(), *held_digests, *leased_digests})
    on_host = tuple(digest for digest in references.on_host if digest in needed_digests)
    if on_host != references.on_host:
        store.write_references(msgspec.structs.replace(references, on_host=on_host))
    garbage = [(digest, path) for digest, path in store.contents() if digest not in needed_digests]
    layers = [layer for digest, _ in garbage if (layer := store.read_layer(digest)) is not None]
    size = sum(layer.size for layer in layers) + sum(path.stat().st_size for _, path in garbage if path.is_file())
    for number, (_, path) in enumerate(garbage):
        path.rename(removing / f"garbage-{number}")
    return Removed(len(layers), size)


def is_running(lease: Path) -> bool:
    """Whether the process that has the lease is alive."""
    fd = os.open(lease, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def read_lease(lease: Path) -> Iterable[str]:
    """The digests that a lease keeps."""
    try:
        return (lease / DIGESTS).read_text().split()
    except FileNotFoundError:
        return ()

"""Writes a directory as the tar archive of a layer.

Promise: the same files give the same bytes, and so the same digest, wherever the directory is: names are sorted, owners
are numbers. Device nodes, FIFOs and sockets are left out.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO, BinaryIO, Protocol, cast

_CAPABILITY = "security.capability"
_PAX_CAPABILITY = f"SCHILY.xattr.{_CAPABILITY}"
_BUFFER_BYTES = 1024**2


class _Writable(Protocol):
    def write(self, content: bytes, /) -> int:
        """Write all bytes, and return their number."""


class _Hash:
    """A file that hashes and counts the bytes that are written to it."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, content: bytes, /) -> int:
        """Add the content to the digest. Returns its number of bytes, as a file does."""
        self._hash.update(content)
        self.size += len(content)
        return len(content)

    @property
    def digest(self) -> str:
        """The digest of all bytes that were written."""
        return f"sha256:{self._hash.hexdigest()}"


def hash_tree(directory: Path) -> tuple[str, int]:
    """The digest and the size of a directory's archive. Raises OSError."""
    file = _Hash()
    _write_tree(directory, file)
    return file.digest, file.size


@contextmanager
def open_tree(directory: Path) -> Iterator[BinaryIO]:
    """A pipe with the archive of a directory. Raises OSError at the end if the directory can't be read."""
    reading, writing = os.pipe()
    failures: list[OSError] = []

    def write() -> None:
        try:
            with os.fdopen(writing, "wb", buffering=0) as file:
                _write_tree(directory, file)
        except BrokenPipeError:
            pass  # the reader has refused the archive
        except OSError as error:
            failures.append(error)

    writer = Thread(target=write, name="moyai-archive")
    writer.start()
    try:
        with os.fdopen(reading, "rb", buffering=0) as file:
            yield cast("BinaryIO", file)
    finally:
        writer.join()
        if failures:
            raise failures[0]


def _write_tree(directory: Path, file: _Writable) -> None:
    with tarfile.open(
        fileobj=cast("IO[bytes]", file), mode="w|", format=tarfile.PAX_FORMAT, bufsize=_BUFFER_BYTES, encoding="utf-8"
    ) as tar:
        for path in sorted(directory.iterdir()):  # the directory's own owner and mode are not a part of the image
            tar.add(path, path.name, filter=lambda member: _prepare_member(directory, member))


def _prepare_member(directory: Path, member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """The member to write; None for one that is left out."""
    if member.ischr() or member.isblk() or member.isfifo():
        return None
    member.mtime = int(member.mtime)  # a float does not keep the fraction of a second exactly
    headers = {}
    if member.isreg():
        with suppress(OSError):  # the file has no capability, or the file system has no attributes
            capability = os.getxattr(directory / member.name, _CAPABILITY, follow_symlinks=False)
            headers[_PAX_CAPABILITY] = capability.decode("utf-8", "surrogateescape")
    return member.replace(uname="", gname="", deep=False) if not headers else _with_headers(member, headers)


def _with_headers(member: tarfile.TarInfo, headers: dict[str, str]) -> tarfile.TarInfo:
    member.uname = member.gname = ""
    member.pax_headers = headers
    return member

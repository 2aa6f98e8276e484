"""Reads the members of an untrusted tar archive with tarfile, within limits.

Promise: one member is in memory at a time, and all headers of a member have at most 1 MiB together. An archive that was
cut, or continues with other data, is refused, which tarfile would not notice.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from typing import IO, Final, Protocol, cast

from moyai.images.store.archive_stream import BadArchive

MAX_MEMBERS: Final = 1_000_000
_MAX_HEADER_BYTES: Final = 1024**2
"""Bytes that all headers of one member may have together."""
_MAX_GLOBAL_LENGTH: Final = 64 * 1024
"""Characters that the names and values in global headers, which apply to all later members, may have together."""
_PIECE_BYTES: Final = 1024**2


class TarStream(Protocol):
    """The bytes of an archive without compression."""

    def read(self, size: int, /) -> bytes:
        """The next ``size`` bytes; fewer only at the end."""

    def tell(self) -> int:
        """The position of the next byte."""

    def skip_to(self, position: int, /) -> None:
        """Skip to a position. Raises BadArchive for a position that was passed, or is after the end."""

    def drain(self) -> None:
        """Read to the end. Raises BadArchive."""


class TarReader:
    """Iterates over the members of an archive, to its end. ``copy`` reads the content of the current one."""

    def __init__(self, stream: TarStream) -> None:
        self._stream = stream
        self.name = "its first member"
        """The name of the current member."""
        self.has_end = False
        """Whether the end mark was read."""

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        """Raises BadArchive and READ_ERRORS."""
        headers = _Headers(self._stream, self)
        try:
            tar = tarfile.TarFile(
                fileobj=cast("IO[bytes]", headers), encoding="utf-8", errors="surrogateescape", errorlevel=2
            )
        except tarfile.TarError as error:
            raise BadArchive("it is no tar archive, plain or compressed by gzip, zstd, bzip2 or xz") from error
        number = 0
        while (member := tar.next()) is not None:
            number += 1
            if number > MAX_MEMBERS:
                raise BadArchive(f"it has more than {MAX_MEMBERS} members")
            self.name = member.name
            if member.size < 0:
                raise BadArchive(f"{member.name} has {member.size} bytes")
            if sum(len(name) + len(value) for name, value in tar.pax_headers.items()) > _MAX_GLOBAL_LENGTH:
                raise BadArchive("its global headers are too long")
            yield member
            headers.size = 0
            cast("list[tarfile.TarInfo]", vars(tar)["members"]).clear()  # tarfile would keep all members in memory
            self._stream.skip_to(tar.offset)
        self.has_end = headers.is_end_mark
        if not (self.has_end or headers.is_at_end):
            raise BadArchive("it ends in the middle, or goes on with what is no archive")
        self._stream.drain()

    def copy(self, size: int, fd: int) -> None:
        """Copy the next ``size`` bytes of the current member to a file. Raises BadArchive if the archive has fewer."""
        while size > 0:
            piece = self._stream.read(min(size, _PIECE_BYTES))
            if not piece:
                raise BadArchive(f"{self.name}: unexpected end of data")
            size -= len(piece)
            while piece:
                piece = piece[os.write(fd, piece) :]


class _Headers:
    """The file that tarfile reads, which has the headers of members only."""

    def __init__(self, stream: TarStream, reader: TarReader) -> None:
        self._stream, self._reader = stream, reader
        self.size = 0
        """The number of bytes that were read for the current member."""
        self.is_at_end = self.is_end_mark = False
        """Whether the latest read was at the end of the archive, and whether it has returned an end mark."""

    def read(self, size: int) -> bytes:
        """Read the next bytes. Raises BadArchive for too long headers, because tarfile keeps them in memory."""
        if not 0 <= size <= _MAX_HEADER_BYTES - self.size:
            raise BadArchive(f"{self._reader.name} is followed by {self.size + size} bytes of headers")
        self.size += size
        piece = self._stream.read(size)
        self.is_at_end = not piece
        self.is_end_mark = len(piece) == tarfile.BLOCKSIZE and not any(piece)
        return piece

    def tell(self) -> int:
        return self._stream.tell()

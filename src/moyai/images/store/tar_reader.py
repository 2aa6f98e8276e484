"""The members of a stranger's tar archive, read by tarfile within limits.

Promise: one member is in memory at a time, no header is larger than a mebibyte, and an archive that is cut, or goes on
with what is no archive, is noticed, which tarfile alone passes over.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from typing import IO, Final, cast

from moyai.images.store.archive_stream import ArchiveStream, BadArchive

MAX_MEMBERS: Final = 1_000_000
_MAX_HEADER_BYTES: Final = 1024**2
_PIECE_BYTES: Final = 1024**2


class TarReader:
    """Iterates over the members of an archive, to its end. ``copy`` reads the content of the current one."""

    def __init__(self, stream: ArchiveStream) -> None:
        self._stream = stream
        self.name = "its first member"
        """The name of the current member."""
        self.has_end = False
        """The end mark was read."""

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
            yield member
            cast("list[tarfile.TarInfo]", vars(tar)["members"]).clear()  # tarfile keeps them all otherwise
            self._stream.skip_to(tar.offset)
        self.has_end = headers.is_end_mark
        if not (self.has_end or headers.is_at_end):
            raise BadArchive("it ends in the middle, or goes on with what is no archive")
        self._stream.drain()

    def copy(self, size: int, fd: int) -> None:
        """Copy the next bytes of the current member to a file. Raises BadArchive if they are not there."""
        while size > 0:
            piece = self._stream.read(min(size, _PIECE_BYTES))
            if not piece:
                raise BadArchive(f"{self.name}: unexpected end of data")
            size -= len(piece)
            while piece:
                piece = piece[os.write(fd, piece) :]


class _Headers:
    """What tarfile reads of an archive: the headers of members, each in one piece."""

    def __init__(self, stream: ArchiveStream, reader: TarReader) -> None:
        self._stream, self._reader = stream, reader
        self.is_at_end = self.is_end_mark = False
        """Of the latest piece."""

    def read(self, size: int) -> bytes:
        """Raises BadArchive for a long header, which would be in memory as a whole."""
        if not 0 <= size <= _MAX_HEADER_BYTES:
            raise BadArchive(f"{self._reader.name} is followed by a header of {size} bytes")
        piece = self._stream.read(size)
        self.is_at_end = not piece
        self.is_end_mark = len(piece) == tarfile.BLOCKSIZE and not any(piece)
        return piece

    def tell(self) -> int:
        return self._stream.tell()

"""The members of a stranger's tar archive, read by tarfile within limits.

Promise: one member is in memory at a time, no header is larger than a mebibyte, and an archive that is cut, or goes on
with what is no archive, is noticed, which tarfile alone passes over.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from typing import IO, Final, Self, cast

from moyai.images.store.archive_stream import ArchiveStream, BadArchive

MAX_MEMBERS: Final = 1_000_000
_MAX_HEADER_BYTES: Final = 1024**2
_HEADERS: Final = frozenset(
    {
        tarfile.GNUTYPE_LONGLINK,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.XHDTYPE,
    }
)
"""Extended headers, which tarfile reads as a whole."""
_PIECE_BYTES: Final = 1024**2


class TarReader:
    """Iterates over the members of an archive, to its end. ``copy`` reads the content of the current one."""

    def __init__(self, stream: ArchiveStream) -> None:
        self._stream = stream
        self.name = "its first member"
        """The name of the current member."""
        self.has_end = False
        """The end mark was read."""
        self._is_at_end = False

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        """Raises BadArchive and READ_ERRORS."""
        file = cast("IO[bytes]", self._stream)
        try:
            tar = tarfile.TarFile(
                fileobj=file, tarinfo=self._member_type(), encoding="utf-8", errors="surrogateescape", errorlevel=2
            )
        except tarfile.TarError as error:
            raise BadArchive("it is no tar archive, plain or compressed by gzip, zstd, bzip2 or xz") from error
        number = 0
        while (member := tar.next()) is not None:
            number += 1
            if number > MAX_MEMBERS:
                raise BadArchive(f"it has more than {MAX_MEMBERS} members")
            self.name = member.name
            yield member
            cast("list[tarfile.TarInfo]", vars(tar)["members"]).clear()  # tarfile keeps them all otherwise
            self._stream.skip_to(tar.offset)
        if not (self.has_end or self._is_at_end):
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

    def _member_type(self) -> type[tarfile.TarInfo]:
        """The class that parses headers. It refuses long ones and notes how the archive ends."""
        reader = self

        class Member(tarfile.TarInfo):
            @classmethod
            def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
                reader._is_at_end = not buf
                reader.has_end = len(buf) == tarfile.BLOCKSIZE and not any(buf)
                header = super().frombuf(buf, encoding, errors)
                if header.size < 0 or (header.type in _HEADERS and header.size > _MAX_HEADER_BYTES):
                    raise BadArchive(f"{reader.name} is followed by a header of {header.size} bytes")
                return header

        return Member

"""Reads the files in an uncompressed tar archive in place, without extracting them."""

from __future__ import annotations

import io
import os
import posixpath
import tarfile
from typing import BinaryIO, Final, NamedTuple

from moyai.images.errors import BadContent
from moyai.images.store.archive_stream import READ_ERRORS, BadArchive
from moyai.images.store.tar_reader import TarReader

_MAX_MEMBERS: Final = 20_000
_MAX_NAME_LENGTH: Final = 4096


class _Extent(NamedTuple):
    """The position and size of a file's content in the archive, in bytes."""

    position: int
    size: int


class TarParts:
    """The regular files of an archive, by their names. Several threads may read them."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the headers of all members. ``file``: a regular file with the archive. Raises BadContent."""
        self._file = file
        self._extents: dict[str, _Extent] = {}
        self._links: dict[str, str] = {}
        file.flush()
        try:
            for number, member in enumerate(TarReader(_ArchiveFile(file.fileno()))):
                self._add(number, member)
        except BadArchive as error:
            raise BadContent(f"the archive can't be read: {error}") from error
        except READ_ERRORS as error:
            raise BadContent(f"the archive can't be read: {error}") from error

    def _add(self, number: int, member: tarfile.TarInfo) -> None:
        if number >= _MAX_MEMBERS:
            raise BadArchive(f"it has more than {_MAX_MEMBERS} members")
        if max(len(member.name), len(member.linkname)) > _MAX_NAME_LENGTH:
            raise BadArchive(f"a name has more than {_MAX_NAME_LENGTH} characters")
        name = posixpath.normpath(member.name)
        self._extents.pop(name, None)
        self._links.pop(name, None)
        if member.isreg() and member.sparse is None:
            self._extents[name] = _Extent(member.offset_data, member.size)
        elif member.issym():
            self._links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))

    def size(self, name: str) -> int:
        """The size of a file in bytes; 0 if there is none."""
        extent = self._find(name)
        return 0 if extent is None else extent.size

    def open(self, name: str) -> BinaryIO | None:
        """The file with a name, which can still be read after the archive is closed; None if there is none. Raises
        ValueError if the archive is closed already.
        """
        extent = self._find(name)
        if extent is None:
            return None
        return io.BufferedReader(_Part(os.dup(self._file.fileno()), extent))

    def _find(self, name: str) -> _Extent | None:
        """The extent of the file with a name. Older engines write links to layers that several images share."""
        name = posixpath.normpath(name)
        return self._extents.get(self._links.get(name, name))


class _ArchiveFile:
    """The archive as ``TarReader`` reads it: only its headers, because the content of members is skipped."""

    def __init__(self, fd: int) -> None:
        self._fd, self._size, self._position = fd, os.fstat(fd).st_size, 0

    def read(self, size: int, /) -> bytes:
        piece = os.pread(self._fd, size, self._position)
        self._position += len(piece)
        return piece

    def tell(self) -> int:
        return self._position

    def skip_to(self, position: int, /) -> None:
        """Raise BadArchive for a position that was passed, or is after the end."""
        if not self._position <= position <= self._size:
            raise BadArchive("unexpected end of data")
        self._position = position

    def drain(self) -> None:
        """Do nothing, because whatever follows the end mark is not needed."""


class _Part(io.RawIOBase):
    """A range of a file. It owns its descriptor, and does not use the file's position."""

    def __init__(self, fd: int, extent: _Extent) -> None:
        self._fd = fd
        self._position, self._end = extent.position, extent.position + extent.size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Read the next bytes; returns 0 at the end of the range, or of an archive that was cut."""
        size = min(len(buffer), self._end - self._position)
        size = os.preadv(self._fd, [memoryview(buffer)[:size]], self._position)
        self._position += size
        return size

    def close(self) -> None:
        if not self.closed:
            os.close(self._fd)
        super().close()

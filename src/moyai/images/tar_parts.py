"""The files in a tar archive without compression, read from where they are: nothing is extracted."""

from __future__ import annotations

import io
import os
import posixpath
import tarfile
from typing import BinaryIO, Final

from moyai.images.errors import BadContent

_MAX_MEMBERS: Final = 20_000


class TarParts:
    """The regular files of an archive, by their names. Several threads may read them."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the archive's directory. ``file``: a regular file. Raises BadContent."""
        self._file = file
        self._members: dict[str, tarfile.TarInfo] = {}
        file.seek(0)
        try:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                for member in archive:
                    self._members[posixpath.normpath(member.name)] = member
                    if len(self._members) > _MAX_MEMBERS:
                        raise BadContent(f"the archive has more than {_MAX_MEMBERS} members")
        except (tarfile.TarError, OSError, ValueError) as error:
            raise BadContent(f"the archive can't be read: {error}") from error

    def size(self, name: str) -> int:
        """The size of a file in bytes; 0 if it isn't there."""
        member = self._find(name)
        return 0 if member is None else member.size

    def open(self, name: str) -> BinaryIO | None:
        """A file, which can be read also after the archive is closed; None if it isn't there. Raises ValueError if the
        archive is closed already.
        """
        member = self._find(name)
        if member is None:
            return None
        return io.BufferedReader(_Part(os.dup(self._file.fileno()), member.offset_data, member.size))

    def _find(self, name: str) -> tarfile.TarInfo | None:
        """The file with a name; older engines have links from one layer to another that is the same."""
        member = self._members.get(posixpath.normpath(name))
        if member is not None and member.issym():
            target = posixpath.join(posixpath.dirname(member.name), member.linkname)
            member = self._members.get(posixpath.normpath(target))
        return member if member is not None and member.isreg() else None


class _Part(io.RawIOBase):
    """A range of a file. The descriptor is its own; the position of the file is not used."""

    def __init__(self, fd: int, position: int, size: int) -> None:
        self._fd = fd
        self._position, self._end = position, position + size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Read on; 0 at the end of the range, or of an archive that was cut."""
        size = min(len(buffer), self._end - self._position)
        size = os.preadv(self._fd, [memoryview(buffer)[:size]], self._position)
        self._position += size
        return size

    def close(self) -> None:
        if not self.closed:
            os.close(self._fd)
        super().close()

"""Unpacking a root file system's archive without trusting it.

Members that leave the target, through ``..`` or links, are refused with the whole archive; absolute
symbolic links are kept, because a root file system is full of them and they are only followed inside the
container. Device nodes and the like are left out, and hard links to them: a container has its own ``/dev``.
A hard link leads to what came before it. Bytes, members and headers are bounded before each is written or read.
An archive that does not end as one, or that can't be read to its end, is refused.
Source: https://docs.python.org/3/library/tarfile.html#extraction-filters
"""

from __future__ import annotations

import lzma
import os
import sys
import tarfile
import zlib
from pathlib import Path
from typing import Final, Protocol, Self

MAXIMUM_BYTES = 20 * 1024**3
MAXIMUM_MEMBERS = 1_000_000
_MAXIMUM_HEADER: Final = 1024 * 1024
"""Bytes of a member's extended header, which is read whole."""
_MAXIMUM_REST: Final = 64 * 1024 * 1024
"""Bytes behind the archive's end that are read, to see that what is compressed is whole."""
_HEADERS: Final = frozenset(
    {
        tarfile.GNUTYPE_LONGLINK,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.XHDTYPE,
    }
)
_UNREADABLE: tuple[type[Exception], ...] = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    tarfile.TarError,
    zlib.error,
)
"""What tarfile and what is below it raise of members that make no sense, and of what can't be uncompressed."""
if sys.version_info >= (3, 14):
    from compression.zstd import ZstdError

    _UNREADABLE += (ZstdError,)


class BadArchive(Exception):
    """The archive is broken, too large, or tries to leave its directory."""


def unpack(archive: Path, target: Path) -> None:
    """Unpack a (compressed) tar archive into ``target``. Raises BadArchive."""
    unpacking = _Unpacking(target)
    try:
        file = tarfile.open(archive, tarinfo=unpacking.member_type())  # noqa: SIM115 - it may not open
    except OSError as error:
        raise BadArchive(str(error.strerror or error)) from error
    except _UNREADABLE as error:
        raise BadArchive("it is no tar archive, plain or compressed by gzip, bzip2 or xz") from error
    try:
        with file:
            file.errorlevel = 2
            file.extractall(target, filter=unpacking.admit, numeric_owner=True)  # noqa: S202 - the filter is for that
            _read_rest(file.fileobj)
    except _UNREADABLE as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadArchive(" ".join(f"{unpacking.current}: {why}".split())) from error
    if not unpacking.ended:
        raise BadArchive("it ends in the middle, or goes on with what is no archive")


class _Unpacking:
    """How far an archive has come into its directory."""

    def __init__(self, target: Path) -> None:
        self._root = target.resolve()
        self._members = self._size = 0
        self._left_out: set[str] = set()
        self.current = "the first member"
        self.ended = False
        """The mark of an archive's end was read."""

    def member_type(self) -> type[tarfile.TarInfo]:
        """What reads headers: as tarfile does, but for what is too long, and it notes the end."""
        unpacking = self

        class Member(tarfile.TarInfo):
            @classmethod
            def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
                if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                    unpacking.ended = True
                made = super().frombuf(buf, encoding, errors)
                if made.type in _HEADERS and made.size > _MAXIMUM_HEADER:
                    raise BadArchive(f"{unpacking.current} is followed by a header of {made.size} bytes")
                return made

        return Member

    def admit(self, member: tarfile.TarInfo, _path: str) -> tarfile.TarInfo | None:
        """The member as it is to be written; None for what is left out. Raises BadArchive."""
        self.current = member.name
        self._members += 1
        self._size += max(0, member.size)
        if self._members > MAXIMUM_MEMBERS or self._size > MAXIMUM_BYTES:
            raise BadArchive(f"more than {MAXIMUM_MEMBERS} members or {MAXIMUM_BYTES} bytes")
        name, link = member.name.lstrip("/"), member.linkname
        if member.islnk():
            link = link.lstrip("/")
        if not (member.isreg() or member.isdir() or member.issym() or member.islnk()) or (
            member.islnk() and os.path.normpath(link) in self._left_out
        ):
            self._left_out.add(os.path.normpath(name))
            return None
        self._confine(name)
        if member.islnk():
            self._confine(link)
            if not (self._root / link).exists() or os.path.normpath(link) == os.path.normpath(name):
                raise BadArchive(f"{name} is a hard link to {link}, which is not before it in the archive")
        return member.replace(name=name, linkname=link, deep=False)

    def _confine(self, name: str) -> None:
        """Raise BadArchive for a name that leaves the root. What is already there counts: nothing is written through a
        symbolic link that points out, or in place of one.
        """
        place = Path(name)
        inside = (self._root / place.parent).resolve().is_relative_to(self._root)
        if ".." in place.parts or not inside or (self._root / place).is_symlink():
            raise BadArchive(f"{name} would be written outside of the image")


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """Up to so many bytes."""


def _read_rest(file: _Readable | None) -> None:
    """Read what is behind the archive's end: there a compressed file says whether it is whole."""
    left = _MAXIMUM_REST
    while file is not None and left > 0 and (piece := file.read(min(left, _MAXIMUM_HEADER))):
        left -= len(piece)

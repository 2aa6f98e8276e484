"""Unpacks the archive of a root file system without trusting it.

A member that would be written outside of the target, through ``..`` or links, makes the whole archive refused. Absolute
symbolic links are kept: a root file system is full of them, and they are only followed inside the container. Device
nodes, FIFOs and hard links to them are left out: a container has its own ``/dev``. A hard link must lead to an earlier
member. Bytes, members and headers are limited before each is written or read. An archive without an end mark, or one
that can't be read to its end, is refused.
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

MAX_BYTES = 20 * 1024**3
MAX_MEMBERS = 1_000_000
_MAX_HEADER_BYTES: Final = 1024 * 1024
"""The size of a member's extended header, which tarfile reads as a whole."""
_MAX_TRAILER_BYTES: Final = 64 * 1024 * 1024
"""Bytes behind the archive's end that are read, to see that the compressed file is complete."""
_HEADERS: Final = frozenset(
    {
        tarfile.GNUTYPE_LONGLINK,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.XHDTYPE,
    }
)
_READ_ERRORS: tuple[type[Exception], ...] = (
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
"""The errors of tarfile and of the decompressors for malformed input."""
if sys.version_info >= (3, 14):
    from compression.zstd import ZstdError

    _READ_ERRORS += (ZstdError,)


class BadArchive(Exception):
    """The archive is broken, too large, or tries to leave its directory."""


def unpack(archive: Path, target: Path) -> None:
    """Unpack a (compressed) tar archive into ``target``. Raises BadArchive."""
    extraction = _Extraction(target)
    try:
        file = tarfile.open(archive, tarinfo=extraction.member_type())  # noqa: SIM115 - it may not open
    except OSError as error:
        raise BadArchive(str(error.strerror or error)) from error
    except _READ_ERRORS as error:
        raise BadArchive("it is no tar archive, plain or compressed by gzip, bzip2 or xz") from error
    try:
        with file:
            file.errorlevel = 2
            file.extractall(target, filter=extraction.admit, numeric_owner=True)  # noqa: S202 - the filter is for that
            _read_trailer(file.fileobj)
    except _READ_ERRORS as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadArchive(" ".join(f"{extraction.current}: {reason}".split())) from error
    if not extraction.end_seen:
        raise BadArchive("it ends in the middle, or goes on with what is no archive")


class _Extraction:
    """The extraction of one archive: its limits, and what it has written so far."""

    def __init__(self, target: Path) -> None:
        self._root = target.resolve()
        self._members = self._size = 0
        self._skipped: set[str] = set()
        self.current = "the first member"
        self.end_seen = False
        """Whether the end mark was read."""

    def member_type(self) -> type[tarfile.TarInfo]:
        """The class that parses headers. It refuses long ones and notes the end mark."""
        extraction = self

        class Member(tarfile.TarInfo):
            @classmethod
            def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
                if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                    extraction.end_seen = True
                parsed = super().frombuf(buf, encoding, errors)
                if parsed.type in _HEADERS and parsed.size > _MAX_HEADER_BYTES:
                    raise BadArchive(f"{extraction.current} is followed by a header of {parsed.size} bytes")
                return parsed

        return Member

    def admit(self, member: tarfile.TarInfo, _path: str) -> tarfile.TarInfo | None:
        """The member as it is to be written; None for one that is left out. Raises BadArchive."""
        self.current = member.name
        self._members += 1
        self._size += max(0, member.size)
        if self._members > MAX_MEMBERS or self._size > MAX_BYTES:
            raise BadArchive(f"more than {MAX_MEMBERS} members or {MAX_BYTES} bytes")
        name, link = member.name.lstrip("/"), member.linkname
        if member.islnk():
            link = link.lstrip("/")
        if not (member.isreg() or member.isdir() or member.issym() or member.islnk()) or (
            member.islnk() and os.path.normpath(link) in self._skipped
        ):
            self._skipped.add(os.path.normpath(name))
            return None
        self._check_inside(name)
        if member.islnk():
            self._check_inside(link)
            if not (self._root / link).exists() or os.path.normpath(link) == os.path.normpath(name):
                raise BadArchive(f"{name} is a hard link to {link}, which is not before it in the archive")
        return member.replace(name=name, linkname=link, deep=False)

    def _check_inside(self, name: str) -> None:
        """Raise BadArchive for a name outside of the root. Links that were written before count: nothing is written
        through a symbolic link that leads outside, or in place of one.
        """
        path = Path(name)
        inside = (self._root / path.parent).resolve().is_relative_to(self._root)
        if ".." in path.parts or not inside or (self._root / path).is_symlink():
            raise BadArchive(f"{name} would be written outside of the image")


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """Read up to ``size`` bytes."""


def _read_trailer(file: _Readable | None) -> None:
    """Read on behind the archive's end: a compressed file has its checksum there."""
    remaining = _MAX_TRAILER_BYTES
    while file is not None and remaining > 0 and (piece := file.read(min(remaining, _MAX_HEADER_BYTES))):
        remaining -= len(piece)

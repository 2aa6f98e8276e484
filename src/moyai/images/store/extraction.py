"""Writes the members of a layer's archive into this process's root directory, which is empty and confined.

Promise: the archive is untrusted. Names with ``..`` are refused, and links can't lead out of the layer, because the
root directory is its own. An existing file is never opened: it is removed, and a new one is created. Owners, modes
including setuid, times, and the extended attribute ``security.capability`` are kept, other attributes are not. Device
nodes, FIFOs and hard links to them are left out, because a container has its own ``/dev``. A hard link must lead to an
earlier member. An archive that can't be read to its end is refused.

Whiteouts, opaque directories, and the times of directories have to wait until all members are written; they are
recorded for ``apply_records``.
Source: https://github.com/opencontainers/image-spec/blob/main/layer.md, and for whiteouts on disk
https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories
"""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Final, cast

from moyai.images.errors import DISK_FULL
from moyai.images.store.archive_stream import MAX_BYTES, READ_ERRORS, ArchiveStream, BadArchive
from moyai.images.store.tar_reader import TarReader
from moyai.images.store.trees import remove_tree

MAX_LEFT_OUT: Final = 10_000
_MAX_ID: Final = 2**32 - 2
_PIECE_BYTES: Final = 1024**2
_CAPABILITY: Final = "security.capability"
_PAX_XATTR: Final = "SCHILY.xattr."
_WHITEOUT: Final = ".wh."
_META: Final = ".wh..wh."
_OPAQUE: Final = ".wh..wh..opq"
_OPAQUE_ATTRIBUTE: Final = "trusted.overlay.opaque"

# The kinds of records.
_WHITEOUT_AT, _OPAQUE_AT, _TIME_OF = b"w", b"o", b"t"


class Extraction:
    """The extraction of one archive."""

    def __init__(self, stream: ArchiveStream, records: BinaryIO) -> None:
        """``records``: an empty file for the records that ``apply_records`` applies afterwards."""
        self._reader = TarReader(stream)
        self._records = records
        self._size = 0
        self._left_out: set[str] = set()

    @property
    def has_end(self) -> bool:
        """Whether the archive's end mark was read."""
        return self._reader.has_end

    def run(self) -> None:
        """Write all members. Raises BadArchive, and OSError if the disk is full."""
        try:
            for member in self._reader:
                self._extract(member)
        except READ_ERRORS as error:
            if isinstance(error, OSError) and error.errno is not None and is_machines_fault(error):
                raise
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise BadArchive(" ".join(f"{self._reader.name}: {reason}".split())) from error

    def _extract(self, member: tarfile.TarInfo) -> None:
        self._size += member.size
        if self._size > MAX_BYTES:  # the sum of the members' sizes, with the holes of sparse files
            raise BadArchive(f"its files have more than {MAX_BYTES} bytes")
        if not (0 <= member.uid <= _MAX_ID and 0 <= member.gid <= _MAX_ID):
            raise BadArchive(f"{member.name} belongs to {member.uid}:{member.gid}, which can't be")
        *above, name = _components(member.name) or [""]
        if any(component.startswith(_WHITEOUT) for component in above):
            raise BadArchive(f"{member.name} is inside of a whiteout")
        if name.startswith(_WHITEOUT):
            self._record_whiteout("/".join(["", *above]), name)
        else:
            self._write(member, "/".join(["", *above, name]))

    def _record_whiteout(self, directory: str, name: str) -> None:
        if name == _OPAQUE:
            self._record(_OPAQUE_AT, directory or "/")
        elif name.startswith(_META):
            return  # a file of aufs's own
        elif (target := name.removeprefix(_WHITEOUT)) in {"", ".", ".."}:
            raise BadArchive(f"{directory}/{name} is a whiteout of nothing")
        else:
            self._record(_WHITEOUT_AT, f"{directory}/{target}")

    def _record(self, kind: bytes, path: str, time: int = 0) -> None:
        self._records.write(b"%b%d%b\0" % (kind, time, os.fsencode(path)))

    def _write(self, member: tarfile.TarInfo, path: str) -> None:
        if member.isdir():
            self._write_directory(member, path)
        elif path == "/":
            raise BadArchive("its root is no directory")
        elif member.isreg():
            self._write_file(member, path)
        elif member.issym():
            _make_place(path)
            os.symlink(member.linkname, path)  # noqa: PTH211
            os.chown(path, member.uid, member.gid, follow_symlinks=False)
            os.utime(path, ns=_times(member), follow_symlinks=False)
        elif member.islnk():
            self._write_hard_link(member, path)
        else:
            self._leave_out(path)

    def _leave_out(self, path: str) -> None:
        self._left_out.add(path)
        if len(self._left_out) > MAX_LEFT_OUT:
            raise BadArchive(f"it has more than {MAX_LEFT_OUT} device nodes and FIFOs")

    def _write_directory(self, member: tarfile.TarInfo, path: str) -> None:
        if not _is_directory(path):
            _make_place(path)
            os.mkdir(path)  # noqa: PTH102
        os.chown(path, member.uid, member.gid)
        os.chmod(path, stat.S_IMODE(member.mode))  # noqa: PTH101
        self._record(_TIME_OF, path, _times(member)[0])

    def _write_file(self, member: tarfile.TarInfo, path: str) -> None:
        fd = _create_file(path)
        try:
            for offset, size in _parts(member):
                os.lseek(fd, offset, os.SEEK_SET)
                self._reader.copy(size, fd)
            os.truncate(fd, member.size)
            os.fchown(fd, member.uid, member.gid)
            os.fchmod(fd, stat.S_IMODE(member.mode))
            if capability := member.pax_headers.get(_PAX_XATTR + _CAPABILITY):
                os.setxattr(fd, _CAPABILITY, capability.encode("utf-8", "surrogateescape"))
            os.utime(fd, ns=_times(member))
        finally:
            os.close(fd)

    def _write_hard_link(self, member: tarfile.TarInfo, path: str) -> None:
        target = "/".join(["", *_components(member.linkname)])
        if target in self._left_out:
            self._leave_out(path)
        elif target == path or not os.path.lexists(target) or _is_directory(target):
            raise BadArchive(f"{member.name} is a hard link to {member.linkname}, which is no file before it")
        else:
            _make_place(path)
            os.link(target, path, follow_symlinks=False)


def apply_records(records: BinaryIO) -> None:
    """Make the whiteouts and opaque directories of the archive, and set the times of its directories. Raises OSError.

    A whiteout hides files of the layers below. A file or directory that the archive itself has at the same path stays;
    a directory becomes opaque.
    """
    for kind, _, path in _read_records(records):
        if kind == _OPAQUE_AT or (kind == _WHITEOUT_AT and _is_directory(path)):
            os.makedirs(path, exist_ok=True)  # noqa: PTH103
            os.setxattr(path, _OPAQUE_ATTRIBUTE, b"y", follow_symlinks=False)
        elif kind == _WHITEOUT_AT and not os.path.lexists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
            os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(0, 0))
    for kind, time, path in _read_records(records):
        if kind == _TIME_OF and _is_directory(path):
            os.utime(path, ns=(time, time))


def _read_records(records: BinaryIO) -> Iterator[tuple[bytes, int, str]]:
    """The kind, the time and the path of each record."""
    records.seek(0)
    remainder = b""
    while piece := records.read(_PIECE_BYTES):
        *complete, remainder = (remainder + piece).split(b"\0")
        for record in complete:
            time, _, path = record[1:].partition(b"/")
            yield record[:1], int(time), "/" + os.fsdecode(path)


def is_machines_fault(error: OSError) -> bool:
    """Whether the cause of the error is this machine, not the archive, so that it would occur with any archive."""
    return error.errno in {*DISK_FULL, errno.EIO, errno.EROFS, errno.EPERM, errno.ENFILE}


def _components(name: str) -> list[str]:
    """The components of a member's name. Raises BadArchive for one outside of the root."""
    components = [component for component in name.split("/") if component not in {"", "."}]
    if ".." in components:
        raise BadArchive(f"{name} would be written outside of the image")
    return components


def _make_place(path: str) -> None:
    """Remove the file or directory at a path, and make the directories above it."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        return
    if stat.S_ISDIR(status.st_mode):
        remove_tree(path)
    else:
        os.unlink(path)  # noqa: PTH108


def _create_file(path: str) -> int:
    """The descriptor of a new file, which replaces whatever is at the path. Usually nothing is."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with suppress(FileNotFoundError, FileExistsError):
        return os.open(path, flags, 0o600)
    _make_place(path)
    return os.open(path, flags, 0o600)


def _is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def _parts(member: tarfile.TarInfo) -> list[tuple[int, int]]:
    """The offsets and sizes of a file's data, between which there are holes."""
    sparse = cast("list[tuple[int, int]] | None", member.sparse)
    return [(0, member.size)] if sparse is None else sparse


def _times(member: tarfile.TarInfo) -> tuple[int, int]:
    """The times of access and of modification, in nanoseconds."""
    time = int(member.mtime * 10**9)
    return time, time

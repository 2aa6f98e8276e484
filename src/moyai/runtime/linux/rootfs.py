"""Unpacking a root file system's archive without trusting it.

Members that leave the target, through ``..`` or links, are refused with the whole archive; absolute
symbolic links are kept, because a root file system is full of them and they are only followed inside the
container. Device nodes and the like are left out: a container has its own ``/dev``. Bytes and members are
bounded before each is written.
Source: https://docs.python.org/3/library/tarfile.html#extraction-filters
"""

from __future__ import annotations

import tarfile
from pathlib import Path

MAXIMUM_BYTES = 20 * 1024**3
MAXIMUM_MEMBERS = 1_000_000


class BadArchive(Exception):
    """The archive is broken, too large, or tries to leave its directory."""


def unpack(archive: Path, target: Path) -> None:
    """Unpack a (compressed) tar archive into ``target``. Raises BadArchive or OSError."""
    members = size = 0

    def admit(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
        nonlocal members, size
        members += 1
        size += max(0, member.size)
        if members > MAXIMUM_MEMBERS or size > MAXIMUM_BYTES:
            raise BadArchive(f"more than {MAXIMUM_MEMBERS} members or {MAXIMUM_BYTES} bytes")
        if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
            return None
        return _confined(member, path)

    try:
        with tarfile.open(archive) as file:
            file.errorlevel = 2
            file.extractall(target, filter=admit, numeric_owner=True)  # noqa: S202 - that is what the filter is for
    except tarfile.TarError as error:
        raise BadArchive(str(error)) from error


def _confined(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
    """The member with paths from the root of the image, if neither it nor a hard link's target leaves it.

    What is already there counts: nothing is written through a symbolic link that points out, or in place of one.
    """
    name, link = member.name.lstrip("/"), member.linkname
    _refuse_to_leave(Path(path), name)
    if member.islnk():
        link = link.lstrip("/")
        _refuse_to_leave(Path(path), link)
    return member.replace(name=name, linkname=link, deep=False)


def _refuse_to_leave(target: Path, name: str) -> None:
    root, place = target.resolve(), Path(name)
    inside = (root / place.parent).resolve().is_relative_to(root)
    if ".." in place.parts or not inside or (root / place).is_symlink():
        raise BadArchive(f"{name} would be written outside of the image")

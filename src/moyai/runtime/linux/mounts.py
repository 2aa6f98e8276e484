"""The mounts of this process, as ``/proc/self/mountinfo`` lists them: proc_pid_mountinfo(5).

Any user of the machine who may mount (FUSE) chooses the names in that file. The kernel escapes spaces, tabs, newlines
and backslashes in them and nothing else, so only a space and a newline separate anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_MOUNTINFO = Path("/proc/self/mountinfo")
# File systems that hold programs and data; everything else (proc, tmpfs, overlay, network shares) is left out.
_DISK_TYPES = frozenset({"9p", "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "virtiofs", "xfs", "zfs"})
_NO_DISKS = ("/boot", "/dev", "/etc", "/proc", "/run", "/sys", "/tmp", "/var/run")  # noqa: S108 - names of mount points
_ESCAPE = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A mount. ``directory``: the directory of the file system that is mounted at ``point``; ``options``: those of
    the file system, not those of this mount; ``is_read_only``: this mount, whatever the file system's options say.
    """

    point: str
    device: str
    directory: str
    file_system: str
    options: tuple[str, ...] = ()
    is_read_only: bool = False


def current_mounts() -> Iterator[Mount]:
    """The mounts that this process sees now, in the order of the file. Names that are not valid text are as
    ``os.fsdecode`` gives them.
    """
    return parse(os.fsdecode(_MOUNTINFO.read_bytes()))


def parse(mountinfo: str) -> Iterator[Mount]:
    """The mounts in the text of a ``mountinfo``, in its order."""
    for line in mountinfo.rstrip("\n").split("\n"):
        fields, _, source_fields = line.partition(" - ")
        _, _, device, directory, point, mount_options, *_ = fields.split(" ")
        kind, _, options = source_fields.split(" ", 2)
        is_read_only = "ro" in mount_options.split(",")
        yield Mount(_unescape(point), device, _unescape(directory), kind, tuple(options.split(",")), is_read_only)


def _unescape(name: str) -> str:
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 8)), name)


def disk_mounts(mount_table: Iterable[Mount], excluded_path: Path) -> tuple[str, ...]:
    """The mount points of disks on the machine's root (``/home`` often is one), except below ``excluded_path``.

    An overlay of the root doesn't show them, so a container gets each of them as a mount of its own. A directory that
    is mounted on itself, as the namespaces of another installation are, is not a disk.
    """
    mounts: dict[str, Mount] = {}
    disks = []
    for mount in mount_table:
        if mount.file_system in _DISK_TYPES and mount.point != "/" and _is_disk(mount, mounts, excluded_path):
            disks.append(mount.point)
        mounts[mount.point] = mount
    return tuple(dict.fromkeys(disks))


def _is_disk(mount: Mount, earlier: Mapping[str, Mount], excluded_path: Path) -> bool:
    point = Path(mount.point)
    if excluded_path in point.parents or not point.is_dir() or any(point.is_relative_to(name) for name in _NO_DISKS):
        return False
    parent = next((earlier[str(above)] for above in point.parents if str(above) in earlier), None)
    return parent is None or mount != _submount(parent, point)


def _submount(mount: Mount, point: Path) -> Mount:
    """The mount of what ``mount`` shows at ``point`` on ``point`` itself."""
    directory = Path(mount.directory, point.relative_to(mount.point))
    return mount._replace(point=str(point), directory=str(directory))

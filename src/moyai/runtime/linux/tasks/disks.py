"""The disk of a task: what its containers write is limited by the size of a file system.

Promise: a disk is a sparse file in the task's directory, bound to a loop device and formatted as ext4 without a
journal. It ends with the task. It is mounted in the mount namespaces of its containers, and for a moment as a detached
mount, so the machine has no mount to show or to undo. The kernel is asked to which file a device belongs, because the
saved number may be out of date. The inode tells: once moyai's container was killed, the path is one that is gone.
Without loop devices or ``mkfs.ext4`` there are no disks; ``host.check_optional_features`` reports it.
Sources: https://man7.org/linux/man-pages/man4/loop.4.html, linux/loop.h
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from moyai.kernel.ids import TaskId
from moyai.runtime.linux.shim import detached_mounts
from moyai.runtime.linux.shim.launch_config import DISK_OPTIONS

IMAGE, NUMBER = "disk.img", "disk.loop"

_GIBIBYTE = 1024**3
_LOOP_CONTROL = Path("/dev/loop-control")
_LOOP_CONFIGURE, _LOOP_CLR_FD, _LOOP_GET_STATUS64, _LOOP_CTL_GET_FREE = 0x4C0A, 0x4C01, 0x4C05, 0x4C82
_DIRECT_IO = 16
"""LO_FLAGS_DIRECT_IO: the machine's page cache does not hold the data a second time."""
_BLOCK = 4096
_LOOP_CONFIG = struct.Struct("=II 52x I 240x")
"""``struct loop_config``: the file, the block size, the flags; the rest is zero."""
_LOOP_INFO = struct.Struct("=QQ 216x")
"""``struct loop_info64``: the device and the inode of the file; the rest is not read."""
_MAX_ATTEMPTS = 64
_MKFS_OPTIONS = (
    *("-q", "-F", "-b", str(_BLOCK), "-m", "0", "-i", "65536", "-G", "4096"),
    *("-O", "^has_journal,^resize_inode,sparse_super2"),
    *("-E", "lazy_itable_init=1,nodiscard,num_backup_sb=0,packed_meta_blocks=1"),
)
"""These write as little as possible: 120 KiB for 20 GiB."""
_MAX_COPY_BYTES = 1024 * 1024
"""Bytes that are read at once."""
_log = logging.getLogger(__name__)
_SEARCH_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


def missing_requirement() -> str | None:
    """The reason why this machine can't make disks; None when it can."""
    if _mkfs() is None:
        return "mkfs.ext4 is missing (install your system's package e2fsprogs)"
    return None if _LOOP_CONTROL.exists() else "there are no loop devices"


def create(directory: Path, gib: int, empty_disks: Path) -> None:
    """Make a task's disk, if it has none, from one in ``empty_disks``. Raises OSError."""
    if missing_requirement() is not None or device(directory) is not None:
        return
    empty_disk = empty_disks / f"{gib}.img"
    if not empty_disk.exists():
        _format(empty_disk, gib)
    directory.mkdir(parents=True, exist_ok=True)
    image = directory / IMAGE
    _copy(empty_disk, image)
    _bind_to_loop_device(image, directory / NUMBER)


def _format(empty_disk: Path, gib: int) -> None:
    """Make an empty disk of this size. A copy of it is made much faster, and without another program."""
    fd, new = tempfile.mkstemp(dir=empty_disk.parent)
    try:
        os.ftruncate(fd, gib * _GIBIBYTE)
        result = subprocess.run(  # noqa: S603 - the system's own program
            [_mkfs() or "", *_MKFS_OPTIONS, new],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={},
            cwd="/",
        )
        if result.returncode:
            lines = result.stderr.decode(errors="replace").strip().splitlines()
            raise OSError(errno.EIO, f"the disk can't be formatted: {lines[-1] if lines else result.returncode}")
        Path(new).replace(empty_disk)
    finally:
        os.close(fd)
        Path(new).unlink(missing_ok=True)


def _copy(empty_disk: Path, image: Path) -> None:
    """Copy a sparse file without its holes. Raises OSError, also when the disk is full."""
    with empty_disk.open("rb") as source, image.open("wb") as target:
        os.fchmod(target.fileno(), 0o600)
        size = os.fstat(source.fileno()).st_size
        target.truncate(size)
        for begin, end in _data_ranges(source.fileno(), size):
            source.seek(begin)
            target.seek(begin)
            while (remaining := end - source.tell()) > 0:
                target.write(source.read(min(remaining, _MAX_COPY_BYTES)))


def _data_ranges(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """The ranges of a sparse file that are no hole."""
    end = 0
    while end < size:
        try:
            begin = os.lseek(fd, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # only a hole is left
                return
            raise
        end = os.lseek(fd, begin, os.SEEK_HOLE)
        yield begin, end


def device(directory: Path) -> Path | None:
    """The device of a task's disk; None if it has none, or the device belongs to another file now."""
    try:
        device_path = Path(f"/dev/loop{int((directory / NUMBER).read_text())}")
        image = (directory / IMAGE).stat()
        with device_path.open("rb") as file:
            info = fcntl.ioctl(file, _LOOP_GET_STATUS64, bytes(_LOOP_INFO.size))
    except (OSError, ValueError):
        return None
    return device_path if _LOOP_INFO.unpack(info) == (image.st_dev, image.st_ino) else None


@contextlib.contextmanager
def mount_detached(directory: Path) -> Iterator[Path | None]:
    """Mount a task's disk for this process alone, for the block: the path of its root, or None if the task has none."""
    device_path = device(directory)
    if device_path is None:
        yield None
        return
    mount = detached_mounts.mount_detached("ext4", str(device_path), DISK_OPTIONS.split(","))
    try:
        yield Path(f"/proc/self/fd/{mount}")
    finally:
        os.close(mount)


class MountedDisks:
    """Detached mounts of disks, until the first container of their task has started: the first mount of a file system
    takes time, which passes here while the task's network is made. The mounts end with this process.
    """

    def __init__(self) -> None:
        self._roots: dict[TaskId, int] = {}

    def mount(self, task: TaskId, directory: Path) -> None:
        """Mount a task's disk, if it has one. A container reports why that fails."""
        device_path = device(directory)
        if device_path is None:
            return
        with contextlib.suppress(OSError):
            root = detached_mounts.mount_detached("ext4", str(device_path), DISK_OPTIONS.split(","))
            self.unmount(task)
            self._roots[task] = root

    def unmount(self, task: TaskId) -> None:
        """Leave the disk to its containers. An error of the device is logged: the mount ends all the same."""
        root = self._roots.pop(task, None)
        if root is None:
            return
        try:
            os.close(root)
        except OSError as error:
            _log.warning("the disk of task %s: %s", task, error)

    def close(self) -> None:
        """Leave all disks to their containers."""
        for task in tuple(self._roots):
            self.unmount(task)


def detach(directory: Path) -> None:
    """Let the kernel free the loop device of a task's disk once it is mounted nowhere."""
    device_path = device(directory)
    if device_path is None:
        return
    with contextlib.suppress(FileNotFoundError), device_path.open("rb") as file, contextlib.suppress(OSError):
        fcntl.ioctl(file, _LOOP_CLR_FD)


def _mkfs() -> str | None:
    return shutil.which("mkfs.ext4", path=_SEARCH_PATH)


def _bind_to_loop_device(image: Path, number_file: Path) -> None:
    """Bind the file to a free loop device, whose number is saved before, so that a crash leaks no device."""
    with image.open("r+b") as file, _LOOP_CONTROL.open("rb") as control:
        config = _LOOP_CONFIG.pack(file.fileno(), _BLOCK, _DIRECT_IO)
        for _ in range(_MAX_ATTEMPTS):
            number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
            number_file.write_text(str(number))
            try:
                with Path(f"/dev/loop{number}").open("r+b") as free:
                    fcntl.ioctl(free, _LOOP_CONFIGURE, config)
            except OSError as error:
                if error.errno != errno.EBUSY:  # another process took the device
                    raise
            else:
                return
    raise OSError(errno.EBUSY, "no loop device is free")

"""A disk of its own for a task: what its containers write is bounded by a file system of that size.

Promise: a disk is a sparse file in the task's directory, bound to a loop device and formatted as ext4 without a
journal: it ends with the task. It is mounted in its containers' mount namespaces, and for a moment in none at all, so
the machine has no mount to show or to undo. Whose a device is, is read from the kernel, never from what was written
down before. Without loop devices or ``mkfs.ext4`` there are no disks; ``host.check_limits`` says so.
Sources: https://man7.org/linux/man-pages/man4/loop.4.html, linux/loop.h
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.order import DISK_OPTIONS

IMAGE, NUMBER = "disk.img", "disk.loop"

_GIBIBYTE = 1024**3
_CONTROL = Path("/dev/loop-control")
_LOOP_CONFIGURE, _LOOP_CLR_FD, _LOOP_CTL_GET_FREE = 0x4C0A, 0x4C01, 0x4C82
_DIRECT_IO = 16
"""Not through this machine's page cache a second time."""
_BLOCK = 4096
_CONFIG = struct.Struct("=II 52x I 240x")
"""``struct loop_config``: the file, the block size, the flags; the rest is nothing."""
_OFTEN = 64
_FORMAT = (
    *("-q", "-F", "-b", str(_BLOCK), "-m", "0", "-i", "65536", "-G", "4096"),
    *("-O", "^has_journal,^resize_inode,sparse_super2"),
    *("-E", "lazy_itable_init=1,nodiscard,num_backup_sb=0,packed_meta_blocks=1"),
)
"""As little written as can be: 120 KiB for 20 GiB."""
_LONGEST = 1024 * 1024
"""Bytes that are copied at once."""
_PLACES = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


def missing() -> str | None:
    """Why there can be no disks here; None when there can."""
    if _program() is None:
        return "mkfs.ext4 is missing (install your system's package e2fsprogs)"
    return None if _CONTROL.exists() else "there are no loop devices"


def make(directory: Path, gib: int, patterns: Path) -> None:
    """Give a task a disk, if it has none. ``patterns``: where one of each size is kept. Raises OSError."""
    if missing() is not None or device(directory) is not None:
        return
    pattern = patterns / f"{gib}.img"
    if not pattern.exists():
        _format(pattern, gib)
    directory.mkdir(parents=True, exist_ok=True)
    image = directory / IMAGE
    _copy(pattern, image)
    _bind(image, directory / NUMBER)


def _format(pattern: Path, gib: int) -> None:
    """An empty disk of this size, from which others are copied: that is much faster, and asks no other program."""
    fd, fresh = tempfile.mkstemp(dir=pattern.parent)
    try:
        os.ftruncate(fd, gib * _GIBIBYTE)
        made = subprocess.run(  # noqa: S603 - the system's own program
            [_program() or "", *_FORMAT, fresh],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={},
            cwd="/",
        )
        if made.returncode:
            words = made.stderr.decode(errors="replace").strip().splitlines()
            raise OSError(errno.EIO, f"it can't be formatted: {words[-1] if words else made.returncode}")
        Path(fresh).replace(pattern)
    finally:
        os.close(fd)
        Path(fresh).unlink(missing_ok=True)


def _copy(pattern: Path, image: Path) -> None:
    """Copy what is not a hole. Raises OSError, also when the disk is full."""
    with pattern.open("rb") as source, image.open("wb") as target:
        os.fchmod(target.fileno(), 0o600)
        size = os.fstat(source.fileno()).st_size
        target.truncate(size)
        for begin, end in _written(source.fileno(), size):
            source.seek(begin)
            target.seek(begin)
            while (left := end - source.tell()) > 0:
                target.write(source.read(min(left, _LONGEST)))


def _written(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """Where a file isn't a hole."""
    end = 0
    while end < size:
        try:
            begin = os.lseek(fd, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole is left
                return
            raise
        end = os.lseek(fd, begin, os.SEEK_HOLE)
        yield begin, end


def device(directory: Path) -> Path | None:
    """The device of a task's disk; None when it has none, or another has the number now."""
    try:
        number = int((directory / NUMBER).read_text())
        file = Path(f"/sys/block/loop{number}/loop/backing_file").read_text().removesuffix("\n")
    except (OSError, ValueError):
        return None
    return Path(f"/dev/loop{number}") if file == str(directory / IMAGE) else None


@contextlib.contextmanager
def mounted(directory: Path) -> Iterator[Path | None]:
    """The root of a task's disk, mounted for this process alone and nowhere to be seen; None when it has none."""
    found = device(directory)
    if found is None:
        yield None
        return
    mount = syscalls.mount_detached("ext4", str(found), DISK_OPTIONS.split(","))
    try:
        yield Path(f"/proc/self/fd/{mount}")
    finally:
        os.close(mount)


def let_go(directory: Path) -> None:
    """Have the kernel forget a task's disk once nothing has it mounted any more."""
    found = device(directory)
    if found is None:
        return
    with contextlib.suppress(FileNotFoundError), found.open("rb") as file, contextlib.suppress(OSError):
        fcntl.ioctl(file, _LOOP_CLR_FD)


def _program() -> str | None:
    return shutil.which("mkfs.ext4", path=_PLACES)


def _bind(image: Path, note: Path) -> None:
    """Bind the file to a free device. Its number is written down first, so that it is found again whatever happens."""
    with image.open("r+b") as file, _CONTROL.open("rb") as control:
        asked = _CONFIG.pack(file.fileno(), _BLOCK, _DIRECT_IO)
        for _ in range(_OFTEN):
            number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
            note.write_text(str(number))
            try:
                with Path(f"/dev/loop{number}").open("r+b") as free:
                    fcntl.ioctl(free, _LOOP_CONFIGURE, asked)
            except OSError as error:
                if error.errno != errno.EBUSY:  # somebody else was faster
                    raise
            else:
                return
    raise OSError(errno.EBUSY, "no loop device can be had")

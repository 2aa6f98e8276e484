"""Ways to files that nobody can bend: each step is taken by the kernel from a directory that is held open.

Promise: ``below`` follows no symbolic link at all; ``inside`` and ``read`` follow those of the container's image within
its root and never the magic ones of ``/proc``. What is missing on the way is made. ``below`` and ``inside`` give an
O_PATH descriptor, and a mount on or from ``/proc/self/fd/N`` means exactly what it was opened as, whatever is renamed
meanwhile. ``read`` neither waits for anybody nor reads without end.
Source: https://man7.org/linux/man-pages/man2/openat2.2.html
"""

from __future__ import annotations

import errno
import os
import stat

from moyai.runtime.linux.shim import syscalls

_PLACE = os.O_PATH | os.O_CLOEXEC
_STRAIGHT = syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_BENEATH
_NO_MAGIC = syscalls.RESOLVE_NO_MAGICLINKS
_IN_ROOT = syscalls.RESOLVE_IN_ROOT | _NO_MAGIC


def below(base: str, relative: str) -> int:
    """What is at ``relative`` below the directory ``base``; directories (0755) are made for what isn't there."""
    place = os.open(base, _PLACE | os.O_DIRECTORY)
    for part in _parts(relative):
        held = place
        try:
            place = _step(held, part)
        finally:
            os.close(held)
    return place


def inside(path: str, *, directory: bool) -> int:
    """What is at ``path`` in this process's root, made if it isn't there: a directory, or an empty file.

    A file takes the place of a symbolic link at its end (``/etc/resolv.conf`` often is one). Raises OSError with
    ``path``, whichever part of it can't be had.
    """
    parts = _parts(path)
    try:
        if directory:
            return _directory(parts)
        place = _directory(parts[:-1])
        try:
            return _file(place, parts[-1])
        finally:
            os.close(place)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


def read(path: str, most: int) -> bytes | None:
    """The content of the file at ``path`` in this process's root; None when there is none that it may read. OSError for
    what is no regular file, or has more than ``most`` bytes.
    """
    try:
        fd = syscalls.openat2(-1, path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, _NO_MAGIC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    try:
        return _content(fd, most)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error
    finally:
        os.close(fd)


def _content(fd: int, most: int) -> bytes:
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    content = b""
    while chunk := os.read(fd, most):
        content += chunk
        if len(content) > most:
            raise OSError(errno.EFBIG, f"larger than {most} bytes")
    return content


def _directory(parts: list[str]) -> int:
    root = os.open("/", _PLACE | os.O_DIRECTORY)
    place = os.dup(root)
    try:
        for depth, part in enumerate(parts):
            held, way = place, "/".join(parts[: depth + 1])
            try:
                place = syscalls.openat2(root, way, _PLACE, _IN_ROOT)
            except FileNotFoundError:
                os.mkdir(part, dir_fd=held)
                place = syscalls.openat2(root, way, _PLACE, _IN_ROOT)
            os.close(held)
    finally:
        os.close(root)
    return place


def _step(place: int, part: str) -> int:
    try:
        return syscalls.openat2(place, part, _PLACE, _STRAIGHT)
    except FileNotFoundError:
        try:
            os.mkdir(part, dir_fd=place)
        except FileExistsError:  # somebody else made it just now
            pass
        else:
            os.chmod(part, 0o755, dir_fd=place)  # noqa: S103 - as Docker's, whatever the umask
        return syscalls.openat2(place, part, _PLACE, _STRAIGHT)


def _file(place: int, name: str) -> int:
    try:
        return syscalls.openat2(place, name, _PLACE, _STRAIGHT)
    except OSError as error:
        if error.errno == errno.ELOOP:
            os.unlink(name, dir_fd=place)
        elif error.errno != errno.ENOENT:
            raise
    os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644, dir_fd=place))
    return syscalls.openat2(place, name, _PLACE, _STRAIGHT)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]

"""Opens paths that a container may have prepared: the kernel takes each step from a directory that is parent open.

Promise: ``open_below`` follows no symbolic link at all. ``open_inside`` and ``read`` follow those of the container's
image within its root, and never the magic links of ``/proc``. Missing directories are made. ``open_below`` and
``open_inside`` give an O_PATH descriptor, and a mount on or from ``/proc/self/fd/N`` refers to exactly what was opened,
even if it is renamed meanwhile. ``read`` neither blocks nor reads without end.
Source: https://man7.org/linux/man-pages/man2/openat2.2.html
"""

from __future__ import annotations

import errno
import os
import stat

from moyai.runtime.linux.shim import syscalls

_O_PATH = os.O_PATH | os.O_CLOEXEC
_NO_LINKS = syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_BENEATH
_NO_MAGIC_LINKS = syscalls.RESOLVE_NO_MAGICLINKS
_IN_ROOT = syscalls.RESOLVE_IN_ROOT | _NO_MAGIC_LINKS


def open_below(base: str, relative: str, *, make: bool = True) -> int:
    """Open ``relative`` below the directory ``base``. ``make``: missing directories are made, with mode 0755; otherwise
    it has to be a directory. Raises OSError.
    """
    directory_fd = os.open(base, _O_PATH | os.O_DIRECTORY)
    for part in _parts(relative):
        parent = directory_fd
        try:
            directory_fd = _open_or_make(parent, part) if make else _open_existing(parent, part)
        finally:
            os.close(parent)
    return directory_fd


def open_inside(path: str, *, directory: bool) -> int:
    """Open ``path`` in this process's root. If it is missing, a directory or an empty file is made.

    A file replaces a symbolic link at the end of the path (``/etc/resolv.conf`` often is one). Raises OSError with
    ``path``, whichever part of it fails.
    """
    parts = _parts(path)
    try:
        if directory:
            return _open_directory(parts)
        directory_fd = _open_directory(parts[:-1])
        try:
            return _open_file(directory_fd, parts[-1])
        finally:
            os.close(directory_fd)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


def read(path: str, max_bytes: int) -> bytes | None:
    """The content of the file at ``path`` in this process's root; None if there is none that it may read. Raises
    OSError for what is no regular file, or is larger than ``max_bytes``.
    """
    try:
        fd = syscalls.openat2(-1, path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, _NO_MAGIC_LINKS)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    try:
        return _content(fd, max_bytes)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error
    finally:
        os.close(fd)


def _content(fd: int, max_bytes: int) -> bytes:
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    content = b""
    while chunk := os.read(fd, max_bytes):
        content += chunk
        if len(content) > max_bytes:
            raise OSError(errno.EFBIG, f"larger than {max_bytes} bytes")
    return content


def _open_directory(parts: list[str]) -> int:
    root = os.open("/", _O_PATH | os.O_DIRECTORY)
    directory_fd = os.dup(root)
    try:
        for depth, part in enumerate(parts):
            parent, path_so_far = directory_fd, "/".join(parts[: depth + 1])
            try:
                directory_fd = syscalls.openat2(root, path_so_far, _O_PATH, _IN_ROOT)
            except FileNotFoundError:
                os.mkdir(part, dir_fd=parent)
                directory_fd = syscalls.openat2(root, path_so_far, _O_PATH, _IN_ROOT)
            os.close(parent)
    finally:
        os.close(root)
    return directory_fd


def _open_existing(directory_fd: int, part: str) -> int:
    return syscalls.openat2(directory_fd, part, _O_PATH | os.O_DIRECTORY, _NO_LINKS)


def _open_or_make(directory_fd: int, part: str) -> int:
    try:
        return syscalls.openat2(directory_fd, part, _O_PATH, _NO_LINKS)
    except FileNotFoundError:
        umask = os.umask(0o022)  # instead of a later chmod, which would follow a link that replaced the directory
        try:
            os.mkdir(part, 0o755, dir_fd=directory_fd)
        except FileExistsError:  # another process has made it meanwhile
            pass
        finally:
            os.umask(umask)
        return syscalls.openat2(directory_fd, part, _O_PATH, _NO_LINKS)


def _open_file(directory_fd: int, name: str) -> int:
    try:
        return syscalls.openat2(directory_fd, name, _O_PATH, _NO_LINKS)
    except OSError as error:
        if error.errno == errno.ELOOP:
            os.unlink(name, dir_fd=directory_fd)
        elif error.errno != errno.ENOENT:
            raise
    os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644, dir_fd=directory_fd))
    return syscalls.openat2(directory_fd, name, _O_PATH, _NO_LINKS)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]

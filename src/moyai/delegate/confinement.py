"""The confinement of the embedded server's process, which may only read Python's own files, write temporary ones, and
answer on the one socket that it was started with.

Promise: it has a user of its own that owns nothing on this machine, or that of the control plane where that is not
root, and in either case no capability, no network but an empty one, and a file system that ends with it.
Source: mount_namespaces(7), user_namespaces(7), capabilities(7), getrlimit(2)
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Final

from moyai.runtime.linux.shim import capabilities, syscalls
from moyai.runtime.linux.shim.syscalls import MS_BIND, MS_NODEV, MS_NOSUID, MS_RDONLY, MS_REC, MS_REMOUNT

USER: Final = 20001
"""Beside that of tasks' proxies, and below those of tasks."""
_NAMESPACES: Final = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS
_SYSTEM: Final = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/dev/null")
_TEMPORARY: Final = "mode=1777,size=2g"
_LIMITS: Final = MappingProxyType(
    {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_DATA: 4 * 1024**3,
        resource.RLIMIT_NOFILE: 1024,
        resource.RLIMIT_NPROC: 1024,  # threads: one for each connection of the control plane
    }
)
_LOCKED_FLAGS: Final = MappingProxyType(
    {
        os.ST_NOSUID: MS_NOSUID,
        os.ST_NODEV: MS_NODEV,
        os.ST_NOEXEC: syscalls.MS_NOEXEC,
        os.ST_NOATIME: syscalls.MS_NOATIME,
        os.ST_NODIRATIME: syscalls.MS_NODIRATIME,
        os.ST_RELATIME: syscalls.MS_RELATIME,
    }
)
"""Flags of a mount that a user namespace must not clear, by their names in statvfs."""


def enter(root: Path) -> None:
    """Confine this process, which has one thread. ``root``: an empty directory. Raises OSError."""
    user, group, is_root = os.getuid(), os.getgid(), os.geteuid() == 0
    syscalls.unshare(_NAMESPACES | (0 if is_root else syscalls.CLONE_NEWUSER))
    if not is_root:
        _map_user(user, group)
    _enter_root(root)
    for limit, most in _LIMITS.items():
        resource.setrlimit(limit, (most, most))
    if is_root:
        os.setgroups([])
        os.setresgid(USER, USER, USER)
    capabilities.limit_bounding_set(())
    if is_root:
        os.setresuid(USER, USER, USER)
    capabilities.set_permitted((), ())
    syscalls.no_new_privileges()
    syscalls.forbid_tracing()


def _map_user(user: int, group: int) -> None:
    """Give this process's user and group the same numbers in its user namespace."""
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def _enter_root(root: Path) -> None:
    syscalls.mount(None, "/", None, MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("moyai", str(root), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")
    for path in _visible_paths():
        _show(path, root)
    temporary = root / "tmp"
    temporary.mkdir()
    syscalls.mount("moyai", str(temporary), "tmpfs", MS_NOSUID | MS_NODEV | syscalls.MS_NOEXEC, _TEMPORARY)
    os.chdir(root)
    syscalls.pivot_root_here()
    syscalls.umount(".")
    os.chdir("/tmp")  # noqa: S108 (its own)
    syscalls.mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def _visible_paths() -> Iterator[Path]:
    """The directories and files that Python reads, none below another."""
    python = (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *sys.path)
    paths: list[Path] = []
    for text in sorted({*_SYSTEM, *(os.path.realpath(path) for path in python), *filter(None, python)}):
        path = Path(text)
        if path.exists() and path != Path("/") and not any(path.is_relative_to(other) for other in paths):
            paths.append(path)
            yield path


def _show(path: Path, root: Path) -> None:
    """Make a path of this machine visible below the new root, to read only; a link as a link."""
    target = root / path.relative_to("/")
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if path.is_symlink():
        target.symlink_to(path.readlink())
        return
    if path.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    syscalls.mount(str(path), str(target), None, MS_BIND | MS_REC)
    kept = sum(flag for bit, flag in _LOCKED_FLAGS.items() if os.statvfs(target).f_flag & bit)
    if path != Path(os.devnull):
        syscalls.mount(None, str(target), None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | kept)

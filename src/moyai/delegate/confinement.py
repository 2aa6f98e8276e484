"""Confines the embedded server's process: it may only read Python's own files, write temporary ones, and answer on the
socket that it was started with.

Promise: the process has a user of its own, which owns nothing on this machine, or the control plane's user if that is
not root. It has no capability, an empty network namespace, and a file system that disappears with it.
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
"""The user id, next to that of tasks' proxies, and below those of tasks."""
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
"""Flags of a mount that a user namespace must not clear, by their values in statvfs."""


def enter(root: Path) -> None:
    """Confine this process, which has one thread. ``root``: an empty directory. Raises OSError."""
    user, group, is_root = os.getuid(), os.getgid(), os.geteuid() == 0
    syscalls.unshare(_NAMESPACES | (0 if is_root else syscalls.CLONE_NEWUSER))
    if not is_root:
        _map_user(user, group)
    _enter_root(root)
    for limit, value in _LIMITS.items():
        resource.setrlimit(limit, (value, value))
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
        _mount_below(path, root)
    temporary = root / "tmp"
    temporary.mkdir()
    syscalls.mount("moyai", str(temporary), "tmpfs", MS_NOSUID | MS_NODEV | syscalls.MS_NOEXEC, _TEMPORARY)
    os.chdir(root)
    syscalls.pivot_root_here()
    syscalls.umount(".")
    os.chdir("/tmp")  # noqa: S108 (the process's own)
    syscalls.mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def _visible_paths() -> Iterator[Path]:
    """The directories and files that Python reads, none of which is below another one."""
    python = (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *sys.path)
    paths: list[Path] = []
    for text in sorted({*_SYSTEM, *(os.path.realpath(path) for path in python), *filter(None, python)}):
        path = Path(text)
        if path.exists() and path != Path("/") and not any(path.is_relative_to(other) for other in paths):
            paths.append(path)
            yield path


def _mount_below(path: Path, root: Path) -> None:
    """Mount a path of this machine below the new root, read-only. A symbolic link is copied."""
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
    locked_flags = sum(flag for bit, flag in _LOCKED_FLAGS.items() if os.statvfs(target).f_flag & bit)
    if path != Path(os.devnull):
        syscalls.mount(None, str(target), None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | locked_flags)

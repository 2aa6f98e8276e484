"""Detached mounts: mounts that are in no mount namespace, known by a descriptor, as linux/mount.h has them.

Each function raises OSError. Closing the last descriptor of a mount that was moved nowhere unmounts it.
Source: https://man7.org/linux/man-pages/man2/open_tree.2.html, mount_setattr(2)
"""

from __future__ import annotations

import ctypes
import os

from moyai.runtime.linux.shim import syscalls

_OPEN_TREE, _MOVE_MOUNT, _FSOPEN, _FSCONFIG, _FSMOUNT = 428, 429, 430, 431, 432
_FSOPEN_CLOEXEC, _FSMOUNT_CLOEXEC = 1, 1
_FSCONFIG_SET_FLAG, _FSCONFIG_SET_STRING, _FSCONFIG_CMD_CREATE = 0, 1, 6
_MOUNT_SETATTR = 442
_OPEN_TREE_CLONE, _AT_EMPTY_PATH, _AT_RECURSIVE, _AT_FDCWD = 1, 0x1000, 0x8000, -100
_MOVE_MOUNT_F_EMPTY_PATH, _MOVE_MOUNT_T_EMPTY_PATH = 0x4, 0x40
_MOUNT_ATTR_IDMAP = 0x100000

_libc = ctypes.CDLL(None, use_errno=True)


def open_tree(path: str, directory: int = _AT_FDCWD, *, recursive: bool = False) -> int:
    """A detached copy of the mount at the path. ``path`` empty: of ``directory`` itself, a descriptor of a file or
    directory. ``recursive``: with the mounts below it.
    """
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | (0 if path else _AT_EMPTY_PATH) | (_AT_RECURSIVE if recursive else 0)
    return syscalls.check(
        _libc.syscall(ctypes.c_long(_OPEN_TREE), directory, os.fsencode(path), flags), f"open_tree {path}"
    )


def move_mount(tree: int, target: str, directory: int = _AT_FDCWD) -> None:
    """Mount the copy that ``open_tree`` gave at a path of this mount namespace. ``target`` empty: on ``directory``
    itself, which is a descriptor of a file or directory.
    """
    flags = _MOVE_MOUNT_F_EMPTY_PATH | (0 if target else _MOVE_MOUNT_T_EMPTY_PATH)
    result = _libc.syscall(ctypes.c_long(_MOVE_MOUNT), tree, b"", directory, os.fsencode(target), flags)
    syscalls.check(result, f"mount {target}")


class _MountAttributes(ctypes.Structure):
    """``struct mount_attr``."""

    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    )


def map_ids(tree: int, user_namespace: int) -> None:
    """Let the copy that ``open_tree`` gave show the ids 0, 1, … of files as those that the user namespace maps them to.

    EINVAL: the file system can't do that.
    """
    attributes = _MountAttributes(_MOUNT_ATTR_IDMAP, 0, 0, user_namespace)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    call = ctypes.c_long(_MOUNT_SETATTR)
    syscalls.check(_libc.syscall(call, tree, b"", _AT_EMPTY_PATH, ctypes.byref(attributes), size), "mount_setattr")


def mount_detached(kind: str, source: str, flags: list[str]) -> int:
    """Mount a file system nowhere. The returned descriptor is its root; closing it unmounts the file system."""
    context = syscalls.check(_libc.syscall(ctypes.c_long(_FSOPEN), kind.encode(), _FSOPEN_CLOEXEC), f"fsopen {kind}")
    try:
        parameters = [(_FSCONFIG_SET_FLAG, flag.encode(), None) for flag in flags]
        source_step, last = (_FSCONFIG_SET_STRING, b"source", os.fsencode(source)), (_FSCONFIG_CMD_CREATE, None, None)
        for command, key, value in (source_step, *parameters, last):
            syscalls.check(_libc.syscall(ctypes.c_long(_FSCONFIG), context, command, key, value, 0), f"mount {source}")
        return syscalls.check(_libc.syscall(ctypes.c_long(_FSMOUNT), context, _FSMOUNT_CLOEXEC, 0), f"mount {source}")
    finally:
        os.close(context)

"""The disk of a task, as a container has it: its own place on it, and copies of the files that it may write."""

from __future__ import annotations

import os

from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.order import DISK, DISK_FILES, DISK_OPTIONS, DISK_VOLUMES, Order
from moyai.runtime.linux.shim.syscalls import MS_NODEV


def mount(order: Order) -> str:
    """Mount the disk, in this mount namespace alone, and give the container's own place on it."""
    place = f"{order.directory}/{DISK}"
    os.makedirs(place, exist_ok=True)  # noqa: PTH103 - no pathlib in a keeper
    syscalls.mount(order.disk, place, "ext4", MS_NODEV, DISK_OPTIONS)
    own = f"{place}/layers/{order.directory.rpartition('/')[2]}"
    for directory in (own, f"{order.directory}/{DISK_VOLUMES}", f"{order.directory}/{DISK_FILES}"):
        os.makedirs(directory, mode=0o700, exist_ok=True)  # noqa: PTH103
    return own


def copy(source: str, directory: str, home: str) -> str:
    """The copy of a file: of one in the container's ``directory`` in ``home`` and made anew, of another the task's.

    Containers of a task may make that at the same time: it is whole when it has its name.
    """
    own = source.startswith(directory + "/")
    target = f"{home if own else f'{directory}/{DISK_FILES}'}/{source.rpartition('/')[2]}"
    if own and os.path.exists(target):  # noqa: PTH110
        os.unlink(target)  # noqa: PTH108
    if not os.path.exists(target):  # noqa: PTH110
        _copy(source, target, f"{target}.{directory.rpartition('/')[2]}")
    return target


def _copy(source: str, target: str, fresh: str) -> None:
    with open(source, "rb") as before, open(fresh, "wb") as after:  # noqa: PTH123
        after.write(before.read())
        os.fchmod(after.fileno(), 0o644)
    try:
        os.link(fresh, target)
    except FileExistsError:  # another container was faster
        return
    finally:
        os.unlink(fresh)  # noqa: PTH108

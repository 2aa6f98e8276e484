"""Who a container's process is: user, groups, capabilities, limits, directory; and then its program.

Promise: ``become`` gives up everything that the order does not name before the program runs, and each
failure is an OSError or LookupError whose text a user understands, in the words Docker uses. Users and groups are
looked up in the container's own ``/etc/passwd`` and ``/etc/group``, never through the host's NSS.
"""

from __future__ import annotations

import errno
import os
import resource

from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.order import Order


class Account:
    """A user as the container's files have it."""

    def __init__(self, uid: int, gid: int, groups: list[int], home: str) -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home


def account(user: str) -> Account:
    """``user[:group]``, names or numbers. A number needs no entry; an unknown name raises LookupError."""
    name, _, group = user.partition(":")
    entry = next((line for line in _table("/etc/passwd", 7) if name in (line[0], line[2])), None)
    if entry is None and not name.isdecimal():
        raise LookupError(f"unable to find user {name}: no matching entries in passwd file")
    uid, gid, home = (int(entry[2]), int(entry[3]), entry[5]) if entry else (int(name), 0, "/")
    if group:
        return Account(uid, _group(group), [], home)
    groups = [int(line[2]) for line in _table("/etc/group", 4) if entry and entry[0] in line[3].split(",")]
    return Account(uid, gid, groups, home)


def _group(group: str) -> int:
    for line in _table("/etc/group", 4):
        if group in (line[0], line[2]):
            return int(line[2])
    if group.isdecimal():
        return int(group)
    raise LookupError(f"unable to find group {group}: no matching entries in group file")


def _table(path: str, width: int) -> list[list[str]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - no pathlib in a keeper
            rows = [line.rstrip("\n").split(":") for line in file]
    except OSError:
        return []
    return [row for row in rows if len(row) == width and row[2].isdecimal()]


def become(order: Order, who: Account) -> None:
    """Take on the order's user, groups, capabilities, limits and working directory."""
    for kind, soft, hard in order.limits:
        resource.setrlimit(kind, (soft, hard))
    if not os.path.isdir(order.working_directory):  # noqa: PTH112
        os.makedirs(order.working_directory)  # noqa: PTH103
    for fd in (1, 2):
        os.fchown(fd, who.uid, who.gid)  # so that /dev/stdout can be opened by its owner
    keep = order.capabilities
    syscalls.bound_capabilities(keep)
    if order.ambient:
        syscalls.keep_capabilities()
    os.setgroups([*who.groups, *order.groups])
    os.setgid(who.gid)
    os.setuid(who.uid)
    if order.ambient:
        syscalls.set_capabilities(keep, keep)
        syscalls.raise_ambient(keep)
    else:
        syscalls.set_capabilities(keep if who.uid == 0 else (), ())
    syscalls.no_new_privileges()
    syscalls.filter_calls(order.seccomp_filter)
    syscalls.die_with_parent()
    os.umask(0o022)
    os.chdir(order.working_directory)


def execute(arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    """Replace the process. Returns never; raises OSError in Docker's words."""
    name = arguments[0]
    if "/" in name:
        places = [name]
    else:
        places = [f"{folder}/{name}" for folder in environment.get("PATH", "").split(":") if folder]
    denied = False
    for place in places:
        try:
            os.execve(place, arguments, environment)  # noqa: S606 - this is what a container is for
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError:
            denied = True
        except OSError as error:
            raise OSError(error.errno, f'exec: "{name}": {str(error.strerror).lower()}') from error
    if denied:
        raise OSError(errno.EACCES, f'exec: "{name}": permission denied')
    if "/" in name:
        raise OSError(errno.ENOENT, f'exec: "{name}": stat {name}: no such file or directory')
    raise OSError(errno.ENOENT, f'exec: "{name}": executable file not found in $PATH')

"""Who a container's process is: user, groups, capabilities, limits, directory; and then its program.

Promise: ``become`` gives up everything that the order does not name before the program runs, and each
failure is an OSError or LookupError whose text a user understands, in the words Docker uses. Users and groups are
looked up in the container's own ``/etc/passwd`` and ``/etc/group``, never through the host's NSS, and with no more
rights than the container's root has.
"""

from __future__ import annotations

import errno
import os
import resource

from moyai.runtime.linux.shim import capabilities, paths, syscalls
from moyai.runtime.linux.shim.order import Order

_LARGEST_TABLE = 1024 * 1024
_LARGEST_ID = 2**32 - 2


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
    uid, gid, home = (_id(entry[2]), _id(entry[3]), entry[5]) if entry else (_id(name), 0, "/")
    if group:
        return Account(uid, _group(group), [], home)
    groups = [_id(line[2]) for line in _table("/etc/group", 4) if entry and entry[0] in line[3].split(",")]
    return Account(uid, gid, groups, home)


def _group(group: str) -> int:
    for line in _table("/etc/group", 4):
        if group in (line[0], line[2]):
            return _id(line[2])
    if group.isdecimal():
        return _id(group)
    raise LookupError(f"unable to find group {group}: no matching entries in group file")


def _id(digits: str) -> int:
    number = int(digits)
    if number > _LARGEST_ID:
        raise LookupError(f"uids and gids must be in range 0-{_LARGEST_ID}: {digits}")
    return number


def _table(path: str, width: int) -> list[list[str]]:
    text = paths.read(path, _LARGEST_TABLE)
    if text is None:
        return []
    lines = text.decode("utf-8", "replace").split("\n")
    rows = (line.split(":") for line in lines if line.count(":") == width - 1)
    return [row for row in rows if row[2].isdecimal()]


def make_working_directory(order: Order) -> None:
    """Have the order's working directory, as root."""
    os.close(paths.inside(order.working_directory, directory=True))


def become(order: Order) -> str:
    """Take on the order's user, groups, capabilities, limits and working directory; the user's home."""
    for kind, soft, hard in order.limits:
        resource.setrlimit(kind, (soft, hard))
    keep = order.capabilities
    capabilities.bound(keep)
    capabilities.use(keep)
    who = account(order.user)
    capabilities.use()
    for fd in (1, 2):
        os.fchown(fd, who.uid, who.gid)  # so that /dev/stdout can be opened by its owner
    if order.ambient:
        capabilities.keep()
    os.setgroups([*who.groups, *order.groups])
    os.setgid(who.gid)
    os.setuid(who.uid)
    if order.ambient:
        capabilities.reduce(keep, keep)
        capabilities.raise_ambient(keep)
    else:
        capabilities.reduce(keep if who.uid == 0 else (), ())
    syscalls.no_new_privileges()
    syscalls.filter_calls(order.seccomp_filter)
    os.umask(0o022)
    os.chdir(order.working_directory)
    return who.home


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

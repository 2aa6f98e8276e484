"""The identity of a container's process: user, groups, capabilities, limits, directory; and then its program.

Promise: ``become`` gives up everything that the configuration does not name before the program runs. Each failure is an
OSError or LookupError with a text in Docker's words. Users and groups are looked up in the container's own
``/etc/passwd`` and ``/etc/group``, never through the host's NSS, and with no more rights than the container's root has.
"""

from __future__ import annotations

import errno
import os
import resource

from moyai.runtime.linux.shim import capabilities, safe_paths, syscalls
from moyai.runtime.linux.shim.launch_config import LaunchConfig

_MAX_TABLE_BYTES = 1024 * 1024
_MAX_ID = 2**32 - 2


class Account:
    """A user of the container's files."""

    def __init__(self, uid: int, gid: int, groups: list[int], home: str) -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home


def account(user: str) -> Account:
    """The account of ``user[:group]``, names or numbers. A number needs no entry. Raises LookupError for an unknown
    name.
    """
    name, _, group = user.partition(":")
    entry = next((line for line in _read_table("/etc/passwd", 7) if name in (line[0], line[2])), None)
    if entry is None and not name.isdecimal():
        raise LookupError(f"unable to find user {name}: no matching entries in passwd file")
    uid, gid, home = (_parse_id(entry[2]), _parse_id(entry[3]), entry[5]) if entry else (_parse_id(name), 0, "/")
    if group:
        return Account(uid, _group_id(group), [], home)
    groups = [_parse_id(line[2]) for line in _read_table("/etc/group", 4) if entry and entry[0] in line[3].split(",")]
    return Account(uid, gid, groups, home)


def _group_id(group: str) -> int:
    for line in _read_table("/etc/group", 4):
        if group in (line[0], line[2]):
            return _parse_id(line[2])
    if group.isdecimal():
        return _parse_id(group)
    raise LookupError(f"unable to find group {group}: no matching entries in group file")


def _parse_id(digits: str) -> int:
    number = int(digits)
    if number > _MAX_ID:
        raise LookupError(f"uids and gids must be in range 0-{_MAX_ID}: {digits}")
    return number


def _read_table(path: str, width: int) -> list[list[str]]:
    text = safe_paths.read(path, _MAX_TABLE_BYTES)
    if text is None:
        return []
    lines = text.decode("utf-8", "replace").split("\n")
    rows = (line.split(":") for line in lines if line.count(":") == width - 1)
    return [row for row in rows if row[2].isdecimal()]


def make_working_directory(config: LaunchConfig) -> None:
    """Make the working directory, as root."""
    os.close(safe_paths.open_inside(config.working_directory, directory=True))


def become(config: LaunchConfig) -> str:
    """Take on user, groups, capabilities, limits and working directory. Returns the user's home."""
    for kind, soft, hard in config.limits:
        resource.setrlimit(kind, (soft, hard))
    allowed = config.capabilities
    capabilities.limit_bounding_set(allowed)
    capabilities.set_effective(allowed)
    owner = account(config.user)
    capabilities.set_effective()
    for fd in (1, 2):
        os.fchown(fd, owner.uid, owner.gid)  # so that /dev/stdout can be opened by its owner
    if config.ambient:
        capabilities.keep_over_user_change()
    os.setgroups([*owner.groups, *config.groups])
    os.setgid(owner.gid)
    os.setuid(owner.uid)
    if config.ambient:
        capabilities.set_permitted(allowed, allowed)
        capabilities.raise_ambient(allowed)
    else:
        capabilities.set_permitted(allowed if owner.uid == 0 else (), ())
    syscalls.no_new_privileges()
    syscalls.filter_calls(config.seccomp_filter)
    os.umask(0o022)
    os.chdir(config.working_directory)
    return owner.home


def execute(arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    """Execute the program. Never returns; raises OSError in Docker's words."""
    name = arguments[0]
    if "/" in name:
        candidates = [name]
    else:
        candidates = [f"{directory}/{name}" for directory in environment.get("PATH", "").split(":") if directory]
    is_denied = False
    for candidate in candidates:
        try:
            os.execve(candidate, arguments, environment)  # noqa: S606 - this is what a container is for
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError:
            is_denied = True
        except OSError as error:
            raise OSError(error.errno, f'exec: "{name}": {str(error.strerror).lower()}') from error
    if is_denied:
        raise OSError(errno.EACCES, f'exec: "{name}": permission denied')
    if "/" in name:
        raise OSError(errno.ENOENT, f'exec: "{name}": stat {name}: no such file or directory')
    raise OSError(errno.ENOENT, f'exec: "{name}": executable file not found in $PATH')

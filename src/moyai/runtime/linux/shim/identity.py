"""The identity of a container's process: user, groups, capabilities, limits, directory; and then its program.

Promise: ``become`` gives up everything that the configuration does not name before the program runs. Each failure is an
OSError or LookupError with a text in Docker's words. Users and groups are looked up in the container's own
``/etc/passwd`` and ``/etc/group``, never through the host's NSS, and with no more rights than the container's root has.
"""

from __future__ import annotations

import errno
import os
import resource
import stat

from moyai.runtime.linux.shim import capabilities, safe_paths, syscalls, user_namespace
from moyai.runtime.linux.shim.launch_config import LaunchConfig

_NULL = os.makedev(1, 3)
_MAX_TABLE_BYTES = 1024 * 1024
_MAX_ID = 2**31 - 1
"""The largest id that Docker accepts."""
_COLUMNS = 7
"""The columns of /etc/passwd; /etc/group has fewer."""
_MAX_NUMBER_BYTES = 32
_CANNOT_EXECUTE = 1
"""The exit code of a process whose ``exec`` has failed."""


class Account:
    """A user of the container's files."""

    def __init__(self, uid: int, gid: int, groups: list[int], home: str) -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home


def account(user: str, max_id: int = _MAX_ID) -> Account:
    """The account of ``user[:group]``, names or numbers; an empty user is 0. As in Docker, a number is never a name and
    needs no entry, the primary group is among the groups, and an explicit group is the only one. Raises LookupError for
    an unknown name, and for an id above ``max_id``.
    """
    name, _, group = user.partition(":")
    name = name or "0"
    number = _parse_id(name)
    users = _read_table("/etc/passwd", 4)
    entry = next((row for row in users if (row[0] == name if number is None else int(row[2]) == number)), None)
    if entry is None and number is None:
        raise LookupError(f"unable to find user {name}: no matching entries in passwd file")
    uid, gid, home = (int(entry[2]), int(entry[3]), entry[5]) if entry else (number or 0, 0, "/")
    if group:
        groups = [gid := _group_id(group)]
    else:
        rows = _read_table("/etc/group", 3) if entry else []
        groups = [gid, *(int(row[2]) for row in rows if entry and entry[0] in row[3].split(","))]
    if beyond := [str(number) for number in (uid, *groups) if number > max_id]:
        raise LookupError(f"user {user}: uids and gids must be in range 0-{max_id}: {beyond[0]}")
    return Account(uid, gid, groups, home)


def container_account(config: LaunchConfig, users: int) -> Account:
    """The account of the container's user. ``users``: see ``become``. Raises LookupError."""
    return account(config.user, user_namespace.IDS - 1 if users >= 0 else _MAX_ID)


def _group_id(group: str) -> int:
    number = _parse_id(group)
    for row in _read_table("/etc/group", 3) if number is None else ():
        if row[0] == group:
            return int(row[2])
    if number is None:
        raise LookupError(f"unable to find group {group}: no matching entries in group file")
    return number


def _parse_id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def _read_table(path: str, columns: int) -> list[list[str]]:
    """The rows of a table that have these ``columns``, with numbers from the third of them on. Columns after these may
    be missing, and are empty then.
    """
    text = safe_paths.read(path, _MAX_TABLE_BYTES) or b""
    rows = [line.strip().split(":") for line in text.decode("utf-8", "replace").split("\n")]
    return [
        row + [""] * _COLUMNS
        for row in rows
        if len(row) >= columns and row[0][:1] != "#" and all(_parse_id(field) is not None for field in row[2:columns])
    ]


def make_working_directory(config: LaunchConfig) -> None:
    """Make the working directory, as root."""
    os.close(safe_paths.open_inside(config.working_directory, directory=True))


def become(config: LaunchConfig, users: int) -> str:
    """Take on user namespace, user, groups, capabilities, limits and working directory. Returns the user's home.

    ``users``: a descriptor of the user namespace; -1 = this machine's.
    """
    _limit_resources(config.limits)
    streams = _leave_null_device()
    if users >= 0:
        for fd in streams:
            os.fchown(fd, config.users, config.users)  # or else the namespace has no id for their owner
        user_namespace.enter(users)
    permitted = config.capabilities
    capabilities.limit_bounding_set(permitted)  # entering a user namespace has filled it
    capabilities.set_effective(permitted)
    owner = container_account(config, users)
    has_entered = _enter_directory(config.working_directory)
    capabilities.set_effective()
    for fd in streams:
        os.fchown(fd, owner.uid, owner.gid)  # so that /dev/stdout can be opened by its owner
    if config.no_new_privileges:
        syscalls.no_new_privileges()
    syscalls.filter_calls(config.seccomp_filter)
    if config.ambient:
        capabilities.keep_over_user_change()
    os.setgroups(list(dict.fromkeys((*owner.groups, *config.groups))))
    os.setgid(owner.gid)
    os.setuid(owner.uid)
    if config.ambient:
        capabilities.set_permitted(permitted, permitted)
        capabilities.raise_ambient(permitted)
    else:
        capabilities.set_permitted(permitted if owner.uid == 0 else (), ())
    os.umask(0o022)
    if not has_entered:
        os.chdir(config.working_directory)
    return owner.home


def _enter_directory(path: str) -> bool:
    """Change to a directory with the rights of the container's root: the user may lack them. False if root lacks them
    as well, and perhaps the user has them. Raises OSError.
    """
    try:
        directory = syscalls.openat2(
            -1, path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, syscalls.RESOLVE_NO_MAGICLINKS
        )
        try:
            os.fchdir(directory)
        finally:
            os.close(directory)
    except PermissionError:
        return False
    return True


def _limit_resources(limits: tuple[tuple[int, int, int], ...]) -> None:
    for kind, soft, hard in limits:
        try:
            resource.setrlimit(kind, (soft, hard))
        except (OSError, ValueError) as error:
            raise OSError(
                errno.EPERM,
                f"error setting rlimit {_limit_name(kind)} to {_limit_text(soft)} and {_limit_text(hard)} "
                f"(soft and hard): this machine allows at most {_largest_limit(kind, hard)}",
            ) from error


def _largest_limit(kind: int, refused: int) -> str:
    """The largest hard limit that this process can set, after one was refused."""
    if kind == resource.RLIMIT_NOFILE:
        most = int(safe_paths.read("/proc/sys/fs/nr_open", _MAX_NUMBER_BYTES) or 0)
        if not 0 <= refused <= most:
            return f"{most} (fs.nr_open)"
    return _limit_text(resource.getrlimit(kind)[1])


def _limit_text(value: int) -> str:
    return "unlimited" if value < 0 else str(value)


def _limit_name(kind: int) -> str:
    names = [name for name in dir(resource) if name[:7] == "RLIMIT_" and getattr(resource, name) == kind]
    return names[0][7:].lower() if names else str(kind)


def _leave_null_device() -> list[int]:
    """Use the container's /dev/null instead of this machine's, whose mode its root could change by a descriptor.

    Returns the descriptors of output and error that are something else, and so the container's own.
    """
    null_streams = [fd for fd in (0, 1, 2) if os.fstat(fd).st_rdev == _NULL]
    for fd in null_streams:
        null = syscalls.openat2(-1, "/dev/null", os.O_RDWR | os.O_CLOEXEC, syscalls.RESOLVE_NO_SYMLINKS)
        if os.fstat(null).st_rdev != _NULL:
            raise OSError(errno.ENODEV, "the container has replaced it", "/dev/null")
        os.dup2(null, fd)
        os.close(null)
    return [fd for fd in (1, 2) if fd not in null_streams]


def execute(arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    """Execute the program. Never returns; raises OSError in Docker's words if there is none that can be executed. If
    the kernel can't execute the file, the container says so on its standard error and ends, as with Docker.
    """
    program = _find_program(arguments[0], environment.get("PATH", ""))
    try:
        os.execve(program, arguments, environment)  # noqa: S606 - this is what a container is for
    except OSError as error:
        os.write(2, f"exec {program}: {str(error.strerror).lower()}\n".encode())
        os._exit(_CANNOT_EXECUTE)


def _find_program(name: str, path: str) -> str:
    """The path of a program. Raises OSError."""
    if "/" in name:
        if (fault := _fault_of(name)) is not None:
            reason = f"stat {name}: no such file or directory" if fault == errno.ENOENT else "permission denied"
            raise OSError(fault, f'exec: "{name}": {reason}')
        return name
    denied = ""
    for directory in path.split(":"):
        program = f"{directory or '.'}/{name}"
        fault = _fault_of(program)
        if fault == errno.EACCES:
            denied = denied or f"; permission denied: {program}"
        if fault is None:
            if not program.startswith("/"):
                raise OSError(
                    errno.ENOENT, f'exec: "{name}": cannot run executable found relative to current directory'
                )
            return program
    raise OSError(errno.ENOENT, f'exec: "{name}": executable file not found in $PATH{denied}')


def _fault_of(program: str) -> int | None:
    """The errno for a path if this process can't execute a program there: ENOENT or EACCES; None if it can."""
    try:
        mode = os.stat(program).st_mode  # noqa: PTH116 - no pathlib in a monitor
    except PermissionError:
        return errno.EACCES
    except OSError:
        return errno.ENOENT
    return None if stat.S_ISREG(mode) and os.access(program, os.X_OK, effective_ids=True) else errno.EACCES

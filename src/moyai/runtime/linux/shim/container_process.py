"""The steps by which the monitor's forked child becomes a process of the container.

Promise: each ``run_…`` function either executes a program or calls ``_exit``, and nothing of the monitor is passed to
that program. This process never loads code from the container's files, and other processes in the container can see
nothing of the host through it.
"""

from __future__ import annotations

import _socket
import errno
import fcntl
import os
import struct
import sys
import termios

from moyai.runtime.linux.shim import identity, reaper, root_filesystem, syscalls, user_namespace
from moyai.runtime.linux.shim.access_point import IdMaps
from moyai.runtime.linux.shim.entry import NOT_STARTED, EnteringChild
from moyai.runtime.linux.shim.launch_config import LaunchConfig
from moyai.runtime.linux.shim.shared_namespaces import SharedNamespaces
from moyai.runtime.linux.shim.standard_streams import TERMINAL, TIOCGPTPEER, StandardStreams

_CREATE, _START = "CannotCreateContainerError", "CannotStartContainerError"
_PTMX = os.makedev(5, 2)
_TIOCSPTLCK, _TIOCGPTN = 0x40045431, 0x80045430  # asm-generic/ioctls.h: unlock a terminal; get its number
_PTY_NUMBER = struct.Struct("I")
_NAMESPACES = (
    ("pid", syscalls.CLONE_NEWPID),
    ("uts", syscalls.CLONE_NEWUTS),
    ("ipc", syscalls.CLONE_NEWIPC),
    ("net", syscalls.CLONE_NEWNET),
    ("cgroup", syscalls.CLONE_NEWCGROUP),
    ("mnt", syscalls.CLONE_NEWNS),
)


def run_first_process(
    config: LaunchConfig, streams: StandardStreams, namespaces: SharedNamespaces, id_maps: IdMaps, child: EnteringChild
) -> None:
    """Become the container's first process. The reason of a failure is written to ``child.failure``. Never returns."""
    category = _CREATE
    try:
        syscalls.die_with_parent()
        streams.become_standard_streams()
        join_cgroups(config, child)
        users = user_namespace.open_namespace(config)
        namespaces.enter_pid_namespace()
        if config.networkless:
            root_filesystem.leave_networks()
        elif config.netns:
            syscalls.setns(os.open(config.netns, os.O_RDONLY | os.O_CLOEXEC), syscalls.CLONE_NEWNET)
        namespaces.enter_ipc()
        syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWCGROUP)
        syscalls.set_host_name(config.host_name)
        _disable_imports()
        root_filesystem.enter(config, users, id_maps, namespaces.memory, namespaces.proc)
        if streams.control >= 0:
            root_filesystem.show_console(_open_terminal(streams.control))
        category = _START
        identity.make_working_directory(config)
        root_filesystem.make_read_only(config)
        environment = _become_user(config, users)
        child.detach(fork=namespaces.has_other_processes)
        if streams.control >= 0:
            _make_controlling_terminal()
        if config.holds:
            reaper.pause(child.failure)
        if config.init:
            reaper.become_reaper(child.failure)
        identity.execute(config.arguments, environment)
    except (OSError, LookupError, ValueError) as error:
        os.write(child.failure, f"{category}: {describe(error)}".encode())
    finally:
        os._exit(NOT_STARTED)


def run_probe(
    config: LaunchConfig, namespaces: list[tuple[int, int]], arguments: tuple[str, ...], child: EnteringChild
) -> None:
    """Become a health check in a running container, without input and output. Never returns.

    ``namespaces``: descriptors of the namespaces to enter, with their kinds.
    """
    try:
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        for target in (0, 1, 2):
            os.dup2(null, target)
        users = user_namespace.open_namespace(config)
        _enter_namespaces(config, namespaces, child)
        environment = _become_user(config, users)
        child.detach(fork=True)
        identity.execute(arguments, environment)
    finally:
        os._exit(NOT_STARTED)


def run_exec_command(
    config: LaunchConfig, namespaces: list[tuple[int, int]], control: int, child: EnteringChild
) -> None:
    """Become the command of an exec session. The reason of a failure is written to ``child.failure``. Never returns.

    ``control``: the socket to which the other end of its terminal is sent; -1 = it keeps its standard streams.
    """
    try:
        users = user_namespace.open_namespace(config)
        _enter_namespaces(config, namespaces, child)
        if control >= 0:
            _open_terminal(control)
        environment = _become_user(config, users)
        child.detach(fork=True)
        if control >= 0:
            _make_controlling_terminal()
        identity.execute(config.arguments, environment)
    except AttributeError:  # the configuration was written by an earlier version and lacks a field
        os.write(child.failure, b"the container was started by a version of moyai that is too old to enter it")
    except (OSError, LookupError, ValueError) as error:
        os.write(child.failure, describe(error).encode())
    finally:
        os._exit(NOT_STARTED)


def open_namespaces(process: str) -> list[tuple[int, int]]:
    """Descriptors of a process's namespaces with their kinds, in the order in which they are entered.

    ``process``: its directory in ``/proc``. Raises OSError if it has ended.
    """
    return [(os.open(f"{process}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC), flag) for kind, flag in _NAMESPACES]


def enter_network(namespaces: list[tuple[int, int]]) -> None:
    """Enter only the network namespace of a container."""
    for fd, flag in namespaces:
        if flag == syscalls.CLONE_NEWNET:
            syscalls.setns(fd, flag)


def _enter_namespaces(config: LaunchConfig, namespaces: list[tuple[int, int]], child: EnteringChild) -> None:
    """Enter a running container. Only the children of this process will be in its PID namespace."""
    join_cgroups(config, child)
    _disable_imports()
    for fd, flag in namespaces:
        syscalls.setns(fd, flag)


def _disable_imports() -> None:
    """Stop Python from importing modules: from now on its library's paths lead to the container's files."""
    sys.meta_path.clear()


def _open_terminal(control: int) -> str:
    """Make a new terminal of the container the standard streams, and send its master end over the socket ``control``.
    Returns the terminal's path.
    """
    master = _open_terminal_master()
    fcntl.ioctl(master, _TIOCSPTLCK, b"\0" * 4)
    slave = fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    (number,) = _PTY_NUMBER.unpack(fcntl.ioctl(master, _TIOCGPTN, bytes(_PTY_NUMBER.size)))
    link = _socket.socket(fileno=os.dup(control))
    link.sendmsg([TERMINAL], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", master))])
    link.close()
    for target in (0, 1, 2):
        os.dup2(slave, target)
    return f"/dev/pts/{number}"


def _open_terminal_master() -> int:
    flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    resolve = syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_NO_MAGICLINKS
    master = syscalls.openat2(-1, "/dev/pts/ptmx", flags, resolve)
    if os.fstat(master).st_rdev != _PTMX:
        raise OSError(errno.ENOTTY, "the container has no terminals of its own")
    os.set_blocking(master, True)
    return master


def _make_controlling_terminal() -> None:
    """Make the terminal on standard input the controlling terminal of the session that this process leads."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _become_user(config: LaunchConfig, users: int) -> dict[str, str]:
    """Take on the user and rights of the configuration. Returns the environment of its program.

    ``users``: a descriptor of the container's user namespace; -1 = it has none.
    """
    home = identity.become(config, users)
    syscalls.default_signals()
    return {"HOME": home} | config.environment


def join_cgroups(config: LaunchConfig, child: EnteringChild) -> None:
    """Join the container's cgroups, and be as likely to be killed for lack of memory as any process."""
    for path in config.processes:
        if path != child.joined_file:
            with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
                file.write("0")
    write_kernel_file("/proc/self/oom_score_adj", "0")


def write_kernel_file(path: str, text: str) -> None:
    """Write to a file of the kernel, and ignore a refusal."""
    try:
        with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(text)
    except OSError:
        return


def describe(error: Exception) -> str:
    """The reason of an error, with the path that it is about."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    return str(error)

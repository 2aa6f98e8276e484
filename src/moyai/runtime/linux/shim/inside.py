"""On the container's side of a fork: from the keeper's child to a process of the container.

Promise: each function ends in another program or in ``_exit``; nothing of the keeper's goes with it. None of the
container's files becomes code of this process, and what is visible to others in the container is theirs already.
"""

from __future__ import annotations

import _socket
import errno
import fcntl
import os
import struct
import sys
import termios

from moyai.runtime.linux.shim import identity, reaper, root, syscalls
from moyai.runtime.linux.shim.entry import NOT_STARTED, Inner
from moyai.runtime.linux.shim.files import TERMINAL, TIOCGPTPEER, Files
from moyai.runtime.linux.shim.order import Order
from moyai.runtime.linux.shim.shared import Shared

_CREATE, _START = "CannotCreateContainerError", "CannotStartContainerError"
_PTMX = os.makedev(5, 2)
_TIOCSPTLCK, _TIOCGPTN = 0x40045431, 0x80045430  # asm-generic/ioctls.h: unlock it; its number
_NUMBER = struct.Struct("I")
_NAMESPACES = (
    ("pid", syscalls.CLONE_NEWPID),
    ("uts", syscalls.CLONE_NEWUTS),
    ("ipc", syscalls.CLONE_NEWIPC),
    ("net", syscalls.CLONE_NEWNET),
    ("cgroup", syscalls.CLONE_NEWCGROUP),
    ("mnt", syscalls.CLONE_NEWNS),
)


def first(order: Order, files: Files, shared: Shared, inner: Inner) -> None:
    """Become the container's first process; what hinders that is written to ``inner.failure``. Never returns."""
    category = _CREATE
    try:
        syscalls.die_with_parent()
        files.take()
        join_cgroups(order)
        shared.enter_processes()
        if order.networkless:
            root.leave_networks()
        elif order.netns:
            syscalls.setns(os.open(order.netns, os.O_RDONLY | os.O_CLOEXEC), syscalls.CLONE_NEWNET)
        shared.enter_ipc()
        syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWCGROUP)
        syscalls.set_host_name(order.host_name)
        _import_nothing_more()
        root.enter(order, shared.memory, shared.proc)
        if files.control >= 0:
            root.show_console(_open_terminal(files.control))
        category = _START
        identity.make_working_directory(order)
        environment = _become(order)
        inner.begin(fork=shared.others)
        if files.control >= 0:
            _control_terminal()
        if order.holds:
            reaper.hold(inner.failure)
        if order.init:
            reaper.become_reaper(inner.failure)
        identity.execute(order.arguments, environment)
    except (OSError, LookupError, ValueError) as error:
        os.write(inner.failure, f"{category}: {_text(error)}".encode())
    finally:
        os._exit(NOT_STARTED)


def another(order: Order, namespaces: list[tuple[int, int]], arguments: tuple[str, ...], inner: Inner) -> None:
    """Become one more process of a container that runs, without input and output. Never returns.

    ``namespaces``: descriptors of those to enter, with their kinds.
    """
    try:
        nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        for target in (0, 1, 2):
            os.dup2(nothing, target)
        _enter(order, namespaces)
        environment = _become(order)
        inner.begin(fork=True)
        identity.execute(arguments, environment)
    finally:
        os._exit(NOT_STARTED)


def visitor(order: Order, namespaces: list[tuple[int, int]], control: int, inner: Inner) -> None:
    """Become the command of a session; what hinders that is written to ``inner.failure``. Never returns.

    ``control``: where the other end of its terminal is sent; -1 = it keeps the files that it has.
    """
    try:
        _enter(order, namespaces)
        if control >= 0:
            _open_terminal(control)
        environment = _become(order)
        inner.begin(fork=True)
        if control >= 0:
            _control_terminal()
        identity.execute(order.arguments, environment)
    except AttributeError:  # the order is an earlier version's, which lacks what this one needs
        os.write(inner.failure, b"the container was started by a version of moyai that is too old to enter it")
    except (OSError, LookupError, ValueError) as error:
        os.write(inner.failure, _text(error).encode())
    finally:
        os._exit(NOT_STARTED)


def namespaces(process: str) -> list[tuple[int, int]]:
    """Descriptors of a process's namespaces with their kinds, in the order in which they are entered; ``process``: its
    directory in ``/proc``. OSError when it has ended.
    """
    return [(os.open(f"{process}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC), flag) for kind, flag in _NAMESPACES]


def enter_network(namespaces: list[tuple[int, int]]) -> None:
    """Step into a container's network alone."""
    for fd, flag in namespaces:
        if flag == syscalls.CLONE_NEWNET:
            syscalls.setns(fd, flag)


def _enter(order: Order, namespaces: list[tuple[int, int]]) -> None:
    """Step into a container that runs; into its process namespace, the children of this process do."""
    join_cgroups(order)
    _import_nothing_more()
    for fd, flag in namespaces:
        syscalls.setns(fd, flag)


def _import_nothing_more() -> None:
    """From here on the library's directories are the container's."""
    sys.meta_path.clear()


def _open_terminal(control: int) -> str:
    """Have a terminal of the container's own as standard files, and send its other end away; its path."""
    master = _open_ptmx()
    fcntl.ioctl(master, _TIOCSPTLCK, b"\0" * 4)
    slave = fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    (number,) = _NUMBER.unpack(fcntl.ioctl(master, _TIOCGPTN, bytes(_NUMBER.size)))
    link = _socket.socket(fileno=os.dup(control))
    link.sendmsg([TERMINAL], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", master))])
    link.close()
    for target in (0, 1, 2):
        os.dup2(slave, target)
    return f"/dev/pts/{number}"


def _open_ptmx() -> int:
    flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    resolve = syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_NO_MAGICLINKS
    master = syscalls.openat2(-1, "/dev/pts/ptmx", flags, resolve)
    if os.fstat(master).st_rdev != _PTMX:
        raise OSError(errno.ENOTTY, "the container has no terminals of its own")
    os.set_blocking(master, True)
    return master


def _control_terminal() -> None:
    """Have the terminal on standard input as that of this session, which this process leads."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _become(order: Order) -> dict[str, str]:
    """Become who the order says; the environment that it has then."""
    home = identity.become(order)
    syscalls.default_signals()
    return {"HOME": home} | order.environment


def join_cgroups(order: Order) -> None:
    """Be bounded, and killed for want of memory, as the container is."""
    for path in order.processes:
        with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
            file.write("0")
    write("/proc/self/oom_score_adj", "0")


def write(path: str, text: str) -> None:
    """Write a kernel file; a kernel that refuses is left as it is."""
    try:
        with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(text)
    except OSError:
        return


def _text(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    return str(error)

"""On the container's side of a fork: from the keeper's child to a process of the container.

Promise: each function ends in another program or in ``_exit``; nothing of the keeper's goes with it.
"""

from __future__ import annotations

import _socket
import errno
import fcntl
import os
import select
import struct
import termios

from moyai.runtime.linux.shim import identity, reaper, root, syscalls
from moyai.runtime.linux.shim.files import TERMINAL, TIOCGPTPEER, Files
from moyai.runtime.linux.shim.order import Order
from moyai.runtime.linux.shim.shared import Shared

_CREATE, _START = "CannotCreateContainerError", "CannotStartContainerError"
_NOT_STARTED = 127
_PTMX = os.makedev(5, 2)
_TIOCSPTLCK = 0x40045431  # asm-generic/ioctls.h: unlock it


def first(order: Order, files: Files, shared: Shared, failure: int) -> None:
    """Become the container's first process; what hinders that is written to ``failure``. Never returns."""
    category = _CREATE
    try:
        syscalls.die_with_parent()
        files.take()
        join_cgroups(order)
        if order.networkless:
            root.leave_networks()
        elif order.netns:
            syscalls.setns(os.open(order.netns, os.O_RDONLY | os.O_CLOEXEC), syscalls.CLONE_NEWNET)
        memory = shared.enter_ipc()
        syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWCGROUP)
        syscalls.set_host_name(order.host_name)
        root.enter(order, memory)
        if files.control >= 0:
            os.setsid()
            _take_terminal(files.control)
            root.show_console(os.ttyname(0))
        category = _START
        environment = become(order)
        _end_without_parent(failure)
        if order.holds:
            reaper.hold()
        if order.init:
            reaper.become_reaper(failure)
        identity.execute(order.arguments, environment)
    except (OSError, LookupError, ValueError) as error:
        os.write(failure, f"{category}: {_text(error)}".encode())
    finally:
        os._exit(_NOT_STARTED)


def another(order: Order, namespaces: list[tuple[int, int]], arguments: tuple[str, ...]) -> None:
    """Become one more process of a container that runs, without input and output. Never returns.

    ``namespaces``: descriptors of those to enter, with their kinds.
    """
    try:
        nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        for target in (0, 1, 2):
            os.dup2(nothing, target)
        enter(order, namespaces)
        identity.execute(arguments, become(order))
    finally:
        os._exit(_NOT_STARTED)


def visitor(order: Order, namespaces: list[tuple[int, int]], control: int, failure: int) -> None:
    """Become the command of a session; what hinders that is written to ``failure``. Never returns.

    ``control``: where the other end of its terminal is sent; -1 = it keeps the files that it has.
    """
    try:
        os.setsid()
        enter(order, namespaces)
        if control >= 0:
            _take_terminal(control)
        environment = become(order)
        _end_without_parent(failure)
        identity.execute(order.arguments, environment)
    except (OSError, LookupError, ValueError) as error:
        os.write(failure, _text(error).encode())
    finally:
        os._exit(_NOT_STARTED)


def namespaces(process: str, kinds: tuple[tuple[str, int], ...]) -> list[tuple[int, int]]:
    """Descriptors of a process's namespaces; ``process``: its directory in ``/proc``. OSError when it has ended."""
    return [(os.open(f"{process}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC), flag) for kind, flag in kinds]


def enter(order: Order, namespaces: list[tuple[int, int]]) -> None:
    """Step into a container that runs."""
    join_cgroups(order)
    syscalls.close_to_others()  # it still has its parent's files open, and will be who the container is
    for fd, flag in namespaces:
        syscalls.setns(fd, flag)


def enter_network(namespaces: list[tuple[int, int]]) -> None:
    """Step into a container's network alone."""
    for fd, flag in namespaces:
        if flag == syscalls.CLONE_NEWNET:
            syscalls.setns(fd, flag)


def _take_terminal(control: int) -> None:
    """Have a terminal of the container's own, and send its other end away."""
    master = os.open("/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    if os.fstat(master).st_rdev != _PTMX:
        raise OSError(errno.ENOTTY, "the container has no terminals of its own")
    fcntl.ioctl(master, _TIOCSPTLCK, b"\0" * 4)
    slave = fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    link = _socket.socket(fileno=os.dup(control))
    link.sendmsg([TERMINAL], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", master))])
    link.close()
    for target in (0, 1, 2):
        os.dup2(slave, target)


def become(order: Order) -> dict[str, str]:
    """Become who the order says; the environment that it has then."""
    who = identity.account(order.user)
    identity.become(order, who)
    syscalls.default_signals()
    return {"HOME": who.home} | order.environment


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


def _end_without_parent(pipe: int) -> None:
    """End if the keeper, who has the other end of this pipe, died before its death could be noticed."""
    check = select.poll()
    check.register(pipe, 0)
    if check.poll(0):
        os._exit(_NOT_STARTED)


def _text(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    return str(error)

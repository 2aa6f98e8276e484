"""What a container's first process reads and writes: two pipes, or one terminal; and the keeper's ends of it.

Promise: an input that is open stays so, and silent, until the keeper ends. On a terminal the keeper stays too: a
container that lets go of it and takes it again loses nothing, and isn't hung up on.
"""

from __future__ import annotations

import _socket
import fcntl
import os
import struct

from moyai.runtime.linux.shim.order import Order

TERMINAL = b"terminal"
"""What comes with a terminal's other end."""
TIOCGPTPEER = 0x5441
"""asm-generic/ioctls.h: the peer of this very terminal."""


class Files:
    """Made before the fork; each side then uses its own methods. Everything is closed by an ``exec``."""

    def __init__(self, order: Order) -> None:
        self.control = -1
        """Where the terminal's other end is sent, on the container's side; -1 = there is no terminal."""
        self._link: _socket.socket | None = None
        self._theirs: _socket.socket | None = None
        self._held = -1
        if order.terminal:
            self._link, self._theirs = _socket.socketpair()
            self.control = self._theirs.fileno()
            return
        self._input = os.pipe() if order.interactive else None
        self._pipes = (os.pipe(), os.pipe())

    def take(self) -> None:
        """Have them as standard input, output and error; those of a terminal come later."""
        nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        ends = (nothing, nothing, nothing)
        if self._theirs is None:
            ends = (nothing if self._input is None else self._input[0], self._pipes[0][1], self._pipes[1][1])
        for fd, target in zip(ends, (0, 1, 2), strict=True):
            os.dup2(fd, target)

    def keep(self) -> None:
        """Let go of what is the container's."""
        if self._theirs is not None:
            self._theirs.close()
            return
        for fd in (*(pipe[1] for pipe in self._pipes), *(() if self._input is None else self._input[:1])):
            os.close(fd)

    def outputs(self) -> tuple[tuple[str, int], ...]:
        """What the container writes, once it runs: (stream, descriptor)."""
        if self._link is None:
            return ("stdout", self._pipes[0][0]), ("stderr", self._pipes[1][0])
        _, sent, _, _ = self._link.recvmsg(
            len(TERMINAL), _socket.CMSG_SPACE(struct.calcsize("i")), _socket.MSG_CMSG_CLOEXEC
        )
        self._link.close()
        if not sent:  # it was killed before
            return ()
        (master,) = struct.unpack("i", sent[0][2])
        self._held = fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        return (("stdout", master),)

    def end(self) -> None:
        """The container has ended: what it wrote has an end now."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

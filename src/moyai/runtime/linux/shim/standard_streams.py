"""The standard streams of a container's first process, two pipes or one terminal, and the monitor's ends of them.

Promise: an open standard input stays open, and silent, until the monitor ends. The monitor keeps a terminal open, too:
a container that closes it and opens it again loses no output and gets no SIGHUP.
"""

from __future__ import annotations

import _socket
import fcntl
import os
import struct

from moyai.runtime.linux.shim.launch_config import LaunchConfig

TERMINAL = b"terminal"
"""The message that carries a terminal's other end."""
TIOCGPTPEER = 0x5441
"""asm-generic/ioctls.h: the peer of this very terminal."""


class StandardStreams:
    """The streams, made before the fork; each side then uses its own methods. An ``exec`` closes all descriptors."""

    def __init__(self, config: LaunchConfig) -> None:
        self.control = -1
        """The container's socket for sending the terminal's other end; -1 = there is no terminal."""
        self._link: _socket.socket | None = None
        self._container_link: _socket.socket | None = None
        self._terminal = -1
        if config.terminal:
            self._link, self._container_link = _socket.socketpair()
            self.control = self._container_link.fileno()
            return
        self._input = os.pipe() if config.interactive else None
        self._pipes = (os.pipe(), os.pipe())

    def become_standard_streams(self) -> None:
        """In the container: use the pipes as standard input, output and error. A terminal is opened later."""
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        ends = (null, null, null)
        if self._container_link is None:
            ends = (null if self._input is None else self._input[0], self._pipes[0][1], self._pipes[1][1])
        for fd, target in zip(ends, (0, 1, 2), strict=True):
            os.dup2(fd, target)

    def close_container_ends(self) -> None:
        """In the monitor: close the container's ends."""
        if self._container_link is not None:
            self._container_link.close()
            return
        for fd in (*(pipe[1] for pipe in self._pipes), *(() if self._input is None else self._input[:1])):
            os.close(fd)

    def outputs(self) -> tuple[tuple[str, int], ...]:
        """In the monitor, once the container runs: (name, descriptor) of each stream that the container writes."""
        if self._link is None:
            return ("stdout", self._pipes[0][0]), ("stderr", self._pipes[1][0])
        _, control_messages, _, _ = self._link.recvmsg(
            len(TERMINAL), _socket.CMSG_SPACE(struct.calcsize("i")), _socket.MSG_CMSG_CLOEXEC
        )
        self._link.close()
        if not control_messages:  # the container was killed before it sent one
            return ()
        (master,) = struct.unpack("i", control_messages[0][2])
        self._terminal = fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        return (("stdout", master),)

    def end(self) -> None:
        """In the monitor, after the container's end: let the terminal's output end."""
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1
